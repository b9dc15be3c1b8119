//! The rows of a status, each made of what is known of one policy, tenant or page.

use jiff::Timestamp;
use url::Url;

use super::{Health, HeldPlanStatus, PageStatus, PolicyStatus, Query, Standing, Sync, TenantStatus};
use crate::drift::LiveSync;
use crate::entry::Subject;
use crate::live::LiveView;
use crate::outcome::Verification;
use crate::plan::{self, HeldItem, Plan};
use crate::policy::TenantName;
use crate::snapshot::Snapshot;
use crate::state::{PolicyState, Seen, State, TenantState};

/// A policy, as it stands.
pub(super) fn row(snapshot: &Snapshot, it: &Standing<'_>, live: &LiveView) -> PolicyStatus {
    let Standing { id, policy, held, .. } = it;
    let desired = snapshot.desired.get(id);
    let (applied, setback, open) = (policy.applied.as_ref(), policy.setback.as_deref(), policy.open.as_ref());
    let origin = applied.map(|applied| &applied.origin).or(desired.map(|desired| &desired.origin));
    let job = open.and_then(|open| open.job.as_ref()).map(|job| job.id.clone());
    let tried = [applied.map(|it| it.time), setback.map(|it| it.time), open.map(|it| it.time)];
    PolicyStatus {
        tenant: Some(id.tenant.clone()),
        name: id.name.to_string(),
        sync: it.sync,
        cause: it.cause,
        held: held.map(|item| item.reason),
        detail: held.map(|item| item.detail.clone()).or(setback.map(|setback| setback.error.clone())),
        live: live.of(id, Some(policy)).against(applied.map(|applied| applied.digest)),
        live_at: live.time(&id.tenant),
        health: health(policy),
        // Of what nothing is planned for, what is wanted is what is applied, and a daemon keeps it once.
        digest: desired.map(|desired| desired.digest).or(applied.filter(|_| !it.named).map(|it| it.digest)),
        applied_digest: applied.map(|applied| applied.digest),
        revision: applied.and_then(|applied| applied.origin.revision()).map(str::to_owned),
        file: origin.map(|origin| origin.file.to_string()),
        job_id: job.or_else(|| applied.and_then(|applied| applied.job_id.clone())),
        applied_at: applied.map(|applied| applied.time),
        verification: applied.map(|applied| applied.verification),
        success_rate: applied.and_then(|applied| applied.success_rate),
        last_attempt: tried.into_iter().flatten().max(),
        next_retry: setback.filter(|setback| !setback.rejected).map(plan::due),
        until: held.and_then(|item| item.until),
        suspension: held.and_then(|item| item.suspension.as_deref().cloned()),
        findings: 0,
    }
}

/// A file whose policies can't be told.
pub(super) fn file_row(item: &HeldItem) -> Option<PolicyStatus> {
    let Subject::File { file } = &item.subject else { return None };
    Some(PolicyStatus {
        tenant: None,
        name: file.to_string(),
        sync: Sync::Held,
        cause: None,
        held: Some(item.reason),
        detail: Some(item.detail.clone()),
        live: LiveSync::Unknown,
        live_at: None,
        health: Health::Unknown,
        digest: None,
        applied_digest: None,
        revision: None,
        file: Some(file.to_string()),
        job_id: None,
        applied_at: None,
        verification: None,
        success_rate: None,
        last_attempt: None,
        next_retry: None,
        until: None,
        suspension: None,
        findings: 0,
    })
}

/// A tenant, without what is over by now.
pub(super) fn tenant_row(
    name: &TenantName,
    tenant: &TenantState,
    (state, plan): (&State, &Plan),
    now: Timestamp,
) -> TenantStatus {
    let held_plan = plan.held_whole.get(name).map(|held| HeldPlanStatus {
        digest: held.digest,
        changes: held.changes.len(),
        why: held.why.clone(),
    });
    let known = state.suspensions.get(name).and_then(|known| known.all.as_ref());
    let registered = tenant.webhooks.iter().filter(|(_, webhook)| webhook.registered.is_some());
    TenantStatus {
        name: name.clone(),
        binding: Some(tenant.binding.to_string()),
        error: tenant.failure.clone(),
        breaker: tenant.breaker.clone(),
        held_plan,
        approval: state.approvals.get(name).filter(|approval| approval.holds_at(now).is_some()).cloned(),
        applied: tenant.policies.values().filter(|policy| policy.applied.is_some()).count(),
        webhooks: registered.map(|(name, _)| name.clone()).collect(),
        suspension: known.filter(|asked| asked.term.until > now).cloned(),
    }
}

/// The pages that are looked at, of the tenants that are asked for.
pub(super) fn pages(state: &State, query: &Query<'_>) -> Vec<PageStatus> {
    let asked = state.pages.iter().filter(|(name, ..)| query.tenant.is_none_or(|asked| *name == asked));
    let row = |(tenant, url, seen): (&TenantName, &Url, &Seen)| PageStatus {
        tenant: tenant.clone(),
        url: url.clone(),
        seen: seen.clone(),
    };
    asked.map(row).collect()
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
