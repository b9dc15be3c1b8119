//! The daemon: when a pass is made, and how it ends.
//!
//! It owns time and triggers, and decides nothing about policies: a hint, an interval, a back-off that is over and
//! `SIGHUP` all mean the same, a pass. One pass runs at a time.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::deploy::{Progress, StepError};
use crate::host::Host;
use crate::plan::{self, Plan, Retry};
use crate::reconcile::{Reconciler, Report};
use crate::remote::WriteTenant;
use crate::source::Scope;
use crate::source::watch::{Armed, Watch};
use crate::state::State;

/// How a daemon is asked to end: first by beginning nothing new, then by waiting for nothing more.
#[derive(Debug, Clone, Default)]
pub struct Stops {
    /// No step is begun after this.
    pub drain: CancellationToken,
    /// Nothing is waited for after this.
    pub stop: CancellationToken,
}

/// Why a pass is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trigger {
    Start,
    Change,
    Interval,
    Asked,
    Live,
}

impl Trigger {
    fn text(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Change => "change",
            Self::Interval => "interval",
            Self::Asked => "asked",
            Self::Live => "live",
        }
    }
}

/// Whoever wants to know how the daemon fares.
pub trait Observer: Progress {
    /// A pass begins.
    fn pass_began(&self) {}
    /// It has ended.
    fn pass_ended(&self, _report: &Report) {}
}

/// Nobody does.
impl Observer for () {}

/// Makes passes until it is asked to end.
///
/// # Errors
/// Only where the ledger fails.
pub async fn run<T: WriteTenant>(
    mut reconciler: Reconciler<T>,
    mut watch: Watch,
    mut asked: mpsc::Receiver<()>,
    stops: &Stops,
    host: &Host,
    observer: &dyn Observer,
) -> Result<(), StepError> {
    let mut trigger = Trigger::Start;
    let (mut scope, mut armed) = (Scope::Everything, None);
    while !stops.drain.is_cancelled() {
        if trigger == Trigger::Change {
            info!(name: "source.changed", "the policy directory changed");
        }
        arm(&mut watch, trigger, &mut armed);
        debug!(name: "pass.started", trigger = trigger.text(), "a pass: {}", trigger.text());
        observer.pass_began();
        let report = reconciler.pass((Retry::Due, &scope), (&stops.drain, &stops.stop), observer).await?;
        observer.pass_ended(&report);
        log(trigger, &report);
        scope = Scope::Everything;
        if report.look_again {
            trigger = Trigger::Live;
            continue;
        }
        let interval = reconciler.settings().interval;
        let wait = reconciler.ledger().read(|state| next(state, &report.plan, host.now(), interval));
        let wait = reconciler.live_wait().map_or(wait, |live| live.min(wait));
        trigger = tokio::select! {
            hinted = watch.hint() => {
                scope = hinted;
                Trigger::Change
            }
            Some(()) = asked.recv() => Trigger::Asked,
            () = tokio::time::sleep(wait) => Trigger::Interval,
            () = stops.drain.cancelled() => break,
        };
    }
    reconciler.keep_index().await?;
    reconciler.ledger().checkpoint(true)?;
    Ok(())
}

/// Watches whatever is at the path now; a change has told whether that is something else. That it has to be polled is said once, and once that it need not be any more.
fn arm(watch: &mut Watch, trigger: Trigger, before: &mut Option<Armed>) {
    let now = match trigger {
        Trigger::Change => watch.rearm(),
        Trigger::Start | Trigger::Interval | Trigger::Asked | Trigger::Live => watch.arm(),
    };
    match (&now, before.as_ref()) {
        (Armed::Deaf(why), before) if before != Some(&now) => {
            warn!(name: "source.polled", error = why, "no events, so the policy directory is polled: {why}");
        }
        (Armed::Events, Some(Armed::Deaf(_))) => {
            info!(name: "source.watched", "the policy directory is watched by events again");
        }
        _ => {}
    }
    *before = Some(now);
}

