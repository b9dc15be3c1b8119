//! How two headers differ, by what they mean.

use std::fmt;

use serde::Serialize;

use super::super::{BOLD, GREEN, PLAIN, RED, Styled, YELLOW, pretty, shown};
use crate::csp::{Allows, Question};
use crate::direction::header::{Change, ChangeKind, Difference};
use crate::direction::{Assessment, Direction};
use anstyle::Style;

/// The version of the JSON shape.
pub const VERSION: u32 = 1;

/// Each directive that differs, then what is allowed now, and what no longer is.
pub fn text(difference: &Difference) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        if difference.directives.is_empty() {
            return writeln!(f, "{}", Styled(GREEN, "No difference."));
        }
        let several = difference.directives.iter().any(|change| change.policy > 1);
        for change in &difference.directives {
            directive(f, change, several)?;
        }
        answers(f, YELLOW, "Allowed now", difference.allowed())?;
        answers(f, GREEN, "Blocked now", difference.blocked())?;
        assessment(f, &difference.assessment)
    })
}

fn directive(f: &mut fmt::Formatter<'_>, change: &Change, several: bool) -> fmt::Result {
    let (style, mark) = match change.kind {
        ChangeKind::Added => (GREEN, '+'),
        ChangeKind::Removed => (RED, '-'),
        ChangeKind::Changed => (BOLD, '~'),
    };
    write!(f, "{}", Styled(style, format_args!("{mark} {}", shown(&change.directive))))?;
    if several {
        write!(f, "  (policy {})", change.policy)?;
    }
    writeln!(f)?;
    for (style, mark, values) in [(RED, '-', &change.removed), (GREEN, '+', &change.added)] {
        for value in values {
            writeln!(f, "    {}", Styled(style, format_args!("{mark} {}", shown(value))))?;
        }
    }
    Ok(())
}

fn answers(
    f: &mut fmt::Formatter<'_>,
    style: Style,
    heading: &str,
    questions: impl Iterator<Item = Question>,
) -> fmt::Result {
    let mut questions = questions.peekable();
    if questions.peek().is_some() {
        writeln!(f, "\n{}", Styled(style, format_args!("{heading}:")))?;
    }
    questions.try_for_each(|question| writeln!(f, "    {}", question.description()))
}

/// The direction on the last line, after its reasons.
fn assessment(f: &mut fmt::Formatter<'_>, assessment: &Assessment) -> fmt::Result {
    if !assessment.reasons.is_empty() {
        writeln!(f)?;
    }
    for reason in &assessment.reasons {
        writeln!(f, "{}: {}", Styled(colour(reason.direction), reason.direction), shown(&reason.text))?;
    }
    if assessment.more_reasons > 0 {
        writeln!(f, "and {} more", assessment.more_reasons)?;
    }
    writeln!(f, "\nDirection: {}.", Styled(colour(assessment.direction), assessment.direction))
}

const fn colour(direction: Direction) -> Style {
    match direction {
        Direction::Neutral => PLAIN,
        Direction::Strengthens => GREEN,
        Direction::Weakens => RED,
        Direction::Mixed => YELLOW,
    }
}

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    #[serde(flatten)]
    assessment: &'a Assessment,
    directives: Vec<Row<'a>>,
    allowed: Vec<&'a str>,
    blocked: Vec<&'a str>,
    old: Allows,
    new: Allows,
}

#[derive(Serialize)]
struct Row<'a> {
    policy: usize,
    directive: &'a str,
    change: ChangeKind,
    added: &'a [String],
    removed: &'a [String],
}

/// The same for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(difference: &Difference) -> serde_json::Result<String> {
    let Difference { assessment, directives, old, new } = difference;
    let directives = directives.iter().map(Row::of).collect();
    pretty(&Report {
        version: VERSION,
        assessment,
        directives,
        allowed: difference.allowed().map(Question::name).collect(),
        blocked: difference.blocked().map(Question::name).collect(),
        old: *old,
        new: *new,
    })
}

impl<'a> Row<'a> {
    fn of(change: &'a Change) -> Self {
        let Change { policy, directive, kind, added, removed } = change;
        Self { policy: *policy, directive, change: *kind, added, removed }
    }
}
