//! One entry more: which entries may follow a state, and what they make of it.

use super::{
    Abandoned, Applied, Head, Hold, Job, MAX_ABANDONED, Open, PolicyState, Position, Setback, State,
    TenantState, Verified,
};
use crate::digest::EntryHash;
use crate::drift::Cause;
use crate::entry::{
    Bound, Effect, EffectOutcome, Entry, Event, Held, Intent, Late, LateOutcome, Location, Operation,
    Released, VERSION, Verdict, WaitReason, Waiting,
};
use crate::outcome::Verification;
use crate::policy::{PolicyId, TenantName};
use jiff::Timestamp;
use uuid::Uuid;

/// How many corrections of a policy are remembered.
const MAX_CORRECTIONS: usize = 3;

/// Why an entry can't follow the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {sequence} ({event}) can't follow: {why}")]
pub struct Illegal {
    /// The entry's sequence.
    pub sequence: u64,
    /// Its event.
    pub event: &'static str,
    /// What does not fit.
    pub why: String,
}

impl State {
    /// Adds an entry, whose line begins at `at` and hashes to `hash`.
    ///
    /// # Errors
    /// Where the entry can't follow the ones before it. The state is then as it was.
    pub fn fold(&mut self, entry: &Entry, hash: EntryHash, at: Position) -> Result<(), Illegal> {
        let illegal = |why: String| Illegal { sequence: entry.sequence, event: entry.event.name(), why };
        if entry.version > VERSION {
            return Err(illegal(format!("its format is version {}, newer than {VERSION}", entry.version)));
        }
        if entry.sequence != self.head.sequence + 1 || entry.previous_hash != self.head.hash {
            return Err(illegal(format!("it does not carry on entry {}", self.head.sequence)));
        }
        self.take(entry, at).map_err(illegal)?;
        self.head = Head { sequence: entry.sequence, hash };
        self.last = at;
        Ok(())
    }

    fn take(&mut self, entry: &Entry, at: Position) -> Result<(), String> {
        match &entry.event {
            Event::Bound(bound) => self.bind(bound),
            Event::TenantFailed(failed) => {
                self.tenant_mut(&failed.tenant)?.failure = Some(failed.error.clone());
            }
            Event::TenantRecovered(recovered) => self.tenant_mut(&recovered.tenant)?.failure = None,
            Event::Breaker(changed) => {
                self.tenant_mut(&changed.tenant)?.breaker = changed.breaker.clone();
            }
            Event::HookRefused(_) => {}
            Event::Intent(intent) => self.intend(intent, entry.time, at)?,
            Event::Location(location) => self.locate(location)?,
            Event::Waiting(waiting) => self.wait(waiting)?,
            Event::Effect(effect) => self.end(effect, entry.time)?,
            Event::Late(late) => self.end_late(late, entry.time, at)?,
            Event::Verdict(verdict) => self.judge(verdict)?,
            Event::Held(held) => self.hold(held, entry.time),
            Event::Released(released) => self.release(released)?,
            Event::Suspended(suspended) => self.suspend(suspended, entry.time),
            Event::Resumed(resumed) => self.resume(resumed, entry.time)?,
            Event::PlanApproved(approved) => self.approve(approved, entry.time)?,
            Event::PlanReleased(released) => self.release_plan(released)?,
            Event::WebhookIntent(intent) => self.intend_webhook(intent)?,
            Event::WebhookEffect(effect) => self.end_webhook(effect, entry.time)?,
            Event::WebhookRemoved(removed) => self.remove_webhook(removed)?,
            Event::PageObserved(observed) => self.pages.see(observed, entry.time),
            Event::PageDropped(dropped) => self.pages.drop_page(dropped)?,
            Event::Signing(signing) => self.signing = Some(signing.key),
            // It says of the entries before it what they say themselves.
            Event::Anchor(_) => {}
        }
        Ok(())
    }

    /// Another binding means another tenant: what was known of the old one says nothing of it.
    fn bind(&mut self, bound: &Bound) {
        let fresh = TenantState {
            binding: bound.binding.clone(),
            failure: None,
            breaker: Default::default(),
            webhooks: Default::default(),
            policies: Default::default(),
        };
        self.pages.forget(&bound.tenant);
        self.tenants.insert(bound.tenant.clone(), fresh);
        self.approvals.remove(&bound.tenant);
    }

    pub(super) fn tenant_mut(&mut self, tenant: &TenantName) -> Result<&mut TenantState, String> {
        self.tenants.get_mut(tenant).ok_or_else(|| format!("tenant {tenant} is not bound"))
    }

    fn policy_mut(&mut self, id: &PolicyId) -> Result<&mut PolicyState, String> {
        let policies = &mut self.tenant_mut(&id.tenant)?.policies;
        policies.get_mut(&id.name).ok_or_else(|| format!("{id} is not known"))
    }

