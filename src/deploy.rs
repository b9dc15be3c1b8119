//! Carrying out the steps of a plan at one tenant: many jobs at once, each on record before and after.
//!
//! A step harms only itself: its failure is an [`Outcome`]. Only the ledger's failing ends everything, since nothing may
//! happen that it can't tell. What has come counts before a stop that comes with it (`biased`), and so the same course of
//! things has the same end each time.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug_span};
use uuid::Uuid;

use crate::config::Tenant;
use crate::digest::Digest;
use crate::direction::Assessment;
use crate::entry::Operation;
use crate::host::Host;
use crate::ledger::{Ledger, LedgerError};
use crate::live::digest_of;
use crate::outcome::{Failure, Fault, Outcome, Verification};
use crate::payload::Payload;
use crate::plan::{Action, Step};
use crate::policy::{PolicyId, PolicyName};
use crate::remote::{LivePolicy, WriteTenant};
use crate::snapshot::Desired;
use crate::source::{PayloadError, Payloads};
use crate::spans;
use crate::state::Open;
use crate::verify::{Judgement, Verifier};
use frozen::not_resent;
use operation::Sent;
use pace::Pace;

mod ending;
mod frozen;
mod late;
mod lost;
mod operation;
pub mod pace;
mod progress;
mod rollback;

pub use progress::{Progress, Stage};
pub use rollback::Rollback;

/// What ends a pass.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The ledger can't be written or read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// chatward contradicts itself.
    #[error("internal: {0}; please report this")]
    Internal(&'static str),
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// Which policy.
    pub id: PolicyId,
    /// What was to be done.
    pub action: Action,
    /// What it ended in.
    pub outcome: Outcome,
    /// What probing showed, where it was probed.
    pub verification: Option<Verification>,
    /// What was done about it, where that called for a roll-back.
    pub rollback: Option<Rollback>,
}

/// What of a live policy counts here.
struct Listed {
    policy_id: Option<String>,
    digest: Digest,
}

impl Listed {
    fn of(policy: LivePolicy) -> Self {
        Self { digest: digest_of(&policy.payload), policy_id: policy.policy_id }
    }
}

/// Works at one tenant for one pass.
pub struct Deployer<'a, T> {
    /// Where everything is put on record.
    pub ledger: &'a Ledger,
    /// The tenant's settings.
    pub settings: &'a Tenant,
    /// The tenant.
    pub remote: &'a T,
    /// How its jobs are polled.
    pub pace: &'a Pace,
    /// Where what is wanted is read.
    pub payloads: &'a Payloads,
    /// Time, ids and chance.
    pub host: &'a Host,
    /// No step is begun after this.
    pub drain: &'a CancellationToken,
    /// Nothing is waited for after this: what is under way is on record.
    pub stop: &'a CancellationToken,
    /// Whoever wants to know how far it is.
    pub progress: &'a dyn Progress,
    /// What is live, read at most once a pass.
    live: OnceCell<Result<BTreeMap<PolicyName, Listed>, Failure>>,
}

