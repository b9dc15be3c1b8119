//! A word in single quotes that resembles no keyword.

use super::misspelt_keyword::{meant, unknown};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2104",
    name: "unknown-keyword",
    severity: Severity::Error,
    summary: "Browsers ignore a keyword that they don't know.",
    why: "Browsers ignore a keyword that they don't know. It may be one that is newer than this check; then \
        old browsers ignore it, and the policy has to hold without it.",
    example: "script-src 'self' 'allow-everything'",
    fixed: "script-src 'self'",
};

/// Names that are gone, and what came in their place.
const GONE: &[(&str, &str)] = &[
    ("unsafe-hashed-attributes", "'unsafe-hashes'"),
    ("wasm-eval", "'wasm-unsafe-eval'"),
    ("inline-script", "'unsafe-inline'"),
    ("eval-script", "'unsafe-eval'"),
    ("unsafe-redirect", "nothing"),
];

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for word in unknown(subject) {
        if meant(word.written).is_some() {
            continue;
        }
        let text = format!("the keyword {} is not known", backquoted(word.written));
        let bare = word.written.trim_matches('\'');
        let help = match GONE.iter().find(|(name, _)| name.eq_ignore_ascii_case(bare)) {
            Some((_, instead)) => format!("{instead} came in its place"),
            None if bare.starts_with(|c: char| c.is_ascii_digit()) || bare.contains('-') => {
                "leave it out: the keywords are those of CSP Level 3, the hashes sha256, sha384 and sha512"
                    .to_owned()
            }
            None => "leave it out, or leave out its quotes if it is a host".to_owned(),
        };
        sink.report_with_help(&CODE, word.written.span, text, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn what_resembles_nothing_is_told() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'something-new'"], &["the keyword `'something-new'` is not known"]),
                (&["script-src 'strict-dinamic' 'self' 'https://a.example'"], &[]),
            ],
        );
    }
}
