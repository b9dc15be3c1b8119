//! A directive that some targeted browser has dropped.

use super::listed;
use crate::csp::support::Lack;
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2203",
    name: "removed-directive",
    severity: Severity::Warning,
    summary: "Some browser that the policy must work in does not have the directive any more.",
    why: "A browser that the policy must work in has dropped the directive. There it does nothing, \
        so it must not be relied on.",
    example: "block-all-mixed-content",
    fixed: "upgrade-insecure-requests",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.known() {
        let Some(row) = reading.support else { continue };
        if let Some(browsers) = listed(row, subject.targets, Lack::Removed) {
            let text = format!("`{}` is gone from {browsers}", reading.info.name);
            sink.report_with_help(&CODE, reading.written.name.span, text, "leave it out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn what_a_browser_dropped_is_told() {
        let text = "`block-all-mixed-content` is gone from Firefox 122 and later";
        assert_texts(
            &CODE,
            &[(&["block-all-mixed-content = true"], &[text]), (&["upgrade-insecure-requests = true"], &[])],
        );
    }
}
