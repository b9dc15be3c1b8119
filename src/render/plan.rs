//! A plan as it is reviewed: a heading for each step, its changed fields, what is held, and the summary line last.

use std::fmt;
use std::sync::Arc;

use anstyle::Style;
use jiff::Timestamp;
use serde::Serialize;

use super::{BOLD, CYAN, DIM, GREEN, MAX_DETAIL, RED, Styled, YELLOW, changes, counted, pretty, shown};
use crate::digest::{Digest, PlanDigest};
use crate::direction::{Assessment, Direction, Reason};
use crate::drift::Cause;
use crate::entry::{Commit, HoldReason, Origin, Subject};
use crate::plan::change::Change;
use crate::plan::review::HeldPlan;
use crate::plan::{Action, HeldItem, Plan, Step, Suspension};
use crate::policy::{PolicyName, TenantName};
use crate::printable::printable;

mod markdown;

pub use markdown::{MAX_MARKDOWN, markdown};

/// The version of the JSON shape.
pub const VERSION: u32 = 1;

/// How an action is drawn.
fn mark(action: Action) -> (Style, char) {
    match action {
        Action::Create => (GREEN, '+'),
        Action::Update => (YELLOW, '~'),
        Action::Remove => (RED, '-'),
        Action::Resume => (CYAN, '↻'),
        Action::Verify => (CYAN, '?'),
        Action::Watch => (CYAN, '…'),
    }
}

/// Steps, held items, and the summary line.
pub fn text(plan: &Plan) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        for step in &plan.steps {
            heading(f, step)?;
            // A create has nothing to compare with.
            if step.action != Action::Create {
                changes(f, &step.changes)?;
            }
            direction(f, step.assessment.as_ref(), step.accepted_weakening())?;
        }
        for item in &plan.held {
            held(f, item)?;
        }
        held_plans(f, plan)?;
        if !plan.is_empty() {
            writeln!(f)?;
        }
        writeln!(f, "{plan}")
    })
}

fn heading(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    let (style, sign) = mark(step.action);
    write!(f, "{} {}  {}", Styled(style, sign), Styled(BOLD, &step.id), Styled(style, step.action))?;
    if let Some(cause) = step.cause {
        write!(f, " ({cause})")?;
    }
    if let Some(desired) = &step.desired {
        write!(f, "  {}", shown(&desired.origin.file))?;
    }
    writeln!(f, "{}", digests(step.applied, step.desired.as_ref().map(|desired| desired.digest)))
}

/// What is applied and what is wanted, where the two are not the same.
fn digests(applied: Option<Digest>, desired: Option<Digest>) -> String {
    let digests = match (applied, desired) {
        (Some(old), Some(new)) if old != new => format!("{}→{}", old.short(), new.short()),
        (_, Some(digest)) | (Some(digest), None) => digest.short(),
        (None, None) => return String::new(),
    };
    format!("  {}", Styled(DIM, format_args!("digest {digests}")))
}

/// A held item, its reason, and what would change.
pub(super) fn held(f: &mut fmt::Formatter<'_>, item: &HeldItem) -> fmt::Result {
    let (subject, file) = match &item.subject {
        Subject::Policy(id) => (id.to_string(), item.origin.as_ref().map(|origin| &origin.file)),
        Subject::File { file } => (shown(file), None),
    };
    let reason = Styled(YELLOW, format_args!("held ({})", item.reason));
    write!(f, "{} {}  {reason}", Styled(YELLOW, '!'), Styled(BOLD, subject))?;
    if let Some(file) = file {
        write!(f, "  {}", shown(file))?;
    }
    writeln!(f, "{}", digests(None, item.digest))?;
    if !item.detail.is_empty() {
        writeln!(f, "      {}", Styled(YELLOW, printable(&item.detail, MAX_DETAIL)))?;
    }
    changes(f, &item.changes)?;
    direction(f, item.assessment.as_ref(), None)
}

/// Each tenant whose plan is held whole, and what lets exactly that through.
pub(super) fn held_plans(f: &mut fmt::Formatter<'_>, plan: &Plan) -> fmt::Result {
    for (tenant, held) in &plan.held_whole {
        let said = held_whole(&held.why, held.digest, held.changes.len());
        writeln!(f, "{} {}  {}", Styled(YELLOW, '!'), Styled(BOLD, tenant), Styled(YELLOW, said))?;
    }
    for (tenant, approved) in &plan.approved {
        let said = format!("plan {} was approved", approved.digest);
        writeln!(f, "{} {}  {}", Styled(CYAN, '✓'), Styled(BOLD, tenant), Styled(CYAN, said))?;
    }
    Ok(())
}

/// That a plan is held whole, and what lets exactly that through.
pub(super) fn held_whole(why: &str, digest: PlanDigest, changes: usize) -> String {
    let all = counted(changes, "change", "changes");
    format!("its whole plan ({all}) is held: {why}; chatward approve {digest} lets exactly that through")
}

/// Whether a change guards better or worse, and every reason on a line of its own.
pub(super) fn direction(
    f: &mut fmt::Formatter<'_>,
    assessment: Option<&Assessment>,
    accepted: Option<&Arc<str>>,
) -> fmt::Result {
    let Some(Assessment { direction, reasons, more_reasons }) = assessment else { return Ok(()) };
    writeln!(f, "      direction: {}", Styled(hue(*direction), direction))?;
    for Reason { direction, text } in reasons {
        writeln!(
            f,
            "        {}",
            Styled(hue(*direction), format_args!("{} {}", sign(*direction), shown(text)))
        )?;
    }
    if *more_reasons > 0 {
        writeln!(f, "        … and {more_reasons} more")?;
    }
    match accepted {
        Some(why) => writeln!(f, "      accepted: {}", printable(why, MAX_DETAIL)),
        None => Ok(()),
    }
}

