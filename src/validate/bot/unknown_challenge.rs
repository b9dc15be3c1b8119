//! A challenge that is not among the documented ones. A tenant may know more, so it is no error.

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::printable::backquoted;
use crate::suggest::did_you_mean;
use crate::validate::sink::Sink;

/// The challenges that are documented.
pub const CHALLENGE_TYPES: &[&str] = &["hCaptcha", "reCaptcha", "turnstile"];

pub static CODE: Code = Code {
    id: "CW3103",
    name: "unknown-challenge-type",
    severity: Severity::Warning,
    summary: "The documented challenges are hCaptcha, reCaptcha and turnstile.",
    why: "A challenge that the tenant does not know may be refused, or never be shown. A tenant may know \
        more than the documented ones, so this is no error.",
    example: "botDetection: { challengeType: hcaptcha }",
    fixed: "botDetection: { challengeType: hCaptcha }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let challenge = &policy.spec.bot_detection.challenge_type;
    if !CHALLENGE_TYPES.contains(&challenge.as_str()) {
        let help = did_you_mean(challenge, CHALLENGE_TYPES.iter().copied(), || {
            format!("the documented ones are {}", CHALLENGE_TYPES.join(", "))
        });
        let text = format!("no documented challenge is named {}", backquoted(challenge));
        sink.report_with_help(&CODE, challenge.span, text, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, help, placed, texts};

    #[test]
    fn a_challenge_is_a_documented_one() {
        let with = |challenge: &str| changed(|spec| spec.bot_detection.challenge_type = placed(challenge));
        for challenge in CHALLENGE_TYPES {
            assert_eq!(texts(&CODE, &with(challenge)), [""; 0]);
        }
        assert_eq!(texts(&CODE, &with("hcaptcha")), ["no documented challenge is named `hcaptcha`"]);
        assert_eq!(help(&CODE, &with("hcaptcha")), "did you mean `hCaptcha`?");
    }
}
