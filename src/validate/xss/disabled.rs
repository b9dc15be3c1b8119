//! XSS protection switched off.

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::validate::sink::Sink;

pub static CODE: Code = Code {
    id: "CW3004",
    name: "xss-disabled",
    severity: Severity::Warning,
    summary: "With XSS protection off no message is filtered.",
    why: "With XSS protection switched off, messages reach the agent and the visitor as they were typed, \
        markup included. Mode `report` lets you look on without changing a message.",
    example: "xssRules: { enabled: false }",
    fixed: "xssRules: { mode: report, rules: [strip-script-tags] }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    if !policy.spec.xss_rules.enabled {
        let help = "set `spec.xssRules.enabled` to true; mode `report` looks on without changing a message";
        sink.report_with_help(&CODE, sink.policy(), "XSS protection is switched off", help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, texts};

    #[test]
    fn switched_off_is_told() {
        let with = |enabled| changed(|spec| spec.xss_rules.enabled = enabled);
        assert_eq!(texts(&CODE, &with(true)), [""; 0]);
        assert_eq!(texts(&CODE, &with(false)), ["XSS protection is switched off"]);
    }
}
