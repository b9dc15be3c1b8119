//! The ordered steps that would end the drift, as a value: printable, empty or not, carried out by nobody here.
//!
//! [`plan`] is a function of the snapshot, the state, and what is known of live. `chatward plan` prints its result;
//! `apply` and `run` hand it to [`crate::deploy`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::digest::Digest;
use crate::direction::Assessment;
use crate::drift::{Cause, Live};
use crate::entry::{HoldReason, Origin, Subject};
use crate::payload::Payload;
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::{Desired, Snapshot};
use crate::state::{PolicyState, Position, Setback, State};
use crate::window::Closed;

mod action;
pub mod base;
pub mod change;
mod closing;
mod draft;
pub mod file;
pub mod guard;
pub mod provenance;
pub mod review;
mod suspension;

pub use action::Action;
use change::Change;
use draft::{Decision, Draft};
use guard::Guard;
use review::{ApprovedPlan, HeldPlan, PlannedChange};
pub use suspension::{SuspendedBy, Suspension};

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
    /// What the tenant was seen to have, where that is something else.
    pub live: Option<Digest>,
    /// What is wanted; nothing for a removal.
    pub desired: Option<Desired>,
    /// What changes, where both sides are known.
    pub changes: Vec<Change>,
    /// Whether that guards better or worse, where something is applied and something else is wanted.
    pub assessment: Option<Assessment>,
    /// Whether its policy is suspended: what is under way is then only seen to its end, and nothing is sent.
    pub suspended: bool,
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
    /// When it is acted on by itself, where that is known.
    pub until: Option<Timestamp>,
    /// What has it left alone, where something does.
    pub suspension: Option<Box<Suspension>>,
}

impl Step {
    /// Why the document accepts that this step weakens its policy, where the step does and the document does.
    pub fn accepted_weakening(&self) -> Option<&Arc<str>> {
        let weakens = self.assessment.as_ref().is_some_and(|assessment| assessment.direction.weakens());
        self.desired.as_ref().filter(|_| weakens)?.accepts_weakening.as_ref()
    }
}

impl HeldItem {
    /// A step that is not taken.
    fn of(step: Step, reason: HoldReason, detail: String) -> Self {
        Self {
            subject: Subject::Policy(step.id),
            reason,
            detail,
            cause: step.cause,
            digest: step.desired.as_ref().map(|desired| desired.digest),
            origin: step.desired.map(|desired| desired.origin),
            changes: step.changes,
            assessment: step.assessment,
            until: None,
            suspension: None,
        }
    }

    /// Whether it is as it should be, and only would not be brought back if it were not.
    pub fn is_at_rest(&self) -> bool {
        self.suspension.is_some() && self.cause.is_none()
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
    /// What the guard holds whole, by tenant: the rest of what it says is in `held`.
    pub held_whole: BTreeMap<TenantName, HeldPlan>,
    /// What only waits for a change window.
    pub waiting: Vec<PlannedChange>,
    /// What it would hold and somebody approved, by tenant: those changes are among the steps.
    pub approved: BTreeMap<TenantName, ApprovedPlan>,
}

impl Plan {
    /// Whether there is nothing to do and nothing held.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.held.is_empty()
    }

    /// Every policy that it says something of: whatever else is applied is in sync.
    pub fn named(&self) -> BTreeSet<PolicyId> {
        let held = self.held.iter().filter_map(|item| item.subject.policy());
        self.steps.iter().map(|step| &step.id).chain(held).cloned().collect()
    }

    /// How many steps do that.
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// How many policies are left alone.
    pub fn suspended(&self) -> usize {
        self.held.iter().filter(|item| item.suspension.is_some()).count()
    }

    /// Whether something of the tenants would change, now or once a change window opens.
    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| step.action.is_change()) || !self.waiting.is_empty()
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
            self.held.len() - self.suspended(),
        )?;
        if self.suspended() > 0 {
            write!(f, " {} suspended.", self.suspended())?;
        }
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
    /// Who changed a policy there, where that is known.
    pub changed_by: &'a dyn Fn(&PolicyId) -> Option<Arc<str>>,
    /// Tenants at which what somebody changed there is changed back.
    pub corrected: &'a BTreeSet<TenantName>,
    /// How long after a correction at a tenant the next one of the same policy waits, doubled each time.
    pub back_off: &'a dyn Fn(&TenantName) -> Duration,
    /// How much may change at once.
    pub guard: &'a Guard,
    /// Tenants at which no change may begin now, and why.
    pub closed: &'a BTreeMap<TenantName, Closed>,
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
    /// Reads the payload of what is wanted, for the diff.
    pub payload_of: &'a dyn Fn(&PolicyId, &Desired) -> Option<Payload>,
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

