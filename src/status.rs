//! How every policy stands: the snapshot, the state and the plan, side by side.
//!
//! What `chatward status` prints, as a value. *Sync* is desired against applied; *live* stands beside it, and neither
//! unknown nor held ever shows as in sync.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::breaker::BreakerState;
use crate::digest::Digest;
use crate::drift::{Cause, Live, LiveSync};
use crate::entry::{HoldReason, Subject};
use crate::outcome::Verification;
use crate::plan::{HeldItem, Plan};
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::Snapshot;
use crate::state::{Head, PolicyState, State};

/// The version of the JSON shape.
pub const VERSION: u32 = 1;

/// Desired against applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Sync {
    /// As it should be.
    Synced,
    /// It is not, and a pass will do something about it.
    OutOfSync,
    /// It is not, and no pass will, for the reason given.
    Held,
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
    /// In the order of ids; files whose policies can't be told come last.
    pub policies: Vec<PolicyStatus>,
    /// In the order of names.
    pub tenants: Vec<TenantStatus>,
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
    /// How many policies were applied.
    pub applied: usize,
    /// Names of its registered webhooks.
    pub webhooks: Vec<String>,
}

/// How everything stands.
pub fn status(snapshot: &Snapshot, state: &State, plan: &Plan, live: &BTreeMap<PolicyId, Live>) -> Status {
    let steps: BTreeMap<&PolicyId, _> = plan.steps.iter().map(|step| (&step.id, step)).collect();
    let held: BTreeMap<&Subject, &HeldItem> = plan.held.iter().map(|item| (&item.subject, item)).collect();
    let known = state.policies().map(|(id, _)| id);
    let named = plan.held.iter().filter_map(|item| match &item.subject {
        Subject::Policy(id) => Some(id.clone()),
        Subject::File { .. } => None,
    });
    let mut ids: Vec<PolicyId> = snapshot.desired.keys().cloned().chain(known).chain(named).collect();
    ids.sort();
    ids.dedup();
    let empty = PolicyState::default();
    let policies = ids.iter().map(|id| {
        let policy = state.policy(id).unwrap_or(&empty);
        let held = held.get(&Subject::Policy(id.clone())).copied();
        let step = steps.get(id);
        let live = live.get(id).copied().unwrap_or_default();
        let mut row = row(snapshot, id, policy, live);
        (row.sync, row.cause) = match (held, step) {
            (Some(item), _) => (Sync::Held, item.cause),
            (None, Some(step)) if !step.action.is_change() => (Sync::Synced, None),
            (None, Some(step)) => (Sync::OutOfSync, step.cause),
            (None, None) if policy.applied.is_some() => (Sync::Synced, None),
            (None, None) => (Sync::Unknown, None),
        };
        if let Some(item) = held {
            row.held = Some(item.reason);
            row.detail = Some(item.detail.clone());
        }
        row
    });
    let files = plan.held.iter().filter_map(file_row);
    Status {
        version: VERSION,
        policies: policies.chain(files).collect(),
        tenants: state.tenants.iter().map(|(name, tenant)| tenant_row(name, tenant)).collect(),
        ledger: state.head,
    }
}

fn row(snapshot: &Snapshot, id: &PolicyId, policy: &PolicyState, live: Live) -> PolicyStatus {
    let desired = snapshot.desired.get(id);
    let applied = policy.applied.as_ref();
    let origin = applied.map(|applied| &applied.origin).or(desired.map(|desired| &desired.origin));
    let job = policy.open.as_ref().and_then(|open| open.job.as_ref()).map(|job| job.id.clone());
    PolicyStatus {
        tenant: Some(id.tenant.clone()),
        name: id.name.to_string(),
        sync: Sync::Unknown,
        cause: None,
        held: None,
        detail: policy.setback.as_ref().map(|setback| setback.error.clone()),
        live: live.against(applied.map(|applied| applied.digest)),
        health: health(policy),
        digest: desired.map(|desired| desired.digest),
        applied_digest: applied.map(|applied| applied.digest),
        revision: applied.and_then(|applied| applied.origin.revision()).map(str::to_owned),
        file: origin.map(|origin| origin.file.to_string()),
        job_id: job.or_else(|| applied.and_then(|applied| applied.job_id.clone())),
        applied_at: applied.map(|applied| applied.time),
        verification: applied.map(|applied| applied.verification),
        success_rate: applied.and_then(|applied| applied.success_rate),
    }
}

/// A file whose policies can't be told.
fn file_row(item: &HeldItem) -> Option<PolicyStatus> {
    let Subject::File { file } = &item.subject else { return None };
    Some(PolicyStatus {
        tenant: None,
        name: file.to_string(),
        sync: Sync::Held,
        cause: None,
        held: Some(item.reason),
        detail: Some(item.detail.clone()),
        live: LiveSync::Unknown,
        health: Health::Unknown,
        digest: None,
        applied_digest: None,
        revision: None,
        file: Some(file.to_string()),
        job_id: None,
        applied_at: None,
        verification: None,
        success_rate: None,
    })
}

fn tenant_row(name: &TenantName, tenant: &crate::state::TenantState) -> TenantStatus {
    let registered = tenant.webhooks.iter().filter(|(_, webhook)| webhook.registered.is_some());
    TenantStatus {
        name: name.clone(),
        binding: Some(tenant.binding.to_string()),
        error: tenant.failure.clone(),
        breaker: tenant.breaker.clone(),
        applied: tenant.policies.values().filter(|policy| policy.applied.is_some()).count(),
        webhooks: registered.map(|(name, _)| name.clone()).collect(),
    }
}

fn health(policy: &PolicyState) -> Health {
    if policy.open.is_some() {
        return Health::Progressing;
    }
    if policy.setback.is_some() {
        return Health::Degraded;
    }
    match policy.applied.as_ref().map(|applied| applied.verification) {
        None => Health::Unknown,
        Some(Verification::Degraded) => Health::Degraded,
        Some(Verification::Unverified) => Health::Unverified,
        Some(Verification::Verified | Verification::NotConfigured) => Health::Healthy,
    }
}
