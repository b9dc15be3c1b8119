//! `chatward apply`: one pass.

use std::sync::Arc;

use std::io::IsTerminal as _;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};

use super::plan::file;
use super::{Exit, print, setup};
use crate::cli::{Apply, Output};
use crate::config::Overrides;
use crate::deploy::{Progress, StepResult};
use crate::entry::HoldReason;
use crate::host::Host;
use crate::outcome::{Fault, Outcome, Verification};
use crate::plan::Retry;
use crate::plan::file::PlanFile;
use crate::reconcile::{Reconciler, Report};
use crate::render;
use crate::source::Scope;

pub(super) async fn run(args: Apply) -> anyhow::Result<Exit> {
    let host = Host::real();
    let stops = setup::stops()?;
    let reviewed = args.plan.as_deref().map(file::read).transpose()?;
    let prune = args.write.prune || reviewed.as_ref().is_some_and(PlanFile::prunes);
    let overrides = Overrides { prune, ..Overrides::default() };
    let mut settings = setup::settings(&args.common, &overrides)?;
    let _simulated = setup::simulate(&mut settings, &args.sandbox).await?;
    let tenants = setup::tenants(&settings, &Arc::new(()))?;
    let ledger = setup::ledger(&settings, &host, args.write.standby, &stops).await?;
    let asked = host.clone();
    let mut reconciler = Reconciler::new(settings, ledger, tenants, host, args.write.rebind).await?;
    let retry = if args.retry { Retry::Rejected } else { Retry::Failed };
    let bar = Bar::new();
    if reviewed.as_ref().is_some_and(PlanFile::asks_live) {
        reconciler.look_at_all().await;
    }
    let survey = reconciler.survey((retry, &Scope::Everything), &bar).await?;
    if let Some(reviewed) = &reviewed {
        let settings = reconciler.settings();
        let fresh = file::of(&survey.plan, settings, (reviewed.asks_live(), settings.prune), &asked);
        let path = args.plan.unwrap_or_default();
        let stale = || format!("{} is stale: make a new one with chatward plan --out", path.display());
        reviewed.check(&fresh).with_context(stale)?;
    }
    let report = reconciler.carry_out(survey, (&stops.drain, &stops.stop), &bar).await?;
    reconciler.ledger().checkpoint(true)?;
    reconciler.keep_index().await?;
    match args.output {
        Output::Text => print(render::apply::text(&report))?,
        Output::Json => print(render::apply::json(&report)? + "\n")?,
    }
    Ok(if stops.drain.is_cancelled() { Exit::Cancelled } else { exit(&report) })
}

/// What a pass comes to. A policy whose file is gone while pruning is off is as it was asked for, and so is one that is suspended.
fn exit(report: &Report) -> Exit {
    let bad = |result: &StepResult| {
        result.outcome != Outcome::Done || result.verification == Some(Verification::Degraded)
    };
    let failed = report.results.iter().filter(|result| bad(result)).count();
    let asked_for = |reason| matches!(reason, HoldReason::PruneOff | HoldReason::Suspended);
    let held = report.plan.held.iter().filter(|item| !asked_for(item.reason)).count();
    let fine = report.results.len() - failed + report.plan.in_sync;
    let refused = report.failures.values().filter(|failure| failure.fault == Fault::Credentials).count();
    let refused = refused + report.results.iter().filter(|result| is_refused(&result.outcome)).count();
    // What was rolled back is live as it was verified last: something went wrong, but not everything.
    let rolled_back =
        |result: &StepResult| matches!(&result.rollback, Some(it) if it.outcome == Outcome::Done);
    let fine = fine
        + report.results.iter().filter(|result| rolled_back(result)).count()
        + report.plan.held.iter().filter(|item| item.reason == HoldReason::RolledBack).count();
    match (failed + held + report.failures.len(), fine) {
        (0, _) if report.snapshot.void.is_some() => Exit::Failed,
        (0, _) => Exit::Fine,
        (_, 0) if refused > 0 => Exit::Credentials,
        (_, 0) => Exit::Failed,
        (_, _) => Exit::Partial,
    }
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Stalled(failure) if failure.fault == Fault::Credentials)
}

/// Whether there is a terminal to draw a bar on.
pub(super) fn has_bar() -> bool {
    std::io::stderr().is_terminal()
}

/// A progress bar over policies.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        Self(ProgressBar::hidden())
    }
}

impl Progress for Bar {
    fn begin(&self, steps: usize) {
        if steps == 0 || !has_bar() {
            return;
        }
        self.0.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        self.0.set_length(steps as u64);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} policies, {elapsed} {wide_msg}");
        self.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.0.enable_steady_tick(std::time::Duration::from_millis(200));
    }

    fn ended(&self, result: &StepResult) {
        self.0.set_message(result.id.to_string());
        self.0.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