/// A plan, and how much of each tenant is as it should be: all that a later plan has to know of what does not change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decided {
    /// The plan.
    pub plan: Plan,
    /// How many policies of each tenant are as they should be.
    pub in_sync: BTreeMap<TenantName, usize>,
}

/// The steps that would end the drift.
pub fn plan(snapshot: &Snapshot, state: &State, terms: &Terms<'_>) -> Plan {
    decide(snapshot, state, terms).plan
}

/// The same, and how much of each tenant is as it should be. Of a snapshot of a part the plan is that of the whole.
pub fn decide(snapshot: &Snapshot, state: &State, terms: &Terms<'_>) -> Decided {
    let (mut plan, mut in_sync) = (Plan::default(), BTreeMap::new());
    if let Some(part) = &snapshot.part {
        in_sync.clone_from(&part.in_sync);
    }
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
            until: None,
            suspension: None,
        });
    }
    let unusable: BTreeSet<&PolicyId> =
        snapshot.unusable.iter().filter_map(|it| it.subject.policy()).collect();
    let empty = PolicyState::default();
    for id in ids(snapshot, state) {
        let held = unusable.contains(&id);
        let policy = state.policy(&id).unwrap_or(&empty);
        let hold = state.holds.get(&Subject::Policy(id.clone()));
        let frozen = hold.is_some_and(|hold| hold.reason == HoldReason::Fight);
        let draft = Draft { id: &id, policy, desired: snapshot.desired.get(&id), snapshot, terms, frozen };
        let decision = draft.decide(held);
        if let Some(suspension) = Suspension::of(&id, draft.desired, state, terms.now) {
            let has_job = policy.open.as_ref().is_some_and(|open| open.job.is_some());
            let quiet = || draft.held(HoldReason::Suspended, None, suspension.detail());
            let (step, item) = suspension::suspend(decision, suspension.clone(), quiet, has_job);
            plan.steps.extend(step);
            plan.held.extend(item);
            continue;
        }
        match decision {
            Decision::InSync => *in_sync.entry(id.tenant).or_default() += 1,
            Decision::Nothing => {}
            Decision::Step(step) => plan.steps.push(*step),
            Decision::Held(item) => plan.held.push(*item),
        }
    }
    plan.in_sync = in_sync.values().sum();
    let stands = |tenant: &TenantName| guard::Standing {
        applied: applied(snapshot, state, tenant),
        binding: state.tenants.get(tenant).map(|tenant| &tenant.binding),
        approved: state.approvals.get(tenant).and_then(|approval| approval.holds_at(terms.now)),
    };
    guard::apply(&mut plan, stands, terms.guard);
    closing::apply(&mut plan, terms.closed);
    plan.hold_parts();
    plan.held.sort_by(|a, b| a.subject.cmp(&b.subject));
    Decided { plan, in_sync }
}

/// Every policy that is decided on, in the order of ids.
fn ids(snapshot: &Snapshot, state: &State) -> Vec<PolicyId> {
    if let Some(part) = &snapshot.part {
        return part.ids.iter().cloned().collect();
    }
    let known = state.policies().map(|(id, _)| id);
    let mut ids: Vec<PolicyId> = snapshot.desired.keys().cloned().chain(known).collect();
    ids.sort(); // two runs that are sorted already, which a stable sort merges
    ids.dedup();
    ids
}

/// How many policies of a tenant are applied.
fn applied(snapshot: &Snapshot, state: &State, tenant: &TenantName) -> usize {
    let Some(part) = &snapshot.part else {
        let policies = state.tenants.get(tenant).into_iter().flat_map(|tenant| tenant.policies.values());
        return policies.filter(|policy| policy.applied.is_some()).count();
    };
    let own = part.ids.iter().filter(|id| id.tenant == *tenant).filter_map(|id| state.policy(id));
    let elsewhere = part.in_sync.get(tenant).copied().unwrap_or_default();
    elsewhere + own.filter(|policy| policy.applied.is_some()).count()
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
