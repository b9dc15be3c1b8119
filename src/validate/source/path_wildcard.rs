//! A `*` in a path: browsers take it for the character itself.

use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2109",
    name: "wildcard-in-path",
    severity: Severity::Error,
    summary: "In a path * is no wildcard: it matches itself alone.",
    why: "A path has no wildcards: `*` stands for itself there. `/*` matches the one address that \
        ends in a star, so the source allows nothing in practice.",
    example: "img-src https://media.example/*",
    fixed: "img-src https://media.example/",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        for (written, source) in reading.parsed() {
            if !matches!(source, Source::Host(host) if host.path.contains('*')) || sink.only_counts(&CODE) {
                continue;
            }
            let text = format!("`*` in the path of {} is no wildcard", backquoted(written));
            let help = "end the path with `/`, which matches all below it, or leave the path out";
            sink.report_with_help(&CODE, written.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_path_has_no_wildcard() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["img-src https://a.example/*"], &["`*` in the path of `https://a.example/*` is no wildcard"]),
            (&["img-src https://*.a.example/x/ a.example:*"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
