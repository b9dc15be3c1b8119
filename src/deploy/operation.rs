//! One operation on one policy, carried from wherever the ledger says that it stands to its end.
//!
//! ```text
//! intent ─► submit ─► location ─► poll … ─► effect
//! ```
//!
//! Everything that is learnt goes into the ledger before the next step is taken, so an operation that was cut off anywhere
//! is carried on from there: by asking its job, or by the same submit under the same key.

use std::time::Duration;

use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, debug, debug_span, info};

use super::ending::millis;
use super::frozen::not_resent;
use super::pace::{self, Asked};
use super::{Deployer, StepError};
use crate::entry::{Event, Intent, Location, Operation, WaitReason};
use crate::outcome::{Failure, Fault, Outcome};
use crate::payload::{Payload, PayloadMetadata, UPDATED_BY};
use crate::plan::Step;
use crate::policy::PolicyId;
use crate::remote::{JobState, Next, Submitted, Under, WriteTenant};
use crate::snapshot::Desired;
use crate::spans;
use crate::state::{Job, Open};

/// After how many deadlines an operation is abandoned.
const MAX_DEADLINES: u32 = 3;

/// Whether an operation was sent to its tenant before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It has just begun.
    Never,
    /// It was open already: it may have been sent, and taken.
    Maybe,
    /// As before, and nothing may be sent now: its policy is suspended.
    Frozen,
}

