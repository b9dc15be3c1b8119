//! More bot rules than the platform takes.

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::validate::sink::Sink;

/// How many bot rules a policy may have.
pub const MAX_BOT_RULES: usize = 10;

pub static CODE: Code = Code {
    id: "CW2403",
    name: "too-many-bot-rules",
    severity: Severity::Error,
    summary: "The platform takes at most 10 bot rules.",
    why: "The platform takes at most 10 bot rules, and refuses a policy with more. Every rule is looked at \
        for every message.",
    example: "botDetection: { rules: [{ name: a }, { name: b }, { name: c }, { name: d }, { name: e }, { \
        name: f }, { name: g }, { name: h }, { name: i }, { name: j }, { name: k }] }",
    fixed: "botDetection: { rules: [{ name: a }, { name: b }, { name: c }] }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let rules = &policy.spec.bot_detection.rules;
    if let Some(first_too_many) = rules.get(MAX_BOT_RULES) {
        let text = format!("{} bot rules, and at most {MAX_BOT_RULES} are taken", rules.len());
        sink.report(&CODE, first_too_many.name.span, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{bot_rule, changed, texts};

    #[test]
    fn ten_rules_are_taken() {
        let with = |count: usize| {
            changed(|spec| {
                spec.bot_detection.rules = (0..count).map(|n| bot_rule(&format!("rule-{n}"))).collect()
            })
        };
        assert_eq!(texts(&CODE, &with(10)), [""; 0]);
        assert_eq!(texts(&CODE, &with(12)), ["12 bot rules, and at most 10 are taken"]);
    }
}
