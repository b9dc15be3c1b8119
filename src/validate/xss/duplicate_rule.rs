//! A filter rule that is written twice.

use std::collections::HashSet;

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::printable::backquoted;
use crate::validate::sink::Sink;

pub static CODE: Code = Code {
    id: "CW3003",
    name: "duplicate-filter-rule",
    severity: Severity::Warning,
    summary: "A filter rule that is written twice filters no more than once.",
    why: "A rule that is written twice filters no more than once. Whoever removes one of the two later \
        believes that the filter is off.",
    example: "xssRules: { rules: [strip-script-tags, strip-script-tags] }",
    fixed: "xssRules: { rules: [strip-script-tags] }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let mut seen = HashSet::new();
    for rule in &policy.spec.xss_rules.rules {
        if !seen.insert(rule.as_str()) {
            sink.report(&CODE, rule.span, format!("the XSS rule {} is written twice", backquoted(rule)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, placed, texts};

    #[test]
    fn a_rule_is_written_once() {
        let with = |rules: &[&str]| {
            changed(|spec| spec.xss_rules.rules = rules.iter().map(|r| placed(*r)).collect())
        };
        assert_eq!(texts(&CODE, &with(&["strip-script-tags", "block-script-uris"])), [""; 0]);
        let twice = with(&["strip-script-tags", "strip-script-tags"]);
        assert_eq!(texts(&CODE, &twice), ["the XSS rule `strip-script-tags` is written twice"]);
    }
}
