//! What one pass did: a line a policy, and what it adds up to.

use std::fmt;

use serde::Serialize;

use super::plan::{HeldRow, held, held_plans};
use super::{GREEN, RED, Styled, YELLOW, counted, pretty, shown};
use crate::deploy::StepResult;
use crate::digest::Digest;
use crate::outcome::{Outcome, Verification};
use crate::plan::Action;
use crate::policy::TenantName;
use crate::reconcile::Report;

/// The version of the JSON shape.
const VERSION: u32 = 1;

/// A line for each step, each held item and each tenant that could not be worked with, and the sum.
pub fn text(report: &Report) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        report.results.iter().try_for_each(|result| line(f, result))?;
        report.plan.held.iter().try_for_each(|item| held(f, item))?;
        held_plans(f, &report.plan)?;
        for (tenant, failure) in &report.failures {
            writeln!(f, "{}", Styled(RED, format!("{tenant}: {}", shown(&failure.message))))?;
        }
        let sum = Sum::of(report);
        writeln!(
            f,
            "Apply: {} done, {} failed, {} in progress, {} in sync, {} held.",
            sum.done, sum.failed, sum.waiting, sum.in_sync, sum.held
        )?;
        if sum.suspended > 0 {
            writeln!(f, "{} suspended.", counted(sum.suspended, "policy is", "policies are"))?;
        }
        match sum.not_begun {
            0 => Ok(()),
            count => writeln!(f, "{} not begun.", counted(count, "step was", "steps were")),
        }
    })
}

fn line(f: &mut fmt::Formatter<'_>, result: &StepResult) -> fmt::Result {
    let StepResult { id, action, outcome, verification, rollback } = result;
    let (style, word, why) = told(outcome);
    write!(f, "{} {id}: {action}, {word}", Styled(style, if *outcome == Outcome::Done { "✓" } else { "✗" }))?;
    probed(f, *verification)?;
    let why = match rollback {
        Some(rollback) => {
            let (style, word, why) = told(&rollback.outcome);
            write!(f, "; rollback to {}, {}", rollback.digest.short(), Styled(style, word))?;
            probed(f, rollback.verification)?;
            why
        }
        None => why,
    };
    match why {
        Some(why) => writeln!(f, ": {}", shown(why)),
        None => writeln!(f),
    }
}

fn probed(f: &mut fmt::Formatter<'_>, verification: Option<Verification>) -> fmt::Result {
    let Some(verification) = verification else { return Ok(()) };
    let style = if verification == Verification::Verified { GREEN } else { YELLOW };
    write!(f, ", {}", Styled(style, verification))
}

fn told(outcome: &Outcome) -> (anstyle::Style, &'static str, Option<&str>) {
    match outcome {
        Outcome::Done => (GREEN, "done", None),
        Outcome::Waiting(why) => (YELLOW, "in progress", Some(why)),
        Outcome::Stalled(failure) => (RED, "failed", Some(&failure.message)),
        Outcome::InDoubt(failure) => (YELLOW, "in doubt", Some(&failure.message)),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sum {
    done: usize,
    failed: usize,
    waiting: usize,
    in_sync: usize,
    held: usize,
    suspended: usize,
    not_begun: usize,
}

impl Sum {
    fn of(report: &Report) -> Self {
        let count = |wanted: fn(&Outcome) -> bool| {
            report.results.iter().filter(|result| wanted(&result.outcome)).count()
        };
        Self {
            done: count(|outcome| *outcome == Outcome::Done),
            failed: count(|outcome| matches!(outcome, Outcome::Stalled(_))),
            waiting: count(|outcome| matches!(outcome, Outcome::Waiting(_) | Outcome::InDoubt(_))),
            in_sync: report.plan.in_sync,
            held: report.plan.held.len() - report.plan.suspended(),
            suspended: report.plan.suspended(),
            not_begun: report.plan.steps.len().saturating_sub(report.results.len()),
        }
    }
}

#[derive(Serialize)]
struct Applied<'a> {
    version: u32,
    results: Vec<Row<'a>>,
    held: Vec<HeldRow<'a>>,
    tenants: Vec<TenantRow<'a>>,
    summary: Sum,
}

#[derive(Serialize)]
struct Row<'a> {
    tenant: &'a TenantName,
    name: &'a str,
    action: Action,
    outcome: &'static str,
    verification: Option<Verification>,
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback: Option<RollbackRow<'a>>,
}

#[derive(Serialize)]
struct RollbackRow<'a> {
    digest: Digest,
    outcome: &'static str,
    verification: Option<Verification>,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct TenantRow<'a> {
    tenant: &'a TenantName,
    error: &'a str,
}

/// The same for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(report: &Report) -> serde_json::Result<String> {
    pretty(&Applied {
        version: VERSION,
        results: report.results.iter().map(row).collect(),
        held: report.plan.held.iter().map(HeldRow::of).collect(),
        tenants: report
            .failures
            .iter()
            .map(|(tenant, failure)| TenantRow { tenant, error: &failure.message })
            .collect(),
        summary: Sum::of(report),
    })
}

fn row(result: &StepResult) -> Row<'_> {
    let (_, outcome, error) = told(&result.outcome);
    let StepResult { id, action, verification, rollback, .. } = result;
    let rollback = rollback.as_ref().map(|rollback| {
        let (_, outcome, error) = told(&rollback.outcome);
        RollbackRow { digest: rollback.digest, outcome, verification: rollback.verification, error }
    });
    Row {
        tenant: &id.tenant,
        name: id.name.as_str(),
        action: *action,
        outcome,
        verification: *verification,
        error,
        rollback,
    }
}
