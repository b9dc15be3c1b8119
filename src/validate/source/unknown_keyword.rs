//! A word in single quotes that resembles no keyword. A browser newer than this table may know it, so it is no error.

use super::misspelt_keyword::{is_unknown, meant};
use crate::csp;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2104",
    name: "unknown-keyword",
    severity: Severity::Warning,
    summary: "Browsers ignore a keyword that they don't know.",
    why: "Browsers ignore a keyword that they don't know. It may be one that is newer than this check; then \
        old browsers ignore it, and the policy has to hold without it.",
    example: "script-src 'self' 'allow-everything'",
    fixed: "script-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for (directive, _) in csp::source_lists(subject.directives) {
        for written in directive.sources().iter().filter(|written| is_unknown(written)) {
            if meant(written).is_none() {
                let text = format!("the keyword {} is not known", backquoted(written));
                let help = "leave it out, unless a browser newer than this check has it";
                sink.report_with_help(&CODE, written.span, text, help);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn what_resembles_nothing_is_a_warning() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'something-new'"], &["the keyword `'something-new'` is not known"]),
                (&["script-src 'strict-dinamic' 'self' 'https://a.example'"], &[]),
            ],
        );
    }
}
