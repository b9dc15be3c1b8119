//! Jobs of abandoned operations: one may end after all, over what was brought live since.
//!
//! Each is asked once in every pass that has something to do with its policy, for as long as the tenant remembers keys.
//! What it brought about is on record before anything else is meant, and what is wanted is then submitted once more.

use std::borrow::Cow;

use tracing::{info, warn};

use super::{Deployer, StepError};
use crate::drift::Cause;
use crate::entry::{Event, Late, LateOutcome};
use crate::outcome::{Failure, Fault};
use crate::plan::{Action, Step};
use crate::policy::PolicyId;
use crate::remote::{JobState, WriteTenant};

impl<T: WriteTenant> Deployer<'_, T> {
    /// Asks the abandoned jobs of a policy, and records those that have ended. A failure is why one can't be asked now;
    /// a later pass asks it again.
    pub(super) async fn ask_abandoned(&self, id: &PolicyId) -> Result<Result<(), Failure>, StepError> {
        let abandoned =
            self.ledger.read(|state| Some(state.policy(id)?.abandoned.clone())).unwrap_or_default();
        for operation in abandoned {
            let late = |outcome| Late {
                id: id.clone(),
                correlation_id: operation.correlation_id,
                digest: operation.digest,
                outcome,
                job_id: operation.job.id.clone(),
                policy_id: None,
                error: None,
            };
            if !self.remembers(operation.time) {
                self.record_late(late(LateOutcome::Unwatched)).await?;
                continue;
            }
            let answer = tokio::select! {
                biased;
                answer = self.remote.job(&operation.job, operation.correlation_id) => answer,
                () = self.stop.cancelled() => return Ok(Ok(())),
            };
            let late = match answer {
                Ok(JobState::Running { .. }) => continue,
                Ok(JobState::Done { policy_id }) => Late { policy_id, ..late(LateOutcome::Done) },
                Ok(JobState::Failed { message }) => {
                    Late { error: Some(message), ..late(LateOutcome::Failed) }
                }
                Err(failure) if failure.fault == Fault::LostJob => {
                    Late { error: Some(failure.message), ..late(LateOutcome::Lost) }
                }
                Err(failure) => return Ok(Err(failure)),
            };
            self.record_late(late).await?;
        }
        Ok(Ok(()))
    }

    async fn record_late(&self, late: Late) -> Result<(), StepError> {
        let Late { id, outcome, job_id, digest, correlation_id, .. } = late.clone();
        let recorded = self.ledger.append(Event::Late(late)).await?;
        if outcome == LateOutcome::Done {
            warn!(
                name: "policy.late", policy = %id, outcome = %outcome, digest = %digest, job = job_id,
                correlation = %correlation_id, entry = recorded.sequence, head = %recorded.hash,
                "late {id}: job {job_id} ended after its operation was abandoned, and {} is live, entry {}, head {}",
                digest.short(), recorded.sequence, recorded.hash,
            );
        } else {
            info!(
                name: "policy.late", policy = %id, outcome = %outcome, digest = %digest, job = job_id,
                correlation = %correlation_id, entry = recorded.sequence, head = %recorded.hash,
                "late {id}: job {job_id} of an abandoned operation: {outcome}, entry {}, head {}",
                recorded.sequence, recorded.hash,
            );
        }
        Ok(())
    }

    /// The step that follows from what was learnt. Where a late job ended over what is wanted, that is sent once more;
    /// where it brought just that, nothing is sent, and it is only verified. What a late removal took away need not be
    /// removed.
    pub(super) fn in_view_of_late_ends<'s>(&self, step: &'s Step) -> Cow<'s, Step> {
        let applied = self.applied(&step.id);
        let wanted = step.desired.as_ref().map(|desired| desired.digest);
        match step.action {
            Action::Verify | Action::Watch
                if self.is_overtaken(step) && !step.suspended && self.may_begin(&step.id) =>
            {
                Cow::Owned(Step {
                    action: Action::Update,
                    cause: Some(Cause::Live),
                    applied,
                    assessment: None,
                    ..step.clone()
                })
            }
            Action::Create | Action::Update
                if applied != step.applied && applied == wanted && !self.is_overtaken(step) =>
            {
                Cow::Owned(Step { action: Action::Verify, applied, ..step.clone() })
            }
            Action::Remove if applied.is_none() => {
                Cow::Owned(Step { action: Action::Watch, applied, ..step.clone() })
            }
            _ => Cow::Borrowed(step),
        }
    }

    /// Whether a late job ended over what is wanted, so that it has to be brought live once more.
    pub(super) fn is_overtaken(&self, step: &Step) -> bool {
        let overtaken =
            self.ledger.read(|state| state.policy(&step.id).is_some_and(|it| it.overtaken.is_some()));
        overtaken && step.desired.is_some() && !self.drain.is_cancelled()
    }
}
