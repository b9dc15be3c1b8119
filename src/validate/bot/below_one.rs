//! A limit of zero: it would stop every visitor, or never match.

use crate::finding::{Code, Severity, Spanned};
use crate::policy::Policy;
use crate::printable::backquoted;
use crate::validate::sink::Sink;

pub static CODE: Code = Code {
    id: "CW3101",
    name: "below-one",
    severity: Severity::Error,
    summary: "`rateLimitPerMinute`, `threshold` and `windowSeconds` are at least 1.",
    why: "A limit of zero stops every visitor, or never matches: which of the two is the tenant's choice. \
        Neither protects a chat.",
    example: "botDetection: { rateLimitPerMinute: 0 }",
    fixed: "botDetection: { rateLimitPerMinute: 12 }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let bots = &policy.spec.bot_detection;
    at_least_one(&bots.rate_limit_per_minute, "`rateLimitPerMinute`", sink);
    for rule in &bots.rules {
        for (value, key) in [(&rule.threshold, "threshold"), (&rule.window_seconds, "windowSeconds")] {
            if let Some(value) = value {
                at_least_one(value, &format!("`{key}` of the rule {}", backquoted(&rule.name)), sink);
            }
        }
    }
}

fn at_least_one(value: &Spanned<u32>, what: &str, sink: &mut Sink) {
    if value.value < 1 {
        sink.report(&CODE, value.span, format!("{what} is 0, and at least 1 is needed"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::BotRule;
    use crate::validate::testing::{bot_rule, changed, placed, texts};

    fn with(rate: u32, threshold: u32, window: u32) -> Policy {
        changed(|spec| {
            spec.bot_detection.rate_limit_per_minute = placed(rate);
            let rule = bot_rule("fast");
            let rule =
                BotRule { threshold: Some(placed(threshold)), window_seconds: Some(placed(window)), ..rule };
            spec.bot_detection.rules = vec![rule, bot_rule("headless")];
        })
    }

    #[test]
    fn every_limit_is_at_least_one() {
        assert_eq!(texts(&CODE, &with(1, 1, 1)), [""; 0]);
        assert_eq!(texts(&CODE, &with(0, 1, 1)), ["`rateLimitPerMinute` is 0, and at least 1 is needed"]);
        assert_eq!(
            texts(&CODE, &with(1, 0, 0)),
            [
                "`threshold` of the rule `fast` is 0, and at least 1 is needed",
                "`windowSeconds` of the rule `fast` is 0, and at least 1 is needed",
            ]
        );
    }
}
