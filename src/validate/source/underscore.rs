//! An underscore in a host. The grammar has none; Chrome then ignores the source, other browsers differ.

use crate::csp::SourceError;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::reading::Read;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2113",
    name: "underscore-in-host",
    severity: Severity::Warning,
    summary: "CSP's grammar has no underscore in a host, and some browsers ignore such a source.",
    why: "The grammar of CSP has no underscore in a host. Chrome ignores such a source, other \
        browsers differ, so what it allows depends on the visitor.",
    example: "img-src https://my_media.example",
    fixed: "img-src https://my-media.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for word in subject.lists().flat_map(|reading| &reading.words) {
        if word.read == Read::Broken(SourceError::HostCharacter('_')) && !sink.only_counts(&CODE) {
            let text = format!("the host of {} has an underscore", backquoted(word.written));
            let help = "name it by a host without one, or by `*.` and what follows its first part";
            sink.report_with_help(&CODE, word.written.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn browsers_differ_on_underscores() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["img-src my_cdn.example"], &["the host of `my_cdn.example` has an underscore"]),
            (&["img-src cdn.example/my_path"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
