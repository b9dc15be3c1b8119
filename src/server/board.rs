//! What the daemon knows of itself: the last pass, and whether it is alive and ready.
//!
//! The controller tells it what happens; whoever asks is answered from it and from the ledger's state as it is then.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::Hooks;
use crate::config::{Listen, Settings};
use crate::controller::Observer;
use crate::deploy::{Progress, Stage, StepResult};
use crate::digest::Digest;
use crate::entry::{HoldReason, Subject};
use crate::finding::Severity;
use crate::host::Host;
use crate::ledger::Ledger;
use crate::live::LiveView;
use crate::metrics::{Format, Metrics};
use crate::outcome::{Outcome, Verification};
use crate::plan::{Action, Plan};
use crate::policy::TenantName;
use crate::reconcile::{Looks, Report};
use crate::snapshot::Snapshot;
use crate::status::{self, Status};

mod standing;

/// What of the settings counts here.
pub struct Terms {
    /// The policy directory.
    pub policies: PathBuf,
    /// How long nothing may be done before the loop counts as stuck.
    pub patience: Duration,
    /// How old the last pass without a failure may be.
    pub max_staleness: Option<Duration>,
    /// Whether only this machine can ask.
    pub local: bool,
    /// What a pass is asked for with.
    pub token: Option<SecretString>,
    /// Whether each policy is measured.
    pub per_policy: bool,
    /// The tenants of the settings.
    pub tenants: BTreeSet<TenantName>,
}

impl Terms {
    /// Three intervals; and as a step may wait for its job up to the deadline, never less than three of these.
    pub fn of(settings: &Settings) -> Self {
        let deadlines = settings.tenants.values().map(|tenant| tenant.job.deadline);
        let longest = deadlines.max().unwrap_or_default().max(settings.interval);
        Self {
            policies: settings.policies.clone(),
            patience: longest * 3,
            max_staleness: settings.server.max_staleness,
            local: matches!(settings.server.listen, Listen::At(address) if address.ip().is_loopback()),
            token: settings.server.token.clone(),
            per_policy: settings.server.per_policy_metrics,
            tenants: settings.tenants.keys().cloned().collect(),
        }
    }
}

/// Why nothing is done for somebody who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A page in a browser asks.
    Browser,
    /// There is no token, and others than this machine can ask.
    NoToken,
    /// It is another token.
    WrongToken,
}

/// What the daemon knows of itself.
pub struct Board {
    terms: Terms,
    pub(super) hooks: Hooks,
    pub(super) looks: Looks,
    pub(super) ledger: Arc<Ledger>,
    pub(super) host: Host,
    pub(super) metrics: Arc<Metrics>,
    ask: mpsc::Sender<()>,
    started: (Timestamp, Instant),
    shown: Mutex<Shown>,
    exposing: Mutex<()>,
    passed: Arc<Notify>,
}

/// What the passes so far showed.
#[derive(Clone, Default)]
struct Shown {
    looked: Option<(Arc<Snapshot>, Arc<Plan>)>,
    live: Arc<LiveView>,
    findings: BTreeMap<Severity, usize>,
    /// Since when what has drifted has.
    drifted: BTreeMap<Subject, Timestamp>,
    ended: Option<Instant>,
    /// When anything was last done.
    moved: Option<Instant>,
    succeeded: Option<Instant>,
    /// Whether a tenant could be worked with, or none had to be.
    connected: bool,
}

impl Board {
    /// For a daemon that begins now.
    pub fn new(
        terms: Terms,
        (hooks, looks): (Hooks, Looks),
        ledger: Arc<Ledger>,
        host: Host,
        metrics: Arc<Metrics>,
        ask: mpsc::Sender<()>,
    ) -> Self {
        let started = (host.now(), Instant::now());
        Self {
            terms,
            hooks,
            looks,
            ledger,
            host,
            metrics,
            ask,
            started,
            shown: Mutex::default(),
            exposing: Mutex::default(),
            passed: Arc::default(),
        }
    }

    /// Told whenever a pass has ended.
    pub fn passed(&self) -> Arc<Notify> {
        Arc::clone(&self.passed)
    }

    /// Whether the loop is turning: passes end, or within a long one steps do.
    pub(super) fn alive(&self) -> Result<String, String> {
        let since = self.shown().moved.unwrap_or(self.started.1).elapsed();
        let (ago, patience) = (whole_seconds(since), whole_seconds(self.terms.patience));
        match since <= self.terms.patience {
            true => Ok(format!("alive: something was done {ago} ago")),
            false => Err(format!("stuck: nothing was done and no pass ended for {ago}, over {patience}")),
        }
    }

    /// Whether it does its work: once it has made a pass and a tenant could be worked with, for as long as that is fresh.
    pub(super) fn ready(&self) -> Result<String, String> {
        let shown = self.shown();
        if shown.ended.is_none() {
            return Err("not ready: the first pass has not ended".to_owned());
        }
        if !shown.connected {
            return Err("not ready: no tenant could be worked with so far; see the log or /status".to_owned());
        }
        let age = shown.succeeded.unwrap_or(self.started.1).elapsed();
        match self.terms.max_staleness {
            Some(most) if age > most => Err(format!(
                "not ready: the last pass without a failure ended {} ago, over {}",
                whole_seconds(age),
                whole_seconds(most),
            )),
            _ => Ok("ready".to_owned()),
        }
    }

