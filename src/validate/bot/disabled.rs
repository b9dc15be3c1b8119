//! Bot detection switched off.

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::validate::sink::Sink;

pub static CODE: Code = Code {
    id: "CW3104",
    name: "bot-detection-disabled",
    severity: Severity::Warning,
    summary: "With bot detection off no challenge is ever shown.",
    why: "With bot detection switched off no rule is looked at and no challenge is ever shown. One script \
        can then fill every agent's queue.",
    example: "botDetection: { enabled: false }",
    fixed: "botDetection: { rateLimitPerMinute: 12 }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    if !policy.spec.bot_detection.enabled {
        let help = "set `spec.botDetection.enabled` to true";
        sink.report_with_help(&CODE, sink.policy(), "bot detection is switched off", help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, texts};

    #[test]
    fn switched_off_is_told() {
        let with = |enabled| changed(|spec| spec.bot_detection.enabled = enabled);
        assert_eq!(texts(&CODE, &with(true)), [""; 0]);
        assert_eq!(texts(&CODE, &with(false)), ["bot detection is switched off"]);
    }
}
