//! How things stand, as metrics tell it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Board, Shown};
use crate::entry::Subject;
use crate::metrics::{Standing, SuspendedStanding, TenantStanding};
use crate::plan::Plan;
use crate::policy::TenantName;
use crate::state::TenantState;
use crate::status::{self, Sync, Tally};

impl Board {
    /// What is known by the ledger and by the last look.
    pub(super) fn standing(&self, shown: &Shown) -> Standing {
        let mut oldest: BTreeMap<TenantName, Timestamp> = BTreeMap::new();
        for (subject, since) in &shown.drifted {
            if let Subject::Policy(id) = subject {
                let known = oldest.entry(id.tenant.clone()).or_insert(*since);
                *known = (*known).min(*since);
            }
        }
        self.ledger.read(|state| {
            // What the ledger knows is known before the first look; a count that begins at 0 would look like a lost ledger.
            let (mut tally, mut policies) = (Tally::default(), Vec::new());
            if let Some((snapshot, plan)) = &shown.looked {
                tally = status::tally(snapshot, state, plan);
                if self.terms.per_policy {
                    let all = status::status(
                        snapshot,
                        state,
                        plan,
                        &shown.live,
                        (&status::Query::ALL, self.host.now()),
                    );
                    let rows = all.policies.iter();
                    policies.extend(rows.filter_map(|row| Some((row.id()?, row.sync == Sync::Synced))));
                }
            }
            Standing {
                suspended: shown.looked.as_ref().map(|(_, plan)| suspended(plan)).unwrap_or_default(),
                tally,
                tenants: state.tenants.iter().map(|(name, tenant)| (name.clone(), stands(tenant))).collect(),
                held_whole: held_whole(shown),
                oldest,
                entries: state.head.sequence,
                findings: shown.findings.clone(),
                pages: state.pages.clone(),
                policies,
            }
        })
    }
}

/// What of each tenant is left alone.
fn suspended(plan: &Plan) -> BTreeMap<TenantName, SuspendedStanding> {
    let mut tenants: BTreeMap<TenantName, SuspendedStanding> = BTreeMap::new();
    for item in &plan.held {
        let (Some(id), Some(suspension)) = (item.subject.policy(), item.suspension.as_deref()) else {
            continue;
        };
        let (since, until) = (suspension.since, suspension.term.until);
        let known = tenants.entry(id.tenant.clone()).or_insert(SuspendedStanding { count: 0, since, until });
        known.count += 1;
        (known.since, known.until) = (known.since.min(since), known.until.min(until));
    }
    tenants
}

/// How many changes of each tenant are held whole.
fn held_whole(shown: &Shown) -> BTreeMap<TenantName, usize> {
    let plan = shown.looked.iter().flat_map(|(_, plan)| &plan.held_whole);
    plan.map(|(tenant, held)| (tenant.clone(), held.changes.len())).collect()
}

fn stands(tenant: &TenantState) -> TenantStanding {
    let rates = || tenant.policies.values().filter_map(|policy| policy.applied.as_ref()?.success_rate);
    let count = rates().count();
    TenantStanding {
        breaker: tenant.breaker.clone(),
        success_rate: (count > 0).then(|| rates().sum::<f64>() / count as f64),
    }
}