const fn hue(direction: Direction) -> Style {
    match direction {
        Direction::Neutral => DIM,
        Direction::Strengthens => GREEN,
        Direction::Weakens => RED,
        Direction::Mixed => YELLOW,
    }
}

/// Up where it gets stronger, down where it gets weaker.
const fn sign(direction: Direction) -> char {
    match direction {
        Direction::Strengthens => '↑',
        Direction::Weakens => '↓',
        Direction::Neutral | Direction::Mixed => '?',
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    version: u32,
    steps: Vec<StepRow<'a>>,
    held: Vec<HeldRow<'a>>,
    held_plans: Vec<HeldPlanRow<'a>>,
    summary: Summary,
}

/// A tenant's plan that is held whole.
#[derive(Serialize)]
struct HeldPlanRow<'a> {
    tenant: &'a TenantName,
    digest: PlanDigest,
    changes: usize,
    why: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StepRow<'a> {
    tenant: &'a TenantName,
    name: &'a PolicyName,
    action: Action,
    cause: Option<Cause>,
    digest: Option<Digest>,
    applied_digest: Option<Digest>,
    file: Option<&'a str>,
    revision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a Commit>,
    changes: &'a [Change],
    #[serde(flatten)]
    assessed: Assessed<'a>,
    accepted_weakening: Option<&'a str>,
}

/// The direction of a change; nothing where there is nothing to compare with.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Assessed<'a> {
    direction: Option<Direction>,
    reasons: &'a [Reason],
    more_reasons: usize,
}

impl<'a> Assessed<'a> {
    fn of(assessment: Option<&'a Assessment>) -> Self {
        let assessed = assessment.map(|Assessment { direction, reasons, more_reasons }| Self {
            direction: Some(*direction),
            reasons,
            more_reasons: *more_reasons,
        });
        assessed.unwrap_or_default()
    }
}

/// A held item for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HeldRow<'a> {
    tenant: Option<&'a TenantName>,
    name: Option<&'a PolicyName>,
    reason: HoldReason,
    detail: &'a str,
    cause: Option<Cause>,
    digest: Option<Digest>,
    file: Option<&'a str>,
    revision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a Commit>,
    changes: &'a [Change],
    #[serde(flatten)]
    assessed: Assessed<'a>,
    until: Option<Timestamp>,
    suspension: Option<&'a Suspension>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    create: usize,
    update: usize,
    remove: usize,
    resume: usize,
    verify: usize,
    watch: usize,
    in_sync: usize,
    held: usize,
    suspended: usize,
}

/// The same for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(plan: &Plan) -> serde_json::Result<String> {
    pretty(&Report {
        version: VERSION,
        steps: plan.steps.iter().map(StepRow::of).collect(),
        held: plan.held.iter().map(HeldRow::of).collect(),
        held_plans: plan.held_whole.iter().map(HeldPlanRow::of).collect(),
        summary: Summary {
            create: plan.count(Action::Create),
            update: plan.count(Action::Update),
            remove: plan.count(Action::Remove),
            resume: plan.count(Action::Resume),
            verify: plan.count(Action::Verify),
            watch: plan.count(Action::Watch),
            in_sync: plan.in_sync,
            held: plan.held.len() - plan.suspended(),
            suspended: plan.suspended(),
        },
    })
}

impl<'a> StepRow<'a> {
    fn of(step: &'a Step) -> Self {
        let origin = step.desired.as_ref().map(|desired| &desired.origin);
        Self {
            tenant: &step.id.tenant,
            name: &step.id.name,
            action: step.action,
            cause: step.cause,
            digest: step.desired.as_ref().map(|desired| desired.digest),
            applied_digest: step.applied,
            file: origin.map(|origin| &*origin.file),
            revision: origin.and_then(Origin::revision),
            commit: origin.and_then(|origin| origin.commit.as_deref()),
            changes: &step.changes,
            assessed: Assessed::of(step.assessment.as_ref()),
            accepted_weakening: step.accepted_weakening().map(|why| &**why),
        }
    }
}

impl<'a> HeldPlanRow<'a> {
    fn of((tenant, held): (&'a TenantName, &'a HeldPlan)) -> Self {
        Self { tenant, digest: held.digest, changes: held.changes.len(), why: &held.why }
    }
}

impl<'a> HeldRow<'a> {
    pub(super) fn of(item: &'a HeldItem) -> Self {
        let (id, file) = match &item.subject {
            Subject::Policy(id) => (Some(id), None),
            Subject::File { file } => (None, Some(&**file)),
        };
        Self {
            tenant: id.map(|id| &id.tenant),
            name: id.map(|id| &id.name),
            reason: item.reason,
            detail: &item.detail,
            cause: item.cause,
            digest: item.digest,
            file: file.or(item.origin.as_ref().map(|origin| &*origin.file)),
            revision: item.origin.as_ref().and_then(Origin::revision),
            commit: item.origin.as_ref().and_then(|origin| origin.commit.as_deref()),
            changes: &item.changes,
            assessed: Assessed::of(item.assessment.as_ref()),
            until: item.until,
            suspension: item.suspension.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests;
