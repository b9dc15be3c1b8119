//! A snapshot taken for what is live: the state as it would be if everything in it had been applied.
//!
//! With it a plan can be made between two trees, without a ledger.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::entry::Binding;
use crate::outcome::Verification;
use crate::policy::PolicyId;
use crate::snapshot::{Desired, Snapshot};
use crate::state::{Applied, PolicyState, Position, State, TenantState};

/// What a plan between two trees begins from.
#[derive(Debug, Default)]
pub struct Base {
    state: State,
    policies: Vec<(PolicyId, Desired)>,
}

impl Base {
    /// Everything that a snapshot asks for, as applied and verified. What in it can't be used counts as not there.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut base = Self::default();
        for (id, desired) in &snapshot.desired {
            let applied = Applied {
                digest: desired.digest,
                origin: desired.origin.clone(),
                job_id: None,
                time: Timestamp::UNIX_EPOCH,
                intent: Position { segment: 0, offset: base.policies.len() as u64 },
                correlation_id: Uuid::nil(),
                verification: Verification::Verified,
                success_rate: None,
            };
            let tenant = base.state.tenants.entry(id.tenant.clone()).or_insert_with(no_tenant);
            let policy = PolicyState { applied: Some(applied), ..PolicyState::default() };
            tenant.policies.insert(id.name.clone(), policy);
            base.policies.push((id.clone(), desired.clone()));
        }
        base
    }

    /// What a ledger would add up to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The policy whose intent would be there.
    pub fn policy(&self, at: Position) -> Option<&(PolicyId, Desired)> {
        self.policies.get(usize::try_from(at.offset).ok()?)
    }
}

/// A tenant that nothing was ever sent to.
fn no_tenant() -> TenantState {
    TenantState {
        binding: Binding { preset: String::new(), origin: String::new(), organisation: None },
        failure: None,
        breaker: Default::default(),
        webhooks: BTreeMap::new(),
        policies: BTreeMap::new(),
    }
}
