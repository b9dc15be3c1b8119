//! A nonce that can be guessed.

use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2111",
    name: "weak-nonce",
    severity: Severity::Warning,
    summary: "A nonce that is short or made of words can be guessed, and then stops nothing.",
    why: "A nonce stops injected scripts only while nobody can guess it. CSP asks for 128 bits of \
        randomness; a short one, or one made of words, was put there by hand or by an example.",
    example: "script-src 'nonce-abc123'",
    fixed: "script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
};

/// The fewest characters of base64 that hold 128 bits, as CSP asks for.
const MIN_LENGTH: usize = 22;

/// What examples and forgotten placeholders have in them.
const WORDS: &[&str] = &[
    "abc123",
    "changeme",
    "default",
    "deadbeef",
    "example",
    "foobar",
    "nonce",
    "password",
    "placeholder",
    "r4nd0m",
    "rand0m",
    "random",
    "replace",
    "secret",
    "static",
    "testing",
    "1234567",
    "abcdefg",
    "abcdef123",
];

/// Whether a nonce can be guessed, and how that is seen.
pub(super) fn weakness(nonce: &str) -> Option<&'static str> {
    let digits = nonce.trim_end_matches('=');
    let lower = digits.to_ascii_lowercase();
    let first = digits.bytes().next();
    if digits.len() < MIN_LENGTH {
        Some("is shorter than 128 bits")
    } else if digits.bytes().all(|b| Some(b) == first) || WORDS.iter().any(|word| lower.contains(word)) {
        Some("is no random text")
    } else {
        None
    }
}

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for (written, source) in subject.lists().flat_map(|reading| reading.parsed()) {
        let Source::Nonce(nonce) = source else { continue };
        let Some(why) = weakness(nonce) else { continue };
        let help = "make 16 bytes or more at random for each response, in base64";
        sink.report_with_help(&CODE, written.span, format!("the nonce {} {why}", backquoted(written)), help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_nonce_is_long_and_random() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["script-src 'nonce-abc123'"], &["the nonce `'nonce-abc123'` is shorter than 128 bits"]),
            (
                &["script-src 'nonce-thisisarandomnonce123456789'"],
                &["the nonce `'nonce-thisisarandomnonce123456789'` is no random text"],
            ),
            (&["script-src 'nonce-Zk3v0qXw9sTj7yLh2mPb4A=='"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
