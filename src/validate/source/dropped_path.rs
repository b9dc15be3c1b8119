//! A path where browsers compare origins alone.

use crate::csp::{Grammar, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2110",
    name: "dropped-path",
    severity: Severity::Error,
    summary: "In frame-ancestors only the origin of a page counts, so a path is dropped or keeps the source from matching.",
    why: "frame-ancestors compares the origins of pages, which have no path. With one, the source \
        matches nothing, or the path is dropped and every page of the site may frame yours.",
    example: "frame-ancestors https://shop.example/checkout",
    fixed: "frame-ancestors https://shop.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists().filter(|reading| reading.info.grammar == Grammar::AncestorSourceList) {
        for (written, source) in reading.parsed() {
            let Source::Host(host) = source else { continue };
            if !matches!(host.path, "" | "/") && !host.path.contains('*') {
                let text =
                    format!("the path of {} means nothing in `{}`", backquoted(written), reading.info.name);
                sink.report_with_help(&CODE, written.span, text, "leave the path out");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn an_ancestor_has_no_path() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["frame-ancestors https://a.example/app"],
                &["the path of `https://a.example/app` means nothing in `frame-ancestors`"],
            ),
            (&["frame-ancestors https://a.example/", "img-src https://a.example/app"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
