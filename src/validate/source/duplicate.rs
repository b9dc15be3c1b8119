//! A source that is in its list already.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2106",
    name: "duplicate-source",
    severity: Severity::Warning,
    summary: "A source that is in its list already changes nothing.",
    why: "The second mention allows nothing new. It costs bytes in every response, and whoever removes one \
        of the two later believes that the source is gone.",
    example: "img-src https://cdn.example https://cdn.example",
    fixed: "img-src https://cdn.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        let mut seen = HashSet::with_capacity(reading.words.len());
        for (written, source) in reading.parsed() {
            if !seen.insert(key(written, &source)) && !sink.only_counts(&CODE) {
                let text = format!(
                    "{} is already among the sources of {}",
                    backquoted(written),
                    backquoted(reading.info.name)
                );
                sink.report_with_help(&CODE, written.span, text, "leave one of them out");
            }
        }
    }
}

/// What sources that mean the same have in common. Most are written in that form, and need no other text for it.
fn key<'p>(written: &'p str, source: &Source<'_>) -> Cow<'p, str> {
    let differs = matches!(source, Source::Hash(_))
        || written.bytes().any(|byte| byte.is_ascii_uppercase())
        || written.contains(":0");
    if differs { source.canonical().into() } else { written.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn the_same_source_twice_is_told() {
        let text = "`HTTPS://A.example` is already among the sources of `img-src`";
        assert_texts(
            &CODE,
            &[
                (&["img-src 'self' https://a.example/a https://a.example/A", "script-src 'self'"], &[]),
                (&["img-src https://a.example HTTPS://A.example"], &[text]),
                (
                    &["img-src a.example:080 a.example:80"],
                    &["`a.example:80` is already among the sources of `img-src`"],
                ),
            ],
        );
    }
}
