//! The name of a directive in the value of another one.

use crate::finding::{Code, Severity};
use crate::validate::reading::Read;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2012",
    name: "missing-semicolon",
    severity: Severity::Error,
    summary: "Without a `;` before it a directive's name is one more word in the value of the directive before.",
    why: "A semicolon ends a directive. Where it is missing, the next directive's name and all its \
        sources are read as sources of the one before. So one directive is missing, and another \
        allows more than it should.",
    example: "default-src 'self' script-src 'self'",
    fixed: "default-src 'self'; script-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.known() {
        for word in &reading.words {
            let Read::Directive(name) = word.read else { continue };
            let text = format!("`{name}` stands in the value of `{}`", reading.info.name);
            let help = if subject.is_header() { "put a `;` before it" } else { "give it a key of its own" };
            sink.report_with_help(&CODE, word.written.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_name_begins_a_directive() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["default-src 'self' script-src 'self'"],
                &["`script-src` stands in the value of `default-src`"],
            ),
            (
                &["upgrade-insecure-requests frame-ancestors 'self'"],
                &["`frame-ancestors` stands in the value of `upgrade-insecure-requests`"],
            ),
            (&["report-uri /csp img-src: 'self'"], &["`img-src` stands in the value of `report-uri`"]),
            (&["report-to img-src", "img-src sandbox.example script-src.example"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
