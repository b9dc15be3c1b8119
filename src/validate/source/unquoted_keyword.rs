//! A keyword, nonce or hash without its single quotes. Browsers take most of them for hosts.

use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::reading::{Read, quoted};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2102",
    name: "unquoted-keyword",
    severity: Severity::Error,
    summary: "Without single quotes a keyword, nonce or hash is read as the name of a host.",
    why: "Keywords, nonces and hashes are written in single quotes. Without them a browser reads `self` as \
        the name of a host, which nobody has, so the page's own scripts are blocked. YAML takes one pair of \
        quotes for itself, so two pairs are needed there.",
    example: "script-src self",
    fixed: "script-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for word in subject.lists().flat_map(|reading| &reading.words) {
        if word.read != Read::Unquoted || sink.only_counts(&CODE) {
            continue;
        }
        let Some(meant) = quoted(word.written) else { continue };
        let text = format!("{} lacks its single quotes", backquoted(word.written));
        sink.report_with_help(&CODE, word.written.span, text, subject.quote(&meant));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn a_keyword_has_its_quotes() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'self' selfie none.example nonce-cdn.example"], &[]),
                (&["script-src self"], &["`self` lacks its single quotes"]),
                (&["img-src None"], &["`None` lacks its single quotes"]),
                (&["img-src \"self\""], &["`\"self\"` lacks its single quotes"]),
                (&["script-src nonce-abc"], &["`nonce-abc` lacks its single quotes"]),
                (&["script-src sha256-abc="], &["`sha256-abc=` lacks its single quotes"]),
                (&["sandbox self", "report-to none"], &[]),
            ],
        );
        let expected = "in YAML write double quotes around the single ones: `\"'self'\"`";
        assert_eq!(help(&CODE, &policy(&["img-src Self"])), expected);
    }

    #[test]
    fn it_is_said_once() {
        let findings =
            crate::validate::testing::findings(&policy(&["default-src sha256-abc= \"self\" 'self'"]));
        let codes: Vec<&str> =
            findings.iter().map(|finding| finding.code.id).filter(|id| *id < "CW23").collect();
        assert_eq!(codes, ["CW2102", "CW2102"]);
    }
}
