//! How every policy stands: the snapshot, the state and the plan, side by side.
//!
//! What `chatward status` prints, as a value. *Sync* is desired against applied; *live* stands beside it, and neither
//! unknown nor held ever shows as in sync.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::breaker::BreakerState;
use crate::digest::{Digest, PlanDigest};
use crate::drift::{Cause, LiveSync};
use crate::entry::{HoldReason, Subject};
use crate::live::LiveView;
use crate::outcome::Verification;
use crate::plan::{HeldItem, Plan, Step, Suspension};
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::Snapshot;
use crate::state::{Approval, Asked, Head, PolicyState, Seen, State};

mod rows;

use rows::{file_row, pages, row, tenant_row};

/// The version of the JSON shape.
pub const VERSION: u32 = 1;

/// Desired against applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Sync {
    /// As it should be.
    Synced,
    /// It is not, and a pass will do something about it.
    OutOfSync,
    /// It is not, and no pass will, for the reason given.
    Held,
    /// It is left alone until a time, however it is.
    Suspended,
    /// It can't be said.
    Unknown,
}

/// How a policy fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Health {
    /// What was applied last does what it should, as far as that was probed.
    Healthy,
    /// An operation is under way.
    Progressing,
    /// A probe that must be stopped was let through, or the last attempt failed.
    Degraded,
    /// It could not be probed.
    Unverified,
    /// Nothing is known.
    Unknown,
}

/// Everything at once.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Of this shape.
    pub version: u32,
    /// How many policies stand how, shown or not.
    pub counts: BTreeMap<Sync, usize>,
    /// In the order of ids; files whose policies can't be told come last.
    pub policies: Vec<PolicyStatus>,
    /// How many more there are that were asked for.
    pub more: usize,
    /// In the order of names.
    pub tenants: Vec<TenantStatus>,
    /// In the order of tenants and addresses.
    pub pages: Vec<PageStatus>,
    /// The ledger's newest entry.
    pub ledger: Head,
}

/// One policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyStatus {
    /// Its tenant; nothing for a file whose policies can't be told.
    pub tenant: Option<TenantName>,
    /// Its name, or that of the file.
    pub name: String,
    /// Desired against applied.
    pub sync: Sync,
    /// Why it drifted.
    pub cause: Option<Cause>,
    /// Why it is held.
    pub held: Option<HoldReason>,
    /// The same for people, or what went wrong last.
    pub detail: Option<String>,
    /// What the tenant says it has.
    pub live: LiveSync,
    /// When it was asked.
    pub live_at: Option<Timestamp>,
    /// How it fares.
    pub health: Health,
    /// What is wanted.
    pub digest: Option<Digest>,
    /// What was applied.
    pub applied_digest: Option<Digest>,
    /// The commit that was applied.
    pub revision: Option<String>,
    /// The file that was applied, or is wanted.
    pub file: Option<String>,
    /// The job that applied it, or is about to.
    pub job_id: Option<String>,
    /// When it was applied.
    pub applied_at: Option<Timestamp>,
    /// What probing showed.
    pub verification: Option<Verification>,
    /// Probes that said what they should, out of all.
    pub success_rate: Option<f64>,
    /// When something was last tried with it.
    pub last_attempt: Option<Timestamp>,
    /// When what failed last is tried again.
    pub next_retry: Option<Timestamp>,
    /// When what is held is acted on by itself, where that is known: a change window opens, a suspension ends.
    pub until: Option<Timestamp>,
    /// Since when it is left alone, until when, why, and who says so.
    pub suspension: Option<Suspension>,
    /// How much validation has to say of its document.
    pub findings: usize,
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// Its name.
    pub name: TenantName,
    /// What the ledger binds it to.
    pub binding: Option<String>,
    /// Why it can't be worked with.
    pub error: Option<String>,
    /// How its breaker stood after the last pass.
    pub breaker: BreakerState,
    /// What the guard holds whole, if it does.
    pub held_plan: Option<HeldPlanStatus>,
    /// The plan that somebody approved and that has not gone through yet.
    pub approval: Option<Approval>,
    /// How many policies were applied.
    pub applied: usize,
    /// Names of its registered webhooks.
    pub webhooks: Vec<String>,
    /// Who has all of it left alone, until when, and why.
    pub suspension: Option<Asked>,
}

/// One page, as it was seen last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PageStatus {
    /// Its tenant.
    pub tenant: TenantName,
    /// Its address.
    pub url: Url,
    /// The policy, what came of the look, and when.
    #[serde(flatten)]
    pub seen: Seen,
}

/// A tenant's plan that the guard holds whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldPlanStatus {
    /// What it is approved by.
    pub digest: PlanDigest,
    /// How many changes it has.
    pub changes: usize,
    /// Why it is held.
    pub why: String,
}

/// Which policies are shown.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Those of this tenant; of all, if none is named.
    pub tenant: Option<&'a TenantName>,
    /// Those that stand like this; all, if nothing is said.
    pub sync: Option<Sync>,
    /// At most so many.
    pub limit: usize,
}

impl Query<'_> {
    /// All of them.
    pub const ALL: Self = Self { tenant: None, sync: None, limit: usize::MAX };

    fn takes(&self, tenant: Option<&TenantName>, sync: Sync) -> bool {
        self.tenant.is_none_or(|asked| tenant == Some(asked)) && self.sync.is_none_or(|asked| sync == asked)
    }
}

