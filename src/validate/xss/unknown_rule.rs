//! A filter rule that is not among the documented ones. A tenant may know more, so it is no error.

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::printable::backquoted;
use crate::suggest::did_you_mean;
use crate::validate::sink::Sink;

/// The filter rules that are documented.
pub const FILTER_RULES: &[&str] = &["strip-script-tags", "sanitize-event-handlers", "block-script-uris"];

pub static CODE: Code = Code {
    id: "CW3002",
    name: "unknown-filter-rule",
    severity: Severity::Warning,
    summary: "The documented rules are strip-script-tags, sanitize-event-handlers and block-script-uris.",
    why: "A rule that the tenant does not know filters nothing, although the policy reads as if it did. A \
        tenant may know more rules than are documented, so this is no error.",
    example: "xssRules: { rules: [strip-script-tag] }",
    fixed: "xssRules: { rules: [strip-script-tags] }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    for rule in &policy.spec.xss_rules.rules {
        if !FILTER_RULES.contains(&rule.as_str()) {
            let help = did_you_mean(rule, FILTER_RULES.iter().copied(), || {
                format!("the documented ones are {}", FILTER_RULES.join(", "))
            });
            let text = format!("no documented XSS rule is named {}", backquoted(rule));
            sink.report_with_help(&CODE, rule.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, help, placed, texts};

    #[test]
    fn a_rule_is_a_documented_one() {
        let known =
            changed(|spec| spec.xss_rules.rules = FILTER_RULES.iter().map(|rule| placed(*rule)).collect());
        assert_eq!(texts(&CODE, &known), [""; 0]);
        let unknown = changed(|spec| spec.xss_rules.rules = vec![placed("strip-script-tag")]);
        assert_eq!(texts(&CODE, &unknown), ["no documented XSS rule is named `strip-script-tag`"]);
        assert_eq!(help(&CODE, &unknown), "did you mean `strip-script-tags`?");
    }
}