    /// The open operation with that id; any other must not be spoken of.
    fn open_mut(&mut self, id: &PolicyId, correlation: Uuid) -> Result<&mut Open, String> {
        match &mut self.policy_mut(id)?.open {
            Some(open) if open.correlation_id == correlation => Ok(open),
            _ => Err(no_open(id, correlation)),
        }
    }

    fn intend(&mut self, intent: &Intent, time: Timestamp, at: Position) -> Result<(), String> {
        let policies = &mut self.tenant_mut(&intent.id.tenant)?.policies;
        // Nothing is changed before it is clear that it may be.
        let known = policies.get(&intent.id.name);
        if let Some(open) = known.and_then(|policy| policy.open.as_ref()) {
            return Err(format!("{} has the open operation {}", intent.id, open.correlation_id));
        }
        let live = known.and_then(|policy| policy.applied.as_ref()).map(|applied| applied.digest);
        let fallback = known.and_then(|policy| policy.fallback()).map(|verified| verified.digest);
        let rolls_back = intent.operation == Operation::Rollback;
        if rolls_back && (fallback != Some(intent.digest) || intent.previous_digest != live) {
            return Err(format!("{} has nothing to be rolled back to", intent.id));
        }
        let policy = policies.entry(intent.id.name.clone()).or_default();
        if rolls_back {
            // From the intent on: however it ends, it is not rolled back a second time.
            policy.rolled_back = live;
        }
        if matches!(intent.cause, Cause::Live | Cause::Missing) {
            policy.corrections.push(time);
            let over = policy.corrections.len().saturating_sub(MAX_CORRECTIONS);
            policy.corrections.drain(..over);
        }
        policy.abandoned.iter_mut().for_each(|abandoned| abandoned.followed = true);
        policy.open = Some(Box::new(Open {
            operation: intent.operation,
            cause: intent.cause,
            digest: intent.digest,
            origin: intent.origin.clone(),
            idempotency_key: intent.idempotency_key,
            correlation_id: intent.correlation_id,
            time,
            intent: at,
            job: None,
            deadlines: 0,
            resubmitted: false,
        }));
        Ok(())
    }

    fn locate(&mut self, location: &Location) -> Result<(), String> {
        let open = self.open_mut(&location.id, location.correlation_id)?;
        if open.job.is_some() {
            return Err(format!("{} has its location already", location.id));
        }
        open.job = Some(Job { id: location.job_id.clone(), location: location.location.clone() });
        Ok(())
    }

    fn wait(&mut self, waiting: &Waiting) -> Result<(), String> {
        let open = self.open_mut(&waiting.id, waiting.correlation_id)?;
        match (waiting.reason, &open.job) {
            (WaitReason::InDoubt, Some(_)) => {
                return Err(format!("{} has its location, so it was taken", waiting.id));
            }
            (WaitReason::Overdue | WaitReason::Unavailable | WaitReason::LostJob, None) => {
                return Err(format!("{} has no job", waiting.id));
            }
            (WaitReason::LostJob, Some(_)) if open.resubmitted => {
                return Err(format!("{} was submitted again already", waiting.id));
            }
            (WaitReason::LostJob, Some(_)) => (open.resubmitted, open.job) = (true, None),
            (WaitReason::Overdue, Some(_)) => open.deadlines += 1,
            (WaitReason::InDoubt, None) | (WaitReason::Unavailable, Some(_)) => {}
        }
        Ok(())
    }

    fn end(&mut self, effect: &Effect, time: Timestamp) -> Result<(), String> {
        let policy = self.policy_mut(&effect.id)?;
        let Some(open) = policy.open.take_if(|open| open.correlation_id == effect.correlation_id) else {
            return Err(no_open(&effect.id, effect.correlation_id));
        };
        if open.digest != effect.digest {
            policy.open = Some(open);
            return Err(format!("operation {} is about another digest", effect.correlation_id));
        }
        match (effect.outcome, open.operation) {
            (EffectOutcome::Done, Operation::Remove) => policy.take_away(&open),
            (EffectOutcome::Done, operation) => {
                policy.rolled_back.take_if(|_| operation == Operation::Deploy);
                policy.apply(*open, effect, time);
            }
            (outcome @ EffectOutcome::Abandoned, _) => {
                policy.set_back(outcome, effect, time);
                policy.remember(*open, time);
            }
            (outcome, _) => policy.set_back(outcome, effect, time),
        }
        match policy.is_blank() {
            true => self.forget(&effect.id),
            false => Ok(()),
        }
    }

