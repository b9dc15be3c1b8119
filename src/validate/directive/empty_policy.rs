//! A header without a single directive.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2017",
    name: "empty-policy",
    severity: Severity::Warning,
    summary: "A header without directives restricts nothing.",
    why: "A header without directives is legal and restricts nothing. It looks as if there was a \
        policy where there is none.",
    example: ";",
    fixed: "default-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if subject.directives.0.is_empty() {
        let help = "write `default-src 'self'`, or leave the header out";
        sink.report_with_help(&CODE, sink.policy(), "the policy has no directives", help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_header_texts;

    #[test]
    fn nothing_restricts_nothing() {
        let cases: &[(&str, &[&str])] = &[(" ; ", &["the policy has no directives"]), ("sandbox", &[])];
        assert_header_texts(&CODE, cases);
    }
}