    /// Whether somebody may ask for something to be done.
    pub(super) fn admits(&self, bearer: Option<&str>, from_a_page: bool) -> Result<(), Refusal> {
        // Of a token the digests are compared, so that the time that takes tells nothing of it.
        let digest = |text: &str| Digest::of(text.as_bytes());
        match &self.terms.token {
            _ if from_a_page => Err(Refusal::Browser),
            None if !self.terms.local => Err(Refusal::NoToken),
            Some(token) if bearer.map(digest) != Some(digest(token.expose_secret())) => {
                Err(Refusal::WrongToken)
            }
            _ => Ok(()),
        }
    }

    /// Has a pass made. One that waits is as good as many.
    pub(super) fn ask_now(&self) {
        let _ = self.ask.try_send(());
    }

    /// Whether the settings have that tenant.
    pub(super) fn has_tenant(&self, tenant: &TenantName) -> bool {
        self.terms.tenants.contains(tenant)
    }

    /// The newest plan; nothing before the first look.
    pub(super) fn plan(&self) -> Option<Arc<Plan>> {
        self.shown().looked.as_ref().map(|(_, plan)| Arc::clone(plan))
    }

    /// How everything stands; nothing before the first look.
    pub(super) fn status(&self, query: &status::Query<'_>) -> Option<Status> {
        let (looked, live) = {
            let shown = self.shown();
            (shown.looked.clone(), Arc::clone(&shown.live))
        };
        let (snapshot, plan) = looked?;
        Some(
            self.ledger
                .read(|state| status::status(&snapshot, state, &plan, &live, (query, self.host.now()))),
        )
    }

    pub(super) fn metrics_text(&self, format: Format) -> Result<String, fmt::Error> {
        // One at a time: what stands is written into the metrics and read from them again. Nobody else waits for that.
        let _one = self.exposing.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = self.shown().clone();
        self.metrics.stand(&self.standing(&shown));
        self.metrics.text(format)
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long after its file's change a policy is live and verified.
    fn convergence(&self, result: &StepResult) -> Option<Duration> {
        let verified =
            matches!(result.verification, None | Some(Verification::Verified | Verification::NotConfigured));
        if result.outcome != Outcome::Done
            || !verified
            || !matches!(result.action, Action::Create | Action::Update)
        {
            return None;
        }
        let (_, plan) = self.shown().looked.clone()?;
        let step = plan
            .steps
            .binary_search_by(|step| step.id.cmp(&result.id))
            .ok()
            .and_then(|at| plan.steps.get(at))?;
        let file = self.terms.policies.join(&*step.desired.as_ref()?.origin.file);
        let changed = Timestamp::try_from(fs::metadata(file).ok()?.modified().ok()?).ok()?;
        let since = changed.max(self.started.0);
        Some(self.host.now().duration_since(since).try_into().unwrap_or_default())
    }
}

fn whole_seconds(time: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(time.as_secs()))
}

impl Progress for Board {
    fn knows_nothing(&self) -> bool {
        self.shown().looked.is_none()
    }

    fn planned(&self, snapshot: &Arc<Snapshot>, plan: &Arc<Plan>) {
        let now = self.host.now();
        let mut shown = self.shown();
        shown.moved = Some(Instant::now());
        let mut whole = shown.looked.take().map(|(whole, _)| whole).unwrap_or_default();
        // Nobody else holds it but who answers somebody at this very moment.
        let known = Arc::make_mut(&mut whole);
        known.renew(snapshot);
        known.keep(&plan.named());
        shown.findings = whole.count_findings();
        let steps = plan.steps.iter().filter(|step| step.cause.is_some());
        let subjects = steps.map(|step| Subject::Policy(step.id.clone()));
        // What stays although its file is gone, is suspended, or waits for its window is as it was asked for, so nobody is
        // woken for it.
        let asked_for =
            |reason| matches!(reason, HoldReason::PruneOff | HoldReason::Suspended | HoldReason::Window);
        let held = plan.held.iter().filter(|item| !asked_for(item.reason));
        let drifted: BTreeSet<Subject> = subjects.chain(held.map(|item| item.subject.clone())).collect();
        let before = std::mem::take(&mut shown.drifted);
        shown.drifted = drifted
            .into_iter()
            .map(|it| (before.get(&it).copied().unwrap_or(now), it))
            .map(|(at, it)| (it, at))
            .collect();
        shown.looked = Some((whole, Arc::clone(plan)));
    }

    fn seen(&self, live: &Arc<LiveView>) {
        self.shown().live = Arc::clone(live);
    }

    fn connected(&self, _: &TenantName) {
        self.shown().connected = true;
    }

    fn stage(&self, stage: Stage, took: Duration) {
        self.metrics.stage(stage, took);
    }

    fn ended(&self, result: &StepResult) {
        self.metrics.step_ended(result);
        if let Some(took) = self.convergence(result) {
            self.metrics.converged(took);
        }
        let mut shown = self.shown();
        shown.moved = Some(Instant::now());
        if result.outcome == Outcome::Done {
            shown.drifted.remove(&Subject::Policy(result.id.clone()));
        }
    }
}

impl Observer for Board {
    fn pass_began(&self) {
        self.metrics.pass_began(self.host.now());
    }

    fn pass_ended(&self, report: &Report) {
        let success = report.is_success();
        self.metrics.pass_ended(success, self.host.now());
        let mut shown = self.shown();
        shown.ended = Some(Instant::now());
        shown.moved = shown.ended;
        if success {
            shown.succeeded = shown.ended;
        }
        // Where no tenant had anything to do, none was asked for a token.
        self.passed.notify_one();
        shown.connected |= report.results.is_empty() && report.failures.is_empty();
    }
}

#[cfg(test)]
mod tests;