    /// The end of an abandoned operation's job. What it brought live is live now, as far as anybody knows.
    fn end_late(&mut self, late: &Late, time: Timestamp, at: Position) -> Result<(), String> {
        let policy = self.policy_mut(&late.id)?;
        let ours = |abandoned: &Abandoned| abandoned.correlation_id == late.correlation_id;
        let Some(index) = policy.abandoned.iter().position(ours) else {
            return Err(format!("{} has no abandoned operation {}", late.id, late.correlation_id));
        };
        if policy.abandoned[index].digest != late.digest {
            return Err(format!("operation {} is about another digest", late.correlation_id));
        }
        let abandoned = policy.abandoned.remove(index);
        if late.outcome == LateOutcome::Done {
            policy.overtaken = abandoned.followed.then_some(at).or(policy.overtaken);
            policy.land(abandoned, late, time);
        }
        match policy.is_blank() {
            true => self.forget(&late.id),
            false => Ok(()),
        }
    }

    /// A policy of which nothing is known is not kept.
    fn forget(&mut self, id: &PolicyId) -> Result<(), String> {
        self.tenant_mut(&id.tenant)?.policies.remove(&id.name);
        Ok(())
    }

    fn judge(&mut self, verdict: &Verdict) -> Result<(), String> {
        let policy = self.policy_mut(&verdict.id)?;
        let applied = match &mut policy.applied {
            Some(applied) if applied.digest == verdict.digest => applied,
            _ => return Err(format!("{} is not applied with that digest", verdict.id)),
        };
        applied.verification = verdict.verification;
        applied.success_rate = Some(verdict.success_rate);
        if verdict.verification == Verification::Verified {
            policy.verified = Some(Verified { digest: verdict.digest, intent: applied.intent });
        }
        Ok(())
    }

    fn hold(&mut self, held: &Held, time: Timestamp) {
        let hold = Hold {
            reason: held.reason,
            detail: held.detail.clone(),
            since: time,
            digest: held.digest,
            file: held.origin.as_ref().map(|origin| origin.file.clone()),
        };
        self.holds.insert(held.subject.clone(), hold);
    }

    fn release(&mut self, released: &Released) -> Result<(), String> {
        match self.holds.remove(&released.subject) {
            Some(_) => Ok(()),
            None => Err(format!("{} is not held", released.subject)),
        }
    }
}

fn no_open(id: &PolicyId, correlation: Uuid) -> String {
    format!("{id} has no open operation {correlation}")
}

impl PolicyState {
    /// Whether nothing is known of it.
    fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    fn apply(&mut self, open: Open, effect: &Effect, time: Timestamp) {
        self.setback = None;
        self.settle(&open);
        if effect.policy_id.is_some() {
            self.policy_id = effect.policy_id.clone();
        }
        self.applied = Some(Applied {
            digest: open.digest,
            origin: open.origin,
            job_id: effect.job_id.clone(),
            time,
            intent: open.intent,
            correlation_id: open.correlation_id,
            verification: Verification::NotConfigured,
            success_rate: None,
        });
    }

    /// Nothing of a removed policy counts any more, but for jobs that may still bring it back.
    fn take_away(&mut self, open: &Open) {
        self.settle(open);
        let (abandoned, overtaken) = (std::mem::take(&mut self.abandoned), self.overtaken);
        *self = Self { abandoned, overtaken, ..Self::default() };
    }

    /// What was meant after a late end came after it.
    fn settle(&mut self, open: &Open) {
        self.overtaken.take_if(|late| *late < open.intent);
    }

    fn remember(&mut self, open: Open, time: Timestamp) {
        let Some(job) = open.job else { return };
        if self.abandoned.len() == MAX_ABANDONED {
            self.abandoned.remove(0);
        }
        self.abandoned.push(Abandoned {
            operation: open.operation,
            digest: open.digest,
            origin: open.origin,
            correlation_id: open.correlation_id,
            intent: open.intent,
            job,
            time,
            followed: false,
        });
    }

    fn land(&mut self, abandoned: Abandoned, late: &Late, time: Timestamp) {
        self.setback.take_if(|setback| setback.digest == abandoned.digest);
        self.policy_id = late.policy_id.clone().or(self.policy_id.take());
        self.applied = (abandoned.operation != Operation::Remove).then_some(Applied {
            digest: abandoned.digest,
            origin: abandoned.origin,
            job_id: Some(abandoned.job.id),
            time,
            intent: abandoned.intent,
            correlation_id: abandoned.correlation_id,
            verification: Verification::NotConfigured,
            success_rate: None,
        });
    }

    fn set_back(&mut self, outcome: EffectOutcome, effect: &Effect, time: Timestamp) {
        let before = self.setback.take().filter(|setback| setback.digest == effect.digest);
        self.setback = Some(Box::new(Setback {
            digest: effect.digest,
            rejected: outcome == EffectOutcome::Rejected,
            count: before.map_or(0, |setback| setback.count).saturating_add(1),
            time,
            error: effect.error.clone().unwrap_or_else(|| outcome.to_string()),
        }));
    }
}

#[cfg(test)]
mod tests;