impl<T: WriteTenant> Deployer<'_, T> {
    /// Begins the operation that a step asks for: its intent goes to disk first.
    pub(super) async fn intend(
        &self,
        step: &Step,
        desired: &Desired,
        payload: Payload,
    ) -> Result<(), StepError> {
        let cause = self.cause(step).ok_or(StepError::Internal("a step without a cause"))?;
        let payload = payload.stamped(PayloadMetadata {
            updated_by: UPDATED_BY.to_owned(),
            validation_timestamp: self.host.now(),
            policy_name: step.id.name.clone(),
            policy_hash: desired.digest,
            source_revision: desired.origin.clean_revision().map(str::to_owned),
        });
        let intent = Intent {
            id: step.id.clone(),
            operation: Operation::Deploy,
            cause,
            digest: desired.digest,
            previous_digest: step.applied,
            origin: desired.origin.clone(),
            accepted_weakening: step.accepted_weakening().cloned(),
            assessment: step.assessment.clone(),
            idempotency_key: (self.host.new_id)(),
            correlation_id: (self.host.new_id)(),
            payload: Some(payload),
        };
        spans::goes_on(intent.operation, intent.correlation_id, intent.digest);
        let recorded = self.ledger.append(Event::Intent(Box::new(intent))).await?;
        debug!(name: "intent.recorded", policy = %step.id, entry = recorded.sequence, "{}: its intent is on record", step.id);
        Ok(())
    }

    /// Begins a removal, with what is live as its payload: the evidence, and what could bring it back.
    pub(super) async fn intend_removal(&self, step: &Step) -> Result<(), StepError> {
        let cause = step.cause.ok_or(StepError::Internal("a step without a cause"))?;
        let applied = self.ledger.read(|state| state.policy(&step.id)?.applied.clone());
        let applied = applied.ok_or(StepError::Internal("a removal of what is not applied"))?;
        let intent = Intent {
            id: step.id.clone(),
            operation: Operation::Remove,
            cause,
            digest: applied.digest,
            previous_digest: Some(applied.digest),
            payload: Some(self.payload(applied.intent)?),
            origin: applied.origin,
            assessment: step.assessment.clone(),
            accepted_weakening: None,
            idempotency_key: (self.host.new_id)(),
            correlation_id: (self.host.new_id)(),
        };
        spans::goes_on(intent.operation, intent.correlation_id, intent.digest);
        self.ledger.append(Event::Intent(Box::new(intent))).await?;
        Ok(())
    }

    /// Carries a policy's open operation on to its end, as far as this pass gets. Whether it was sent before is known to
    /// whoever asks for that: a refusal then does not say that nothing came of it.
    pub(super) async fn carry(&self, id: &PolicyId, sent: Sent) -> Result<Outcome, StepError> {
        let mut again = sent != Sent::Never;
        let mut began = None;
        loop {
            let open = self.ledger.read(|state| state.policy(id)?.open.clone());
            let open = open.ok_or(StepError::Internal("no open operation"))?;
            let ended = match &open.job {
                None if again && (sent == Sent::Frozen || self.is_suspended(id)) => Some(not_resent()),
                None => {
                    let span = debug_span!("submit", again);
                    let ended = self.submit(id, &open, again).instrument(span).await?;
                    (began, again) = (Some(Instant::now()), true);
                    ended
                }
                Some(job) => {
                    let span = debug_span!("poll", job = job.id, polls = Empty);
                    self.poll(id, &open, job, began).instrument(span).await?
                }
            };
            if let Some(outcome) = ended {
                return Ok(outcome);
            }
        }
    }

    /// Sends the submit, or sends it again, and records what came of it.
    async fn submit(&self, id: &PolicyId, open: &Open, again: bool) -> Result<Option<Outcome>, StepError> {
        let started = Instant::now();
        let submitted = tokio::select! {
            biased;
            submitted = self.send(id, open, again) => submitted?,
            () = self.stop.cancelled() => {
                let why = "stopped before the tenant answered; the intent is on record, and is resolved at the next start";
                return Ok(Some(Outcome::Waiting(why.to_owned())));
            }
        };
        match submitted {
            Ok(Submitted { attempts, next: Next::Done { policy_id } }) => {
                self.done(id, open, policy_id, attempts).await.map(Some)
            }
            Ok(Submitted { attempts, next: Next::Job(job) }) => {
                self.located(id, open, job, attempts, started.elapsed()).await?;
                Ok(None)
            }
            Err(failure) if failure.fault == Fault::InDoubt => {
                self.wait(id, open, WaitReason::InDoubt, &failure).await?;
                Ok(Some(Outcome::InDoubt(failure)))
            }
            Err(failure) => self.fail(id, open, failure).await.map(Some),
        }
    }

    /// Puts on record which job the tenant works at.
    async fn located(
        &self,
        id: &PolicyId,
        open: &Open,
        Job { id: job_id, location }: Job,
        attempts: u32,
        took: Duration,
    ) -> Result<(), StepError> {
        let (correlation_id, job) = (open.correlation_id, job_id.clone());
        let submit_ms = millis(took);
        let event = Location { id: id.clone(), correlation_id, job_id, location, attempts, submit_ms };
        let recorded = self.ledger.append(Event::Location(event)).await?;
        info!(
            name: "policy.submitted", policy = %id, digest = %open.digest.short(), job, correlation = %correlation_id,
            entry = recorded.sequence, head = %recorded.hash,
            "{} {id}: submitted, job {job}, correlation {correlation_id}, entry {}, head {}",
            open.operation, recorded.sequence, recorded.hash,
        );
        Ok(())
    }

    /// The request of an operation: the same bytes under the same key, however often it is sent.
    async fn send(
        &self,
        id: &PolicyId,
        open: &Open,
        again: bool,
    ) -> Result<Result<Submitted, Failure>, StepError> {
        let under = Under { key: open.idempotency_key, correlation: open.correlation_id, again };
        if open.operation != Operation::Remove {
            let body = self.payload(open.intent)?.body();
            let body = body.map_err(|_| StepError::Internal("a payload without a form"))?;
            return Ok(self.remote.submit(&body, under).await);
        }
        match self.ledger.read(|state| state.policy(id)?.policy_id.clone()) {
            Some(policy) => Ok(self.remote.remove(&policy, under).await),
            None => {
                let why = "the tenant never said its id of this policy, so it can't be removed there";
                Ok(Err(Failure::new(Fault::NotOffered, why, 0)))
            }
        }
    }

    /// Asks the job until it ends, its deadline passes, or the pass is stopped. When it `began` is not known of one that
    /// an earlier pass left open: nothing is learnt from its end.
    async fn poll(
        &self,
        id: &PolicyId,
        open: &Open,
        job: &Job,
        began: Option<Instant>,
    ) -> Result<Option<Outcome>, StepError> {
        let settings = &self.settings.job;
        let started = Instant::now();
        let deadline = started + settings.deadline;
        let mut retry_after = None;
        let mut watched = began.map(|began| (began, self.pace.watch()));
        for poll in 0.. {
            let elapsed = began.map(|began| began.elapsed());
            let asked = Asked { polls: poll, elapsed, retry_after, queue: self.remote.queue() };
            let pause = self.pace.pause(settings, asked, (self.host.chance)());
            let at = (Instant::now() + pause).min(deadline);
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(at) => {}
                () = self.stop.cancelled() => return Ok(Some(recorded(job))),
            }
            let asked = Instant::now();
            let answer = tokio::select! {
                biased;
                answer = self.remote.job(job, open.correlation_id) => answer,
                () = self.stop.cancelled() => return Ok(Some(recorded(job))),
            };
            let attempts = poll + 1;
            Span::current().record("polls", attempts);
            if has_ended(&answer, Instant::now() >= deadline) {
                self.remote.job_ended(started.elapsed());
            }
            pace::learn(&mut watched, &answer, asked);
            match answer {
                Ok(JobState::Running { .. }) if Instant::now() >= deadline => {
                    return self.overdue(id, open, job, attempts).await.map(Some);
                }
                Ok(JobState::Running { retry_after: told }) => retry_after = told,
                Ok(JobState::Done { policy_id }) => {
                    return self.done(id, open, policy_id, attempts).await.map(Some);
                }
                Ok(JobState::Failed { message }) => {
                    let failure = Failure::new(Fault::JobFailed, message, attempts);
                    return self.fail(id, open, failure).await.map(Some);
                }
                Err(failure) if failure.fault == Fault::LostJob && !open.resubmitted => {
                    self.wait(id, open, WaitReason::LostJob, &failure).await?;
                    return Ok(None);
                }
                Err(failure) if failure.fault == Fault::LostJob => {
                    return self.fail(id, open, failure).await.map(Some);
                }
                Err(failure) => {
                    // The job is there, and can't be asked now. A later pass asks it before anything else is sent.
                    self.wait(id, open, WaitReason::Unavailable, &failure).await?;
                    return Ok(Some(Outcome::Waiting(failure.message)));
                }
            }
        }
        Err(StepError::Internal("polls have no end"))
    }

    async fn overdue(
        &self,
        id: &PolicyId,
        open: &Open,
        job: &Job,
        attempts: u32,
    ) -> Result<Outcome, StepError> {
        let deadline = humantime::format_duration(self.settings.job.deadline);
        let why = format!("job {} had not ended after {deadline}", job.id);
        let failure = Failure::new(Fault::Unavailable, why, attempts);
        self.wait(id, open, WaitReason::Overdue, &failure).await?;
        if open.deadlines + 1 < MAX_DEADLINES {
            return Ok(Outcome::Waiting(failure.message));
        }
        let message = format!("{}, {MAX_DEADLINES} times: abandoned", failure.message);
        self.abandon(id, open, Failure { message, ..failure }).await
    }

    /// The payload of an intent, from the ledger.
    pub(super) fn payload(&self, intent: crate::state::Position) -> Result<Payload, StepError> {
        match self.ledger.entry_at(intent)?.event {
            Event::Intent(intent) => {
                intent.payload.ok_or(StepError::Internal("an intent without its payload"))
            }
            _ => Err(StepError::Internal("an intent that is none")),
        }
    }
}

/// Whether a job has ended, or is not waited for any longer.
fn has_ended(answer: &Result<JobState, Failure>, overdue: bool) -> bool {
    match answer {
        Ok(JobState::Running { .. }) => overdue,
        Ok(JobState::Done { .. } | JobState::Failed { .. }) => true,
        Err(_) => false,
    }
}

fn recorded(job: &Job) -> Outcome {
    Outcome::Waiting(format!("stopped; job {} is on record and is asked at the next start", job.id))
}
