//! How an operation's end, or that there is none yet, goes on record and into the log.

use std::time::Duration;

use tracing::{info, warn};

use super::{Deployer, StepError, age};
use crate::entry::{Effect, EffectOutcome, Event, WaitReason, Waiting};
use crate::outcome::{Failure, Fault, Outcome};
use crate::policy::PolicyId;
use crate::remote::WriteTenant;
use crate::spans;
use crate::state::Open;

impl<T: WriteTenant> Deployer<'_, T> {
    /// The tenant has it.
    pub(super) async fn done(
        &self,
        id: &PolicyId,
        open: &Open,
        policy_id: Option<String>,
        attempts: u32,
    ) -> Result<Outcome, StepError> {
        let duration_ms = millis(age(open.time, self.host.now()));
        let effect = self.effect(id, open, EffectOutcome::Done, attempts, None);
        let recorded = self.ledger.append(Event::Effect(Effect { policy_id, duration_ms, ..effect })).await?;
        info!(
            name: "policy.deployed", policy = %id, digest = %open.digest, job = open.job.as_ref().map(|job| &*job.id),
            duration_ms, correlation = %open.correlation_id, revision = open.origin.revision(),
            entry = recorded.sequence, head = %recorded.hash,
            "{} {id}: done in {:.1} s, entry {}, head {}",
            open.operation, duration_ms as f64 / 1000.0, recorded.sequence, recorded.hash,
        );
        Ok(Outcome::Done)
    }

    /// It did not come about.
    pub(super) async fn fail(
        &self,
        id: &PolicyId,
        open: &Open,
        failure: Failure,
    ) -> Result<Outcome, StepError> {
        let outcome = match failure.fault {
            Fault::Rejected => EffectOutcome::Rejected,
            _ => EffectOutcome::Failed,
        };
        self.end_badly(id, open, outcome, failure).await
    }

    /// Ends an operation whose end will not be known.
    pub(super) async fn abandon(
        &self,
        id: &PolicyId,
        open: &Open,
        failure: Failure,
    ) -> Result<Outcome, StepError> {
        self.end_badly(id, open, EffectOutcome::Abandoned, failure).await
    }

    async fn end_badly(
        &self,
        id: &PolicyId,
        open: &Open,
        outcome: EffectOutcome,
        failure: Failure,
    ) -> Result<Outcome, StepError> {
        let effect = self.effect(id, open, outcome, failure.attempts, Some(failure.message.clone()));
        let recorded = self.ledger.append(Event::Effect(effect)).await?;
        warn!(
            name: "policy.failed", policy = %id, digest = %open.digest, outcome = %outcome, error = failure.message,
            correlation = %open.correlation_id, entry = recorded.sequence, head = %recorded.hash,
            "{} {id}: {outcome}: {}, entry {}, head {}", open.operation, failure.message, recorded.sequence, recorded.hash,
        );
        Ok(Outcome::Stalled(failure))
    }

    /// Nothing is to be sent: a verdict that is still to come belongs to the operation that brought about what is applied.
    pub(super) fn verifies(&self, id: &PolicyId) -> Outcome {
        let applied = self.ledger.read(|state| {
            let applied = state.policy(id)?.applied.as_ref()?;
            Some((applied.correlation_id, applied.digest))
        });
        if let Some((correlation, digest)) = applied {
            spans::goes_on("verify", correlation, digest);
        }
        Outcome::Done
    }

    /// Records what a live read showed to be there already.
    pub(super) async fn adopt(
        &self,
        id: &PolicyId,
        open: &Open,
        policy_id: Option<String>,
    ) -> Result<Outcome, StepError> {
        self.done(id, open, policy_id, 0).await
    }

    /// It goes on, and this pass waits no longer, or sends it again.
    pub(super) async fn wait(
        &self,
        id: &PolicyId,
        open: &Open,
        reason: WaitReason,
        failure: &Failure,
    ) -> Result<(), StepError> {
        let waiting = Waiting {
            id: id.clone(),
            correlation_id: open.correlation_id,
            reason,
            job_id: open.job.as_ref().map(|job| job.id.clone()),
            error: failure.message.clone(),
            attempts: failure.attempts,
        };
        let recorded = self.ledger.append(Event::Waiting(waiting)).await?;
        warn!(
            name: "policy.waiting", policy = %id, reason = %reason, error = failure.message,
            correlation = %open.correlation_id, entry = recorded.sequence, head = %recorded.hash,
            "{} {id}: {reason}: {}, entry {}, head {}", open.operation, failure.message, recorded.sequence, recorded.hash,
        );
        Ok(())
    }

    fn effect(
        &self,
        id: &PolicyId,
        open: &Open,
        outcome: EffectOutcome,
        attempts: u32,
        error: Option<String>,
    ) -> Effect {
        Effect {
            id: id.clone(),
            correlation_id: open.correlation_id,
            digest: open.digest,
            outcome,
            job_id: open.job.as_ref().map(|job| job.id.clone()),
            policy_id: None,
            attempts,
            duration_ms: millis(age(open.time, self.host.now())),
            error,
        }
    }
}

/// Milliseconds, as entries have them.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
