//! The ordered steps that would end the drift, as a value: printable, empty or not, carried out by nobody here.
//!
//! [`plan`] is a function of the snapshot, the state, and what is known of live. `chatward plan` prints its result;
//! `apply` and `run` hand it to [`crate::deploy`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::digest::Digest;
use crate::direction::Assessment;
use crate::drift::{Cause, Live, drift};
use crate::entry::{HoldReason, Origin, Subject};
use crate::outcome::Verification;
use crate::payload::Payload;
use crate::policy::{PolicyId, TenantName};
use crate::printable::printable;
use crate::snapshot::{Desired, Snapshot};
use crate::state::{PolicyState, Position, Setback, State};
use jiff::Timestamp;

mod action;
pub mod change;
pub mod guard;

pub use action::Action;
use change::{Change, changes};
use guard::Guard;

/// The longest that a failed policy waits before it is tried again.
pub const MAX_BACK_OFF: Duration = Duration::from_secs(3600);
const BASE_BACK_OFF: Duration = Duration::from_secs(60);

/// One step, about one policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which policy.
    pub id: PolicyId,
    /// What it does.
    pub action: Action,
    /// Why; nothing for a step that ends no drift.
    pub cause: Option<Cause>,
    /// What is applied.
    pub applied: Option<Digest>,
    /// What is wanted; nothing for a removal.
    pub desired: Option<Desired>,
    /// What changes, where both sides are known.
    pub changes: Vec<Change>,
    /// Whether that guards better or worse, where something is applied and something else is wanted.
    pub assessment: Option<Assessment>,
}

/// A policy or a file that is drifted, but not acted on.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldItem {
    /// What.
    pub subject: Subject,
    /// Why.
    pub reason: HoldReason,
    /// The same for people.
    pub detail: String,
    /// Why it is drifted, where that is known.
    pub cause: Option<Cause>,
    /// What it would be.
    pub digest: Option<Digest>,
    /// Where it came from.
    pub origin: Option<Origin>,
    /// What would change.
    pub changes: Vec<Change>,
    /// Whether that would guard better or worse, where something is applied and something else is wanted.
    pub assessment: Option<Assessment>,
}

impl Step {
    /// Why the document accepts that this step weakens its policy, where the step does and the document does.
    pub fn accepted_weakening(&self) -> Option<&Arc<str>> {
        let weakens = self.assessment.as_ref().is_some_and(|assessment| assessment.direction.weakens());
        self.desired.as_ref().filter(|_| weakens)?.accepts_weakening.as_ref()
    }
}

/// The steps of one pass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// In the order of ids; at most one a policy.
    pub steps: Vec<Step>,
    /// What is not acted on, and why.
    pub held: Vec<HeldItem>,
    /// How many policies are as they should be.
    pub in_sync: usize,
}

impl Plan {
    /// Whether there is nothing to do and nothing held.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.held.is_empty()
    }

    /// How many steps do that.
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// Whether something of the tenants would change.
    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| step.action.is_change())
    }
}

impl fmt::Display for Plan {
    /// The summary line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Plan: {} to create, {} to update, {} to remove, {} in sync, {} held.",
            self.count(Action::Create),
            self.count(Action::Update),
            self.count(Action::Remove),
            self.in_sync,
            self.held.len(),
        )?;
        let others = [
            (Action::Resume, "in progress"),
            (Action::Verify, "to verify again"),
            (Action::Watch, "to watch for a late end"),
        ];
        for (action, phrase) in others {
            match self.count(action) {
                0 => {}
                count => write!(f, " {count} {phrase}.")?,
            }
        }
        Ok(())
    }
}

/// What a plan is made of besides snapshot and state.
pub struct Terms<'a> {
    /// Tenants of the settings.
    pub tenants: &'a BTreeSet<TenantName>,
    /// What is known of live; a policy that is not in it is unknown.
    pub live: &'a BTreeMap<PolicyId, Live>,
    /// How much may change at once.
    pub guard: &'a Guard,
    /// Whether policies whose file is gone are removed.
    pub prune: bool,
    /// Tenants at which what is live is probed.
    pub probed: &'a BTreeSet<TenantName>,
    /// Tenants at which what lets something harmful through is rolled back.
    pub rollback: &'a BTreeSet<TenantName>,
    /// Whether what failed or was refused before is tried again at once.
    pub retry: Retry,
    /// Now.
    pub now: Timestamp,
    /// Reads the payload of an earlier intent, for the diff.
    pub payload_at: &'a dyn Fn(Position) -> Option<Payload>,
}

/// What is tried again although it failed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retry {
    /// What failed, once its back-off is over.
    #[default]
    Due,
    /// What failed, at once.
    Failed,
    /// What the tenant refused, and what was rolled back, too.
    Rejected,
}