impl<'a, T: WriteTenant> Deployer<'a, T> {
    /// For one tenant and one pass.
    pub fn new(
        ledger: &'a Ledger,
        settings: &'a Tenant,
        (remote, pace, payloads): (&'a T, &'a Pace, &'a Payloads),
        host: &'a Host,
        (drain, stop): (&'a CancellationToken, &'a CancellationToken),
        progress: &'a dyn Progress,
    ) -> Self {
        Self { ledger, settings, remote, pace, payloads, host, drain, stop, progress, live: OnceCell::new() }
    }

    /// Takes all steps, as many at once as the tenant may have jobs. Steps that were not begun before the pass was stopped
    /// have no result.
    ///
    /// # Errors
    /// Only where the ledger fails.
    pub async fn run(&self, steps: &[&Step]) -> Result<Vec<StepResult>, StepError> {
        self.look_for_lost(steps).await?;
        let mut running = stream::iter(steps)
            .map(|step| self.step(step).instrument(spans::operation(&step.id)))
            .buffer_unordered(self.settings.limits.jobs_in_flight);
        let mut results = Vec::with_capacity(steps.len());
        while let Some(result) = running.next().await {
            if let Some(result) = result? {
                self.progress.ended(&result);
                results.push(result);
            }
        }
        drop(running);
        self.verify_tenant(&mut results).await?;
        results.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(results)
    }

    async fn step(&self, step: &Step) -> Result<Option<StepResult>, StepError> {
        if self.drain.is_cancelled() || self.must_not_begin(step) {
            return Ok(None);
        }
        // Nothing is meant that would not be sent.
        if step.action.is_change()
            && let Some(until) = self.breaker_open_until()
        {
            let why = format!("not begun: the tenant's breaker is open until {}", until.strftime("%FT%TZ"));
            let outcome = Outcome::Stalled(Failure::new(Fault::Unavailable, why, 0));
            return Ok(Some(StepResult {
                id: step.id.clone(),
                action: step.action,
                outcome,
                verification: None,
                rollback: None,
            }));
        }
        // Whatever is done: that an abandoned job ended after all is known before.
        let asked = self.ask_abandoned(&step.id).await?;
        let step = &*self.in_view_of_late_ends(step);
        let outcome = match step.action {
            Action::Watch => match asked {
                Ok(()) => Outcome::Done,
                Err(failure) => Outcome::Stalled(failure),
            },
            Action::Resume => self.resume(step).await?,
            // What the tenant turned out to have already is resolved, and not sent.
            Action::Create if self.is_open(&step.id) => self.resume(step).await?,
            Action::Create | Action::Update => self.deploy(step).await?,
            Action::Remove => {
                self.intend_removal(step).await?;
                self.carry(&step.id, Sent::Never).await?
            }
            Action::Verify => self.verifies(&step.id),
        };
        let judgement = match (&outcome, step.action) {
            (Outcome::Done, Action::Remove | Action::Watch)
            | (Outcome::Waiting(_) | Outcome::Stalled(_) | Outcome::InDoubt(_), _) => None,
            (Outcome::Done, _) => self.verify(&step.id).await?,
        };
        spans::came_to(&outcome, judgement.map(|judgement| judgement.verification));
        let rollback = match judgement {
            Some(Judgement { rolls_back: true, .. }) if !self.is_left_alone(step) => {
                self.roll_back(&step.id).await?
            }
            _ => None,
        };
        let verification = judgement.map(|judgement| judgement.verification);
        Ok(Some(StepResult { id: step.id.clone(), action: step.action, outcome, verification, rollback }))
    }

    fn is_open(&self, id: &PolicyId) -> bool {
        self.ledger.read(|state| state.policy(id).is_some_and(|policy| policy.open.is_some()))
    }

    /// Until when nothing is sent. The breaker goes by a steady clock: where the wall clock was set back meanwhile, its
    /// end would seem further away than it ever can be.
    fn breaker_open_until(&self) -> Option<Timestamp> {
        let now = self.host.now();
        let longest = SignedDuration::try_from(self.settings.breaker.max_open).unwrap_or(SignedDuration::MAX);
        let until = self.remote.breaker().open_until(now)?;
        (until.duration_since(now) <= longest).then_some(until)
    }

    fn verifier(&self) -> Verifier<'_, T> {
        Verifier { ledger: self.ledger, settings: self.settings, remote: self.remote }
    }

    /// Probes one policy, unless the pass is stopped: a later one then does.
    async fn verify(&self, id: &PolicyId) -> Result<Option<Judgement>, StepError> {
        let verifier = self.verifier();
        tokio::select! {
            biased;
            judgement = verifier.policy(id).instrument(debug_span!("verify")) => Ok(judgement?),
            () = self.stop.cancelled() => Ok(None),
        }
    }

    /// Probes the tenant once for all policies that this pass deployed, where its endpoint knows none of them.
    async fn verify_tenant(&self, results: &mut [StepResult]) -> Result<(), StepError> {
        let verifier = self.verifier();
        let deployed =
            |result: &&mut StepResult| result.outcome == Outcome::Done && result.action != Action::Remove;
        let mut deployed: Vec<&mut StepResult> = results.iter_mut().filter(deployed).collect();
        if !verifier.is_tenant_wide() || deployed.is_empty() || self.stop.is_cancelled() {
            return Ok(());
        }
        let probes = tokio::select! {
            biased;
            probes = verifier.tenant((self.host.new_id)()) => probes,
            () = self.stop.cancelled() => return Ok(()),
        };
        for result in &mut deployed {
            result.verification = verifier.judge_by_tenant(&result.id, &probes).await?;
        }
        Ok(())
    }

    async fn deploy(&self, step: &Step) -> Result<Outcome, StepError> {
        let desired = step.desired.as_ref().ok_or(StepError::Internal("nothing to deploy"))?;
        let payload = match self.wanted(&step.id, desired).await? {
            Ok(payload) => payload,
            Err(why) => return Ok(Outcome::Stalled(Failure::new(Fault::Unavailable, why.to_string(), 0))),
        };
        // Once an older operation has ended, what is applied may be other than the plan knew.
        let assessment = match &step.assessment {
            Some(known) if step.action != Action::Resume => Some(known.clone()),
            _ => self.assess(&step.id, &payload)?,
        };
        self.intend(&Step { assessment, ..step.clone() }, desired, payload).await?;
        self.carry(&step.id, Sent::Never).await
    }

