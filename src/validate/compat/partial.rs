//! A directive that some targeted browser reads, and does not obey in full.

use super::listed;
use crate::csp::support::Lack;
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2204",
    name: "partial-support",
    severity: Severity::Warning,
    summary: "Some browser that the policy must work in has the directive only in part.",
    why: "A browser that the policy must work in reads the directive and does not obey it in full. \
        What the policy says holds in other browsers alone.",
    example: "spec:\n  targetBrowsers: { safari: 16 }\n  cspDirectives: { style-src-elem: \"'self'\" }",
    fixed: "spec:\n  targetBrowsers: { safari: 16 }\n  cspDirectives: { style-src: \"'self'\" }",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.known() {
        let Some(row) = reading.support else { continue };
        if let Some(browsers) = listed(row, subject.targets, Lack::Partial) {
            let text = format!("`{}` works only in part in {browsers}", reading.info.name);
            let help = "see that the policy serves those browsers without it, or raise `spec.targetBrowsers`";
            sink.report_with_help(&CODE, reading.written.name.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csp::Version;
    use crate::validate::testing::{policy, texts};

    #[test]
    fn what_works_in_part_is_told() {
        let mut policy = policy(&["style-src-elem 'self'", "style-src 'self'"]);
        assert_eq!(texts(&CODE, &policy), [""; 0], "Safari 15 doesn't have it at all");
        policy.spec.target_browsers.safari = Version::new(16, 0);
        assert_eq!(texts(&CODE, &policy), ["`style-src-elem` works only in part in Safari 16 to 26.1"]);
    }
}