/// The steps that would end the drift.
pub fn plan(snapshot: &Snapshot, state: &State, terms: &Terms<'_>) -> Plan {
    let mut plan = Plan::default();
    for unusable in &snapshot.unusable {
        plan.held.push(HeldItem {
            subject: unusable.subject.clone(),
            reason: unusable.reason,
            detail: unusable.detail.clone(),
            cause: None,
            digest: None,
            origin: Some(unusable.origin.clone()),
            changes: Vec::new(),
            assessment: None,
        });
    }
    let unusable: BTreeSet<&PolicyId> = snapshot.unusable.iter().filter_map(|u| policy(&u.subject)).collect();
    let known = state.policies().map(|(id, _)| id);
    let ids: BTreeSet<PolicyId> = snapshot.desired.keys().cloned().chain(known).collect();
    let empty = PolicyState::default();
    for id in ids {
        let held = unusable.contains(&id);
        let policy = state.policy(&id).unwrap_or(&empty);
        let draft = Draft { id: &id, policy, desired: snapshot.desired.get(&id), snapshot, terms };
        match draft.decide(held) {
            Decision::InSync => plan.in_sync += 1,
            Decision::Nothing => {}
            Decision::Step(step) => plan.steps.push(*step),
            Decision::Held(item) => plan.held.push(*item),
        }
    }
    guard::apply(&mut plan, state, terms.guard);
    plan.held.sort_by(|a, b| a.subject.cmp(&b.subject));
    plan
}

fn policy(subject: &Subject) -> Option<&PolicyId> {
    match subject {
        Subject::Policy(id) => Some(id),
        Subject::File { .. } => None,
    }
}

enum Decision {
    InSync,
    Nothing,
    Step(Box<Step>),
    Held(Box<HeldItem>),
}

/// What is known of one policy while it is decided on.
struct Draft<'a> {
    id: &'a PolicyId,
    policy: &'a PolicyState,
    desired: Option<&'a Desired>,
    snapshot: &'a Snapshot,
    terms: &'a Terms<'a>,
}