fn log(trigger: Trigger, report: &Report) {
    if report.results.is_empty() && report.failures.is_empty() {
        debug!(name: "pass.ended", trigger = trigger.text(), "nothing was done: {}", report.plan);
        return;
    }
    let done = report.results.iter().filter(|result| result.outcome == crate::outcome::Outcome::Done).count();
    info!(
        name: "pass.ended", trigger = trigger.text(), done, steps = report.plan.steps.len(),
        failed_tenants = report.failures.len(), "{done} of {} steps done", report.plan.steps.len(),
    );
}

/// How long until the next pass without an event: the interval, or less where a back-off is over before, a breaker lets its
/// trial through, a suspension ends, or a change window opens for what waits.
fn next(state: &State, plan: &Plan, now: Timestamp, interval: Duration) -> Duration {
    let setbacks = state.policies().filter_map(|(_, policy)| policy.setback.as_deref());
    let setbacks = setbacks.filter(|setback| !setback.rejected).map(plan::due);
    let breakers = state.tenants.values().filter_map(|tenant| tenant.breaker.open_until(now));
    let tried = setbacks.chain(breakers).filter(|due| *due > now);
    let suspensions = state.suspended().map(|(_, asked)| asked.term.until);
    // When it was planned this was still to come: what came meanwhile is due now.
    let held = plan.held.iter().filter_map(|item| item.until);
    let due = tried.chain(suspensions).chain(held).min();
    let wait = due.map(|due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
    wait.map_or(interval, |wait| wait.min(interval))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breaker::BreakerState;
    use crate::digest::Digest;
    use crate::entry::{Binding, HoldReason, Subject};
    use crate::plan::HeldItem;
    use crate::state::{PolicyState, Setback, TenantState};

    #[test]
    fn the_next_pass_is_due_with_the_first_back_off() {
        let time: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let interval = Duration::from_secs(300);
        let closed = BreakerState::default;
        let state = |rejected, count, breaker: BreakerState| {
            let setback = Setback { digest: Digest::of(b""), rejected, count, time, error: String::new() };
            let policy = PolicyState { setback: Some(setback.into()), ..PolicyState::default() };
            let binding = Binding { preset: String::new(), origin: String::new(), organisation: None };
            let policies = [("a".parse().unwrap(), policy)].into();
            let tenant =
                TenantState { binding, failure: None, breaker, webhooks: Default::default(), policies };
            State { tenants: [("t".parse().unwrap(), tenant)].into(), ..State::default() }
        };
        assert_eq!(next(&State::default(), &Plan::default(), time, interval), interval);
        assert_eq!(
            next(&state(false, 1, closed()), &Plan::default(), time, interval),
            Duration::from_secs(60)
        );
        assert_eq!(
            next(&state(false, 2, closed()), &Plan::default(), time, interval),
            Duration::from_secs(120)
        );
        assert_eq!(next(&state(false, 9, closed()), &Plan::default(), time, interval), interval);
        assert_eq!(next(&state(true, 1, closed()), &Plan::default(), time, interval), interval);
        let held = |seconds: i64| {
            let item = HeldItem {
                subject: Subject::File { file: "a.yaml".into() },
                reason: HoldReason::Window,
                detail: String::new(),
                cause: None,
                digest: None,
                origin: None,
                changes: Vec::new(),
                assessment: None,
                until: Some(time + jiff::SignedDuration::from_secs(seconds)),
                suspension: None,
            };
            Plan { held: vec![item], ..Plan::default() }
        };
        assert_eq!(next(&State::default(), &held(30), time, interval), Duration::from_secs(30));
        assert_eq!(
            next(&State::default(), &held(-1), time, interval),
            Duration::ZERO,
            "a window that opened during the pass is not waited for"
        );
        let open = |seconds| BreakerState::Open {
            until: time + jiff::SignedDuration::from_secs(seconds),
            why: String::new(),
        };
        assert_eq!(
            next(&state(false, 9, open(30)), &Plan::default(), time, interval),
            Duration::from_secs(30)
        );
        assert_eq!(
            next(&state(false, 9, open(0)), &Plan::default(), time, interval),
            interval,
            "its trial is waited for no longer"
        );
    }
}
