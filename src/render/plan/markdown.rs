//! A plan as a comment on a pull request: the summary line, and one table.
//!
//! Whatever comes from outside stands in code spans, in which nothing has a meaning but their own end: no HTML, no link, no
//! image, no mention, no reference. A bar, which would end the cell around it, is escaped as hidden characters are.

use std::fmt::Write as _;

use super::{Direction, HeldItem, MAX_DETAIL, Plan, Step, held_whole, mark, sign};
use crate::direction::{Assessment, Reason};
use crate::entry::Subject;
use crate::plan::Action;
use crate::plan::change::Change;
use crate::render::{code, counted};

/// The longest text, in bytes: the most characters that GitHub takes in a comment.
pub const MAX_MARKDOWN: usize = 65_536;
/// What the line that tells of rows that were cut may take.
const MAX_TAIL: usize = 200;
/// How many changed fields of a policy are shown.
const MAX_CHANGES: usize = 20;
/// Of how many tenants is said that their plans are held whole.
const MAX_HELD_PLANS: usize = 20;
/// The longest change that is shown.
const MAX_CHANGE: usize = 300;

const HEAD: &str = "\n\n| | policy | step | direction | what changes |\n| --- | --- | --- | --- | --- |\n";

/// The summary line and a row for each step and each held item, never longer than [`MAX_MARKDOWN`] bytes. The last line says
/// how many rows were cut.
pub fn markdown(plan: &Plan) -> String {
    let mut text = format!("**{plan}**");
    for (tenant, held) in plan.held_whole.iter().take(MAX_HELD_PLANS) {
        let said = held_whole(&held.why, held.digest, held.changes.len());
        let _ = write!(text, "\n\n{}: {}", code(tenant.as_str(), MAX_DETAIL), code(&said, MAX_CHANGE));
    }
    let mut rows = plan.steps.iter().map(of_step).chain(plan.held.iter().map(of_held)).peekable();
    if rows.peek().is_some() {
        text += HEAD;
    } else {
        text.push('\n');
    }
    let mut cut = 0;
    for row in rows {
        // The first row that does not fit ends the table: what is shown is a beginning, not a choice.
        if cut > 0 || text.len() + row.len() + MAX_TAIL > MAX_MARKDOWN {
            cut += 1;
        } else {
            text += &row;
        }
    }
    if cut > 0 {
        let rows = counted(cut, "more row was", "more rows were");
        let _ = writeln!(text, "\n{rows} cut, since a comment has at most {MAX_MARKDOWN} characters.");
    }
    text
}

fn of_step(step: &Step) -> String {
    let cause = step.cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
    let file = step.desired.as_ref().map(|desired| &*desired.origin.file);
    // A create has nothing to compare with.
    let changes = if step.action == Action::Create { &[] } else { step.changes.as_slice() };
    let mut lines = told(file, None, changes, step.assessment.as_ref());
    lines.extend(step.accepted_weakening().map(|why| format!("accepted: {}", code(why, MAX_DETAIL))));
    row(
        mark(step.action).1,
        &step.id.to_string(),
        &format!("{}{cause}", step.action),
        step.assessment.as_ref(),
        &lines,
    )
}

fn of_held(item: &HeldItem) -> String {
    let (subject, file) = match &item.subject {
        Subject::Policy(id) => (id.to_string(), item.origin.as_ref().map(|origin| &*origin.file)),
        Subject::File { file } => (file.to_string(), None),
    };
    let lines = told(file, Some(&item.detail), &item.changes, item.assessment.as_ref());
    row('!', &subject, &format!("held ({})", item.reason), item.assessment.as_ref(), &lines)
}

fn row(sign: char, subject: &str, step: &str, assessment: Option<&Assessment>, lines: &[String]) -> String {
    let direction = assessment.map(|it| it.direction).filter(|it| *it != Direction::Neutral);
    let direction = match direction {
        Some(direction) if direction.weakens() => format!("**{direction}**"),
        Some(direction) => direction.to_string(),
        None => String::new(),
    };
    format!("| {sign} | {} | {step} | {direction} | {} |\n", code(subject, MAX_DETAIL), lines.join("<br>"))
}

/// Where it is written, why it is held, which fields change, and what that means: a line each.
fn told(
    file: Option<&str>,
    detail: Option<&str>,
    changes: &[Change],
    assessment: Option<&Assessment>,
) -> Vec<String> {
    let mut lines: Vec<String> = file.into_iter().map(|file| code(file, MAX_DETAIL)).collect();
    lines.extend(detail.filter(|detail| !detail.is_empty()).map(|detail| code(detail, MAX_DETAIL)));
    let shown = changes.iter().take(MAX_CHANGES);
    lines.extend(shown.map(|change| code(&change.to_string(), MAX_CHANGE)));
    match changes.len().saturating_sub(MAX_CHANGES) {
        0 => {}
        more => lines.push(format!("… and {} more", counted(more, "field", "fields"))),
    }
    let Some(Assessment { reasons, more_reasons, .. }) = assessment else { return lines };
    let reason =
        |Reason { direction, text }: &Reason| format!("{} {}", sign(*direction), code(text, MAX_CHANGE));
    lines.extend(reasons.iter().map(reason));
    if *more_reasons > 0 {
        lines.push(format!("… and {} more", counted(*more_reasons, "reason", "reasons")));
    }
    lines
}

#[cfg(test)]
mod tests;