impl Draft<'_> {
    fn decide(&self, unusable: bool) -> Decision {
        let applied = self.policy.applied.as_ref();
        // An operation whose end is not known comes first, whatever the file says now.
        if self.policy.open.is_some() && self.terms.tenants.contains(&self.id.tenant) {
            let desired = self.desired.map(|desired| desired.digest);
            return self.step(Action::Resume, drift(desired, applied.map(|a| a.digest), Live::Unknown));
        }
        if unusable {
            return Decision::Nothing;
        }
        // An older job ended over what was wanted: that is brought live once more.
        if self.policy.overtaken.is_some() && self.desired.is_some() {
            return self.wanted(Cause::Live);
        }
        let digest = self.desired.map(|desired| desired.digest);
        let live = self.terms.live.get(self.id).copied().unwrap_or_default();
        match drift(digest, applied.map(|applied| applied.digest), live) {
            None if self.is_to_verify() => self.step(Action::Verify, None),
            None if self.is_watched() => self.step(Action::Watch, None),
            None if applied.is_none() => Decision::Nothing,
            None => Decision::InSync,
            Some(Cause::Removed) => self.removed(),
            Some(cause @ (Cause::Live | Cause::Missing)) if digest == applied.map(|a| a.digest) => self.hold(
                HoldReason::ReportOnly,
                Some(cause),
                "the tenant was changed; it is only reported".to_owned(),
            ),
            Some(cause) => self.wanted(cause),
        }
    }

    /// Whether what is live is probed again. It could not be probed before; or it never was, or was and is not rolled
    /// back although it can be, since the pass was cut off or the settings did not ask for it then.
    fn is_to_verify(&self) -> bool {
        let tenant = &self.id.tenant;
        match self.policy.applied.as_ref().map(|applied| applied.verification) {
            Some(Verification::Unverified) => true,
            Some(Verification::NotConfigured) => self.terms.probed.contains(tenant),
            Some(Verification::Degraded) => {
                self.terms.rollback.contains(tenant) && self.policy.fallback().is_some()
            }
            Some(Verification::Verified) | None => false,
        }
    }

    /// Whether an abandoned job may still end.
    fn is_watched(&self) -> bool {
        !self.policy.abandoned.is_empty() && self.terms.tenants.contains(&self.id.tenant)
    }

    fn wanted(&self, cause: Cause) -> Decision {
        let desired = self.desired.map(|desired| desired.digest);
        if desired == self.policy.rolled_back && desired.is_some() && self.terms.retry != Retry::Rejected {
            let detail = "it let a probe through and was rolled back; it is sent again once its file changes, or by apply --retry"
                .to_owned();
            return self.hold(HoldReason::RolledBack, Some(cause), detail);
        }
        let setback = self.policy.setback.as_ref();
        let same = setback.filter(|setback| self.desired.is_some_and(|want| want.digest == setback.digest));
        if let Some((reason, detail)) = same.and_then(|setback| self.set_back(setback)) {
            return self.hold(reason, Some(cause), detail);
        }
        let action = if self.policy.applied.is_some() { Action::Update } else { Action::Create };
        self.step(action, Some(cause))
    }

    fn set_back(&self, setback: &Setback) -> Option<(HoldReason, String)> {
        if setback.rejected {
            let detail = format!("the tenant refused it: {}", printable(&setback.error, 200));
            return (self.terms.retry != Retry::Rejected).then_some((HoldReason::Rejected, detail));
        }
        let due = due(setback);
        let waits = self.terms.retry == Retry::Due && self.terms.now < due;
        waits.then(|| {
            let detail = format!(
                "attempt {} failed: {}; tried again after {}",
                setback.count,
                printable(&setback.error, 200),
                due.strftime("%FT%TZ"),
            );
            (HoldReason::BackOff, detail)
        })
    }

    fn removed(&self) -> Decision {
        let cause = Some(Cause::Removed);
        if !self.terms.tenants.contains(&self.id.tenant) {
            let detail = format!("tenant {} is not in the settings", self.id.tenant);
            return self.hold(HoldReason::UnknownTenant, cause, detail);
        }
        if let Some(why) = &self.snapshot.void {
            return self.hold(HoldReason::Guard, cause, format!("nothing is removed because {why}"));
        }
        if let Some(hider) = self.snapshot.could_hide(self.id) {
            let detail = format!("its file is gone, but it could be in {}: {}", hider.subject, hider.detail);
            return self.hold(HoldReason::Invalid, cause, detail);
        }
        if !self.terms.prune {
            let detail = "its file is gone; it stays live, since pruning is off".to_owned();
            return self.hold(HoldReason::PruneOff, cause, detail);
        }
        self.step(Action::Remove, cause)
    }

    fn step(&self, action: Action, cause: Option<Cause>) -> Decision {
        Decision::Step(Box::new(Step {
            id: self.id.clone(),
            action,
            cause,
            applied: self.policy.applied.as_ref().map(|applied| applied.digest),
            desired: self.desired.cloned(),
            changes: self.changes(),
            assessment: self.assessment(action),
        }))
    }

    fn hold(&self, reason: HoldReason, cause: Option<Cause>, detail: String) -> Decision {
        Decision::Held(Box::new(HeldItem {
            subject: Subject::Policy(self.id.clone()),
            reason,
            detail,
            cause,
            digest: self.desired.map(|desired| desired.digest),
            origin: self.desired.map(|desired| desired.origin.clone()),
            changes: self.changes(),
            assessment: self.assessment(Action::Update),
        }))
    }

    /// What would change, where something is applied and something else is wanted.
    fn changes(&self) -> Vec<Change> {
        let (Some(applied), Some(desired)) = (&self.policy.applied, self.desired) else { return Vec::new() };
        if applied.digest == desired.digest {
            return Vec::new();
        }
        let old = (self.terms.payload_at)(applied.intent);
        old.map(|old| changes(&old, &desired.payload)).unwrap_or_default()
    }

    /// Whether what is wanted guards better or worse than what is applied. Where an operation is open, what it is about may
    /// be applied by the time that something follows it: the answer is then good for both.
    fn assessment(&self, action: Action) -> Option<Assessment> {
        let applied = self.policy.applied.as_ref().map(|applied| (applied.digest, applied.intent));
        if action == Action::Remove {
            return applied.map(|_| Assessment::of_removal());
        }
        let desired = self.desired?;
        let open = self.policy.open.as_ref().map(|open| (open.digest, open.intent));
        let before = applied.into_iter().chain(open).filter(|(digest, _)| *digest != desired.digest);
        let assessments = before.map(|(_, intent)| match (self.terms.payload_at)(intent) {
            Some(old) => Assessment::of(&old, &desired.payload),
            None => Assessment::of_unknown(),
        });
        assessments.reduce(Assessment::or)
    }
}

/// When a failed policy is tried again: a minute after its first failure, twice as long after each further one, at most
/// an hour.
pub fn due(setback: &Setback) -> Timestamp {
    let doublings = setback.count.saturating_sub(1).min(16);
    let wait = BASE_BACK_OFF.saturating_mul(1 << doublings).min(MAX_BACK_OFF);
    setback.time.saturating_add(wait).unwrap_or(setback.time)
}

#[cfg(test)]
mod tests;
