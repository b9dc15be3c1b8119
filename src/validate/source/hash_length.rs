//! A hash that nothing can have: its value is not as long as the digests of its algorithm.

use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2107",
    name: "hash-length",
    severity: Severity::Error,
    summary: "No script or style can have a hash of that length.",
    why: "The length of a digest is fixed by its algorithm: 32 bytes for SHA-256, 48 for SHA-384, 64 for \
        SHA-512. A hash of another length matches no script or style, so what it was to allow is blocked. \
        Mostly a character was lost while copying.",
    example: "script-src 'sha256-47DEQpj8HBSa'",
    fixed: "script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        for (written, source) in reading.parsed() {
            let Source::Hash(hash) = source else { continue };
            if hash.can_match() {
                continue;
            }
            let expected = hash.algorithm.digest_length();
            let found = hash.byte_length().map_or("not base64".to_owned(), |bytes| format!("{bytes} bytes"));
            let text = format!("the value of {} is {found}, not {expected} bytes", backquoted(written));
            let help = "hash the script's exact text; a browser's console shows the value that it expected";
            sink.report_with_help(&CODE, written.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_hash_is_as_long_as_its_digests() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"], &[]),
                (&["script-src 'sha256-47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'"], &[]),
                (&["script-src 'sha256-YWJj'"], &["the value of `'sha256-YWJj'` is 3 bytes, not 32 bytes"]),
                (
                    &["script-src 'sha384-YWJjZ'"],
                    &["the value of `'sha384-YWJjZ'` is not base64, not 48 bytes"],
                ),
            ],
        );
    }
}
