//! Two bot rules of one name.

use std::collections::HashSet;

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::printable::backquoted;
use crate::validate::sink::Sink;

pub static CODE: Code = Code {
    id: "CW3102",
    name: "duplicate-bot-rule",
    severity: Severity::Warning,
    summary: "Which of two bot rules of one name counts is the tenant's choice.",
    why: "Two rules of one name contradict each other as soon as one of them is changed. Which of them \
        counts is the tenant's choice.",
    example: "botDetection: { rules: [{ name: fast, threshold: 5 }, { name: fast, threshold: 9 }] }",
    fixed: "botDetection: { rules: [{ name: fast, threshold: 5 }] }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let mut seen = HashSet::new();
    for rule in &policy.spec.bot_detection.rules {
        if !seen.insert(rule.name.as_str()) {
            sink.report(&CODE, rule.name.span, format!("two bot rules are named {}", backquoted(&rule.name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{bot_rule, changed, texts};

    #[test]
    fn a_name_is_given_once() {
        let with = |names: &[&str]| {
            changed(|spec| spec.bot_detection.rules = names.iter().map(|name| bot_rule(name)).collect())
        };
        assert_eq!(texts(&CODE, &with(&["fast", "headless"])), [""; 0]);
        assert_eq!(texts(&CODE, &with(&["fast", "headless", "fast"])), ["two bot rules are named `fast`"]);
    }
}