/// How many policies of each tenant stand how, and why those that are not in sync are not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By tenant and how they stand.
    pub sync: BTreeMap<(TenantName, Sync), usize>,
    /// By tenant and cause.
    pub cause: BTreeMap<(TenantName, Cause), usize>,
    /// By tenant and why they are held, those that are.
    pub held: BTreeMap<(TenantName, HoldReason), usize>,
}

/// How a policy stands, before anything is said of it.
struct Standing<'a> {
    id: PolicyId,
    policy: &'a PolicyState,
    held: Option<&'a HeldItem>,
    /// Whether the plan says something of it.
    named: bool,
    sync: Sync,
    cause: Option<Cause>,
}

/// How many policies stand how.
pub fn tally(snapshot: &Snapshot, state: &State, plan: &Plan) -> Tally {
    let mut tally = Tally::default();
    each(snapshot, state, plan, |it| {
        *tally.sync.entry((it.id.tenant.clone(), it.sync)).or_default() += 1;
        if let Some(held) = it.held {
            *tally.held.entry((it.id.tenant.clone(), held.reason)).or_default() += 1;
        }
        if let Some(cause) = it.cause {
            *tally.cause.entry((it.id.tenant, cause)).or_default() += 1;
        }
    });
    tally
}

/// How everything stands at a moment.
pub fn status(
    snapshot: &Snapshot,
    state: &State,
    plan: &Plan,
    live: &LiveView,
    (query, now): (&Query<'_>, Timestamp),
) -> Status {
    let (mut policies, mut counts, mut more) = (Vec::new(), BTreeMap::new(), 0);
    each(snapshot, state, plan, |it| {
        *counts.entry(it.sync).or_default() += 1;
        if query.takes(Some(&it.id.tenant), it.sync) {
            if policies.len() < query.limit {
                policies.push(row(snapshot, &it, live));
            } else {
                more += 1;
            }
        }
    });
    for file in plan.held.iter().filter_map(file_row) {
        *counts.entry(file.sync).or_default() += 1;
        if query.takes(None, file.sync) {
            if policies.len() < query.limit {
                policies.push(file);
            } else {
                more += 1;
            }
        }
    }
    let findings = snapshot.findings_of(&policies.iter().map(PolicyStatus::subject).collect());
    for policy in &mut policies {
        policy.findings = findings.get(&policy.subject()).copied().unwrap_or_default();
    }
    let tenants = state.tenants.iter().filter(|(name, _)| query.tenant.is_none_or(|asked| *name == asked));
    Status {
        version: VERSION,
        counts,
        policies,
        more,
        tenants: tenants.map(|(name, tenant)| tenant_row(name, tenant, (state, plan), now)).collect(),
        pages: pages(state, query),
        ledger: state.head,
    }
}

/// Every policy that is wanted, known or held, in the order of ids.
fn each(snapshot: &Snapshot, state: &State, plan: &Plan, mut see: impl FnMut(Standing<'_>)) {
    let unknown = PolicyState::default();
    let steps: BTreeMap<&PolicyId, &Step> = plan.steps.iter().map(|step| (&step.id, step)).collect();
    let held: BTreeMap<&Subject, &HeldItem> = plan.held.iter().map(|item| (&item.subject, item)).collect();
    let named = plan.held.iter().filter_map(|item| match &item.subject {
        Subject::Policy(id) => Some(id.clone()),
        Subject::File { .. } => None,
    });
    let known = state.policies().map(|(id, _)| id);
    let mut ids: Vec<PolicyId> = snapshot.desired.keys().cloned().chain(known).chain(named).collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        let policy = state.policy(&id).unwrap_or(&unknown);
        let held = held.get(&Subject::Policy(id.clone())).copied();
        let step = steps.get(&id);
        let named = held.is_some() || step.is_some();
        let (sync, cause) = match (held, step) {
            (Some(item), _) if item.suspension.is_some() => (Sync::Suspended, item.cause),
            (Some(item), _) => (Sync::Held, item.cause),
            (None, Some(step)) if !step.action.is_change() || is_done(step, policy) => (Sync::Synced, None),
            (None, Some(step)) => (Sync::OutOfSync, step.cause),
            (None, None) if policy.applied.is_some() => (Sync::Synced, None),
            (None, None) => (Sync::Unknown, None),
        };
        see(Standing { id, policy, held, named, sync, cause });
    }
}

/// Whether a step has been taken since the plan was made.
fn is_done(step: &Step, policy: &PolicyState) -> bool {
    let (desired, applied) = (step.desired.as_ref(), policy.applied.as_ref());
    policy.open.is_none()
        && desired.zip(applied).is_some_and(|(desired, applied)| desired.digest == applied.digest)
        && step.cause.is_none_or(|cause| matches!(cause, Cause::New | Cause::Source))
}

impl PolicyStatus {
    fn subject(&self) -> Subject {
        match self.id() {
            Some(id) => Subject::Policy(id),
            None => Subject::File { file: self.name.as_str().into() },
        }
    }

    /// Which policy it is, unless it is a file.
    pub fn id(&self) -> Option<PolicyId> {
        Some(PolicyId { tenant: self.tenant.clone()?, name: self.name.parse().ok()? })
    }
}
