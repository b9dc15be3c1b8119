//! `'none'` beside other sources: browsers then ignore it.

use crate::csp::{Keyword, Source};
use crate::finding::{Code, Severity};
use crate::validate::reading::Read;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2105",
    name: "none-with-others",
    severity: Severity::Error,
    summary: "'none' stands alone in its list; beside other sources browsers ignore it.",
    why: "'none' means an empty list, so it counts only where it stands alone. Beside another source \
        browsers ignore it, and the others are allowed: the opposite of what the word says.",
    example: "object-src 'none' https://cdn.example",
    fixed: "object-src 'none'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        let Some(none) = reading.keyword(Keyword::None) else { continue };
        if reading.words.iter().any(|word| !stands_beside(&word.read)) {
            let text = format!("'none' stands beside other sources of `{}`", reading.info.name);
            let help = "leave out 'none', or leave out all the others";
            sink.report_with_help(&CODE, none.span, text, help);
        }
    }
}

/// What allows nothing either: itself again, and what is only about reports.
const fn stands_beside(read: &Read<'_>) -> bool {
    matches!(
        read,
        Read::Source(Source::Keyword(
            Keyword::None
                | Keyword::ReportSample
                | Keyword::ReportSha256
                | Keyword::ReportSha384
                | Keyword::ReportSha512
        ))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn none_is_alone() {
        let text = "'none' stands beside other sources of `img-src`";
        assert_texts(
            &CODE,
            &[
                (&["img-src 'none'", "script-src 'self'"], &[]),
                (&["img-src 'self' 'None'"], &[text]),
                (&["img-src 'none' 'none'", "script-src 'none' 'report-sample'"], &[]),
            ],
        );
    }
}
