//! XSS protection without a rule. A tenant may filter something of its own accord, so it is no more than a note.

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::validate::sink::Sink;

pub static CODE: Code = Code {
    id: "CW3005",
    name: "no-filter-rules",
    severity: Severity::Info,
    summary: "XSS protection is on, but the policy names no rule.",
    why: "XSS protection is on, but the policy names no rule. What is filtered then is up to the tenant, \
        and changes with it.",
    example: "xssRules: { enabled: true }",
    fixed: "xssRules: { rules: [strip-script-tags] }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let xss = &policy.spec.xss_rules;
    if xss.enabled && xss.rules.is_empty() {
        let help = "name rules under `spec.xssRules.rules`, such as `strip-script-tags`";
        sink.report_with_help(&CODE, sink.policy(), "XSS protection is on without a rule", help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, texts};

    #[test]
    fn no_rule_is_told_while_it_is_on() {
        let with = |enabled| {
            changed(|spec| {
                spec.xss_rules.enabled = enabled;
                spec.xss_rules.rules.clear();
            })
        };
        assert_eq!(texts(&CODE, &with(true)), ["XSS protection is on without a rule"]);
        assert_eq!(texts(&CODE, &with(false)), [""; 0]);
        assert_eq!(texts(&CODE, &changed(|_| {})), [""; 0]);
    }
}
