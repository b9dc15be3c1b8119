//! A mode that is not among the documented ones. A tenant may know more, so it is no error.

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::printable::backquoted;
use crate::suggest::did_you_mean;
use crate::validate::sink::Sink;

/// The modes that are documented.
pub const MODES: &[&str] = &["block", "sanitize", "report"];

pub static CODE: Code = Code {
    id: "CW3001",
    name: "unknown-xss-mode",
    severity: Severity::Warning,
    summary: "The documented modes are block, sanitize and report.",
    why: "The mode decides what happens to a message that a rule matches. A word that is not documented may \
        be refused by the tenant, or be taken for its weakest mode.",
    example: "xssRules: { mode: blok }",
    fixed: "xssRules: { mode: block }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let mode = &policy.spec.xss_rules.mode;
    if !MODES.contains(&mode.as_str()) {
        let help = did_you_mean(mode, MODES.iter().copied(), || {
            format!("the documented ones are {}", MODES.join(", "))
        });
        sink.report_with_help(
            &CODE,
            mode.span,
            format!("no documented XSS mode is named {}", backquoted(mode)),
            help,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, help, placed, texts};

    #[test]
    fn a_mode_is_a_documented_one() {
        let with = |mode: &str| changed(|spec| spec.xss_rules.mode = placed(mode));
        for mode in MODES {
            assert_eq!(texts(&CODE, &with(mode)), [""; 0]);
        }
        assert_eq!(texts(&CODE, &with("blok")), ["no documented XSS mode is named `blok`"]);
        assert_eq!(help(&CODE, &with("Block")), "did you mean `block`?");
        assert_eq!(help(&CODE, &with("drop")), "the documented ones are block, sanitize, report");
    }
}