    /// The payload of what is wanted, from its file: exactly what the plan was made from.
    async fn wanted(
        &self,
        id: &PolicyId,
        desired: &Desired,
    ) -> Result<Result<Payload, PayloadError>, StepError> {
        let (payloads, id, desired) = (self.payloads.clone(), id.clone(), desired.clone());
        let read = self.host.wait_for(move || payloads.get(&id, &desired)).await;
        read.map_err(|_| StepError::Internal("a reader panicked"))
    }

    /// Finds out how an earlier operation ended, and only then deploys what is wanted now.
    async fn resume(&self, step: &Step) -> Result<Outcome, StepError> {
        let open = self.ledger.read(|state| state.policy(&step.id)?.open.clone());
        let open = open.ok_or(StepError::Internal("nothing to resume"))?;
        spans::goes_on(open.operation, open.correlation_id, open.digest);
        let outcome = match &open.job {
            Some(_) if self.is_left_alone(step) => self.carry(&step.id, Sent::Frozen).await?,
            Some(_) => self.carry(&step.id, Sent::Maybe).await?,
            None if self.is_left_alone(step) => not_resent(),
            None => self.resolve(&step.id, &open).await?,
        };
        let ended =
            self.ledger.read(|state| state.policy(&step.id).is_none_or(|policy| policy.open.is_none()));
        let applied = self.applied(&step.id);
        let rolled_back = self.ledger.read(|state| state.policy(&step.id)?.rolled_back);
        let overtaken = self.is_overtaken(step);
        match &step.desired {
            Some(desired)
                if ended && !self.drain.is_cancelled() && !step.suspended && self.may_begin(&step.id) =>
            {
                let old = [applied, Some(open.digest), rolled_back];
                let newer = !old.contains(&Some(desired.digest));
                if !newer && !overtaken {
                    return Ok(outcome);
                }
                spans::came_to(&outcome, None);
                let cause = step.cause.unwrap_or(open.cause);
                self.deploy(&Step { applied, cause: Some(cause), ..step.clone() }).await
            }
            _ => Ok(outcome),
        }
    }

    /// An intent without a location: whether its request arrived is not known. A live read tells; else it is sent again
    /// under its key, as long as the tenant remembers keys; else its end will not be known.
    async fn resolve(&self, id: &PolicyId, open: &Open) -> Result<Outcome, StepError> {
        if let Ok(live) = self.live(open.correlation_id).await {
            let policy = live.get(&id.name);
            let there = policy.filter(|policy| policy.digest == open.digest);
            match (open.operation, policy, there) {
                (Operation::Remove, None, _) => return self.adopt(id, open, None).await,
                (Operation::Deploy | Operation::Rollback, _, Some(policy)) => {
                    return self.adopt(id, open, policy.policy_id.clone()).await;
                }
                _ => {}
            }
        }
        if self.remembers(open.time) {
            return self.carry(id, Sent::Maybe).await;
        }
        let lifetime = humantime::format_duration(self.settings.key_lifetime);
        let why =
            format!("whether it was submitted is not known, and its key is older than {lifetime}: abandoned");
        self.abandon(id, open, Failure::new(Fault::InDoubt, why, 0)).await
    }

    /// Whether the tenant still remembers a key of that time. Where the clock was set back since, nobody knows: it is taken
    /// to, since what is sent again under its key is at worst done twice, as it would be under another.
    fn remembers(&self, time: Timestamp) -> bool {
        age(time, self.host.now()) < self.settings.key_lifetime
    }

    /// What is live, where the tenant offers live reads; read at most once a pass.
    async fn live(&self, correlation: Uuid) -> Result<&BTreeMap<PolicyName, Listed>, &Failure> {
        let read = || async {
            let listing = self.remote.live(correlation).await?;
            let named = listing.into_iter().filter_map(|policy| Some((policy.name.clone()?, policy)));
            Ok(named.map(|(name, policy)| (name, Listed::of(policy))).collect())
        };
        self.live.get_or_init(read).await.as_ref()
    }

    /// Whether something guards better or worse than what is applied now, where anything is.
    fn assess(&self, id: &PolicyId, new: &Payload) -> Result<Option<Assessment>, StepError> {
        let applied = self.ledger.read(|state| Some(state.policy(id)?.applied.as_ref()?.intent));
        applied.map(|intent| Ok(Assessment::of(&self.payload(intent)?, new))).transpose()
    }

    fn applied(&self, id: &PolicyId) -> Option<Digest> {
        self.ledger.read(|state| Some(state.policy(id)?.applied.as_ref()?.digest))
    }
}

/// How long ago a moment of the wall clock was; nothing where the clock was set back behind it.
fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}
