//! What looks at pages came to: a paragraph for each, or JSON.

use std::fmt;

use serde::Serialize;

use super::{BOLD, GREEN, MAX_VALUE, PLAIN, RED, Styled, counted, pretty, shown};
use crate::csp::Question;
use crate::entry::{PageDifference, PageObserved, PageVerdict};
use crate::printable::printable;

const VERSION: u32 = 1;

/// The looks for people.
pub fn text(looked: &[PageObserved]) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        for page in looked {
            let style = if page.verdict == PageVerdict::Matches { GREEN } else { RED };
            let (url, verdict) = (Styled(BOLD, shown(page.url.as_str())), Styled(style, page.verdict));
            writeln!(f, "{url} against {}: {verdict}", page.id)?;
            if let Some(landed) = &page.landed_at {
                writeln!(f, "  it redirects to {}", shown(landed.as_str()))?;
            }
            match (&page.difference, page.verdict) {
                (Some(difference), _) => lines(f, difference, page.report_only)?,
                (None, PageVerdict::Matches) => {}
                (None, _) => writeln!(f, "  {}", printable(&page.detail(), MAX_VALUE))?,
            }
        }
        let well = looked.iter().filter(|page| page.verdict == PageVerdict::Matches).count();
        writeln!(f, "Observe: {} of {} as they should be.", well, counted(looked.len(), "page", "pages"))
    })
}

fn lines(f: &mut fmt::Formatter<'_>, difference: &PageDifference, report_only: usize) -> fmt::Result {
    if report_only > 0 {
        writeln!(f, "  {} only reported", counted(report_only, "policy is", "policies are"))?;
    }
    let parts: [(&str, char, &[String], _); 2] =
        [("missing", '-', &difference.missing, RED), ("extra", '+', &difference.extra, PLAIN)];
    for (word, sign, values, style) in parts {
        for value in values {
            writeln!(f, "  {word:8}{}", Styled(style, format_args!("{sign} {}", shown(value))))?;
        }
    }
    if difference.more > 0 {
        writeln!(f, "  and {} more", difference.more)?;
    }
    for (word, names, style) in
        [("allowed", &difference.allowed, RED), ("blocked", &difference.blocked, PLAIN)]
    {
        for told in described(names) {
            writeln!(f, "  {word:8}{}", Styled(style, told))?;
        }
    }
    // What no question asks is told by its reason.
    for reason in &difference.assessment.reasons {
        writeln!(f, "  {}: {}", reason.direction, shown(&reason.text))?;
    }
    Ok(())
}

/// What names of questions stand for, in words.
pub(super) fn described(names: &[String]) -> impl Iterator<Item = String> {
    names.iter().map(|name| {
        let question = Question::ALL.iter().find(|question| question.name() == name);
        question.map_or_else(|| shown(name), |question| question.description().to_owned())
    })
}

/// The looks for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(looked: &[PageObserved]) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Report<'a> {
        version: u32,
        pages: &'a [PageObserved],
    }
    pretty(&Report { version: VERSION, pages: looked })
}
