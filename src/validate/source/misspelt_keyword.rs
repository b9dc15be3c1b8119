//! A word in single quotes that is nearly a keyword.

use crate::csp::{Keyword, SourceError};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::suggest::closest;
use crate::validate::reading::{Read, Word};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2103",
    name: "misspelt-keyword",
    severity: Severity::Error,
    summary: "Browsers ignore a keyword that is not spelt right.",
    why: "A browser ignores a keyword that it does not know. What the right one would have allowed stays \
        blocked, and what it would have forbidden stays open.",
    example: "script-src 'slef'",
    fixed: "script-src 'self'",
};

/// The keyword that a word in quotes was meant to be.
pub(super) fn meant(written: &str) -> Option<&'static str> {
    closest(written.trim_matches('\''), Keyword::ALL.iter().map(|keyword| keyword.name()))
}

/// How many unknown keywords of a policy are held against the known ones, which takes time.
const MAX_UNKNOWN: usize = 200;

/// The words in quotes that are neither a keyword nor a nonce or hash.
pub(super) fn unknown<'s, 'p>(subject: &'s Subject<'p>) -> impl Iterator<Item = &'s Word<'p>> {
    let words = subject.lists().flat_map(|reading| &reading.words);
    words.filter(|word| word.read == Read::Broken(SourceError::Keyword)).take(MAX_UNKNOWN)
}

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for word in unknown(subject) {
        if let Some(keyword) = meant(word.written) {
            let text = format!("there is no keyword {}", backquoted(word.written));
            sink.report_with_help(&CODE, word.written.span, text, format!("did you mean `'{keyword}'`?"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn a_slip_is_an_error() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'strict-dynamic' 'Unsafe-Inline'"], &[]),
                (&["script-src 'strict-dinamic'"], &["there is no keyword `'strict-dinamic'`"]),
                (&["script-src 'something-new'", "webrtc 'blok'"], &[]),
            ],
        );
        assert_eq!(
            help(&CODE, &policy(&["script-src 'strict-dinamic'"])),
            "did you mean `'strict-dynamic'`?"
        );
    }
}
