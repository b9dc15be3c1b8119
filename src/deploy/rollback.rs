//! Rolling a policy back: what was verified last is brought live again, in place of what let something harmful through.
//!
//! It takes a conclusive verdict on the policy itself, and a verified payload of another digest. It is an operation of
//! its own in the ledger, it happens once, and what it took away is held until its file changes. A pass that is cut off
//! between the verdict and the intent leaves the policy degraded; the next one probes it again and comes back here.

use tracing::warn;

use super::operation::Sent;
use super::{Deployer, StepError};
use crate::digest::Digest;
use crate::drift::Cause;
use crate::entry::{Event, Intent, Operation};
use crate::outcome::{Outcome, Verification};
use crate::policy::PolicyId;
use crate::remote::WriteTenant;
use crate::spans;

/// What became of a roll-back.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollback {
    /// What was to be live again.
    pub digest: Digest,
    /// What it ended in.
    pub outcome: Outcome,
    /// What probing showed of it, where it was probed.
    pub verification: Option<Verification>,
}

impl<T: WriteTenant> Deployer<'_, T> {
    /// Rolls a policy back, where there is something to go back to.
    pub(super) async fn roll_back(&self, id: &PolicyId) -> Result<Option<Rollback>, StepError> {
        if self.drain.is_cancelled() {
            return Ok(None);
        }
        let Some(digest) = self.intend_rollback(id).await? else { return Ok(None) };
        let outcome = self.carry(id, Sent::Never).await?;
        // Whatever it shows, there is no roll-back after a roll-back.
        let judgement = match outcome {
            Outcome::Done => self.verifier().policy(id).await?,
            _ => None,
        };
        let verification = judgement.map(|judgement| judgement.verification);
        spans::came_to(&outcome, verification);
        Ok(Some(Rollback { digest, outcome, verification }))
    }

    /// Begins a roll-back with the payload that was verified, byte for byte. Gives its digest.
    async fn intend_rollback(&self, id: &PolicyId) -> Result<Option<Digest>, StepError> {
        let known = self.ledger.read(|state| {
            let policy = state.policy(id)?;
            Some((policy.applied.as_ref()?.digest, policy.fallback()?.clone()))
        });
        let Some((live, verified)) = known else { return Ok(None) };
        let Event::Intent(before) = self.ledger.entry_at(verified.intent)?.event else {
            return Err(StepError::Internal("an intent that is none"));
        };
        let payload = before.payload.as_ref().ok_or(StepError::Internal("an intent without its payload"))?;
        let intent = Intent {
            operation: Operation::Rollback,
            cause: Cause::Degraded,
            previous_digest: Some(live),
            assessment: self.assess(id, payload)?,
            accepted_weakening: None,
            idempotency_key: (self.host.new_id)(),
            correlation_id: (self.host.new_id)(),
            ..*before
        };
        let correlation = intent.correlation_id;
        spans::goes_on(intent.operation, correlation, intent.digest);
        let recorded = self.ledger.append(Event::Intent(Box::new(intent))).await?;
        warn!(
            name: "policy.rollback", policy = %id, digest = %verified.digest, from = %live, correlation = %correlation,
            entry = recorded.sequence, head = %recorded.hash,
            "rollback {id}: {} let a probe through, so {} goes live again, entry {}, head {}",
            live.short(), verified.digest.short(), recorded.sequence, recorded.hash,
        );
        Ok(Some(verified.digest))
    }
}
