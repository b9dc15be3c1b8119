//! The half of a pass that does nothing: the snapshot, the plan made from it, and which commits that is from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::BindError;
use crate::config::{OnFailure, Settings, Tenant, Verify};
use crate::digest::{Digest, EntryHash};
use crate::drift::OnDrift;
use crate::host::Host;
use crate::live::LiveView;
use crate::payload::Payload;
use crate::plan::{Decided, Plan, Retry, Terms, decide, provenance};
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::{Desired, Snapshot};
use crate::source::{Commits, Settled, Source};
use crate::state::{Position, State};
use crate::window::Closed;

/// The most policies that a plan may name for what it settles to be kept.
const MAX_NAMED: usize = 10_000;

/// What a plan is made with besides the snapshot and the state.
pub struct Sight<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// What is known of live.
    pub live: &'a LiveView,
    /// What is tried again.
    pub retry: Retry,
    /// Now.
    pub host: &'a Host,
    /// Reads the payload of an earlier intent.
    pub payload_at: &'a dyn Fn(Position) -> Option<Payload>,
    /// Reads the payload of what is wanted.
    pub payload_of: &'a dyn Fn(&PolicyId, &Desired) -> Option<Payload>,
}

impl Sight<'_> {
    /// The steps that would end the drift, wherever they are from.
    pub fn decide(&self, snapshot: &Snapshot, state: &State) -> Decided {
        let settings = self.settings;
        let tenants: BTreeSet<TenantName> = settings.tenants.keys().cloned().collect();
        let terms = Terms {
            tenants: &tenants,
            probed: &tenants_that(settings, probes),
            rollback: &tenants_that(settings, rolls_back),
            live: &self.live.differences(state),
            changed_by: &|id| self.live.changed_by(id).cloned(),
            corrected: &corrected(settings),
            back_off: &|tenant| settings.tenants.get(tenant).map_or(Duration::ZERO, |it| it.live.back_off),
            closed: &closed(settings, self.host.now()),
            guard: &settings.guard,
            prune: settings.prune,
            retry: self.retry,
            now: self.host.now(),
            payload_at: self.payload_at,
            payload_of: self.payload_of,
        };
        decide(snapshot, state, &terms)
    }
}

/// The plan made from a snapshot of a source, and nothing done.
pub fn look(
    source: &mut Source,
    snapshot: &Snapshot,
    state: &State,
    settings: &Settings,
    live: &LiveView,
    (retry, host): (Retry, &Host),
    payload_at: &dyn Fn(Position) -> Option<Payload>,
) -> Plan {
    let payloads = source.payloads();
    let payload_of = |id: &PolicyId, desired: &Desired| payloads.get(id, desired).ok();
    let sight = Sight { settings, live, retry, host, payload_at, payload_of: &payload_of };
    let Decided { mut plan, in_sync } = sight.decide(snapshot, state);
    if live.tenants.is_empty() {
        source.settle(settled(&plan, in_sync, terms(settings), state.head.hash));
    }
    let commits = source.commits(&provenance::files(&plan, state));
    trace(&mut plan, state, settings, &commits);
    plan
}

/// Puts beside a plan which commits it is from, and holds what must be signed and is not.
pub(super) fn trace(plan: &mut Plan, state: &State, settings: &Settings, commits: &Commits) {
    provenance::attach(plan, commits);
    if settings.signers.is_some() {
        provenance::hold_unsigned(plan, state, commits);
    }
}

/// A policy directory of the settings, with the index beside the state.
pub fn source(settings: &Settings) -> Source {
    let tenants = settings.tenants.keys().cloned().collect();
    Source::new(&settings.policies, tenants).indexed(&settings.state).signed_by(settings.signers.clone())
}

/// What a plan settles, as far as that is worth keeping: nothing where it names more policies than are looked up one by one.
pub(super) fn settled(
    plan: &Plan,
    in_sync: BTreeMap<TenantName, usize>,
    terms: Digest,
    head: EntryHash,
) -> Option<Settled> {
    let named = plan.named();
    (named.len() <= MAX_NAMED).then_some(Settled { head, terms, in_sync, named })
}

/// Everything of the settings that makes a policy be in sync or not.
pub fn terms(settings: &Settings) -> Digest {
    let tenants: BTreeMap<_, _> =
        settings.tenants.iter().map(|(name, tenant)| (name, tenant.binding())).collect();
    let sets = (tenants_that(settings, probes), tenants_that(settings, rolls_back), corrected(settings));
    Digest::of(format!("{tenants:?} {sets:?} {:?} {}", settings.guard, settings.prune).as_bytes())
}

fn tenants_that(settings: &Settings, holds: fn(&Verify) -> bool) -> BTreeSet<TenantName> {
    let holding = |tenant: &&Tenant| tenant.verify.as_ref().is_some_and(holds);
    settings.tenants.values().filter(holding).map(|tenant| tenant.name.clone()).collect()
}

/// Tenants at which what somebody changed is corrected.
fn corrected(settings: &Settings) -> BTreeSet<TenantName> {
    let corrected = |tenant: &&Tenant| tenant.live.on_drift == OnDrift::Correct;
    settings.tenants.values().filter(corrected).map(|tenant| tenant.name.clone()).collect()
}

/// Tenants at which no change may begin at that time.
fn closed(settings: &Settings, now: Timestamp) -> BTreeMap<TenantName, Closed> {
    let closed = |tenant: &Tenant| Some((tenant.name.clone(), tenant.windows.closed(now)?));
    settings.tenants.values().filter_map(closed).collect()
}

fn probes(_: &Verify) -> bool {
    true
}

fn rolls_back(verify: &Verify) -> bool {
    verify.on_failure == OnFailure::Rollback
}

/// Whether each tenant of the settings is the one that the ledger knows.
///
/// # Errors
/// Names the first that is another.
pub fn check_bindings(settings: &Settings, state: &State) -> Result<(), BindError> {
    for tenant in settings.tenants.values() {
        let bound = state.tenants.get(&tenant.name).map(|tenant| &tenant.binding);
        if let (Some(configured), Some(bound)) = (tenant.binding(), bound)
            && configured != *bound
        {
            return Err(BindError::Differs {
                tenant: tenant.name.clone(),
                configured: configured.to_string(),
                bound: bound.to_string(),
            });
        }
    }
    Ok(())
}
