//! What the ledger adds up to: a pure fold of its entries.
//!
//! One operation on one policy:
//!
//! ```text
//!                          waiting: lost job, once
//!                      ┌───────────────────────────────┐
//!                      ▼                               │
//! (none) ──intent──► intended ──────location──────► located
//!   ▲                │ │  ▲                         │ │  ▲
//!   │                │ └──┘ waiting: in doubt       │ └──┘ waiting: overdue, unavailable
//!   │                │                              │
//!   ├── effect ◄─────┴──────────────────────────────┤  done, failed, rejected, abandoned
//!   │                                               │
//!   └── late ◄── remembered ◄── effect: abandoned ──┘  at most eight; others may be meant meanwhile
//! ```
//!
//! | an entry | may follow where | and then |
//! | --- | --- | --- |
//! | intent | nothing of the policy is open; a roll-back, where there is something verified to go back to | it is open |
//! | location | it is open and has no job | it has one |
//! | waiting: in doubt | it is open and has no job | it still is |
//! | waiting: overdue, unavailable | it is open and has a job | it still has; deadlines are counted |
//! | waiting: lost job | it is open, has a job, and lost none before | it has none |
//! | effect | it is open, with that digest | it is not; what was done is applied, or gone |
//! | late | it was abandoned with a job, with that digest | what was done is applied, or gone; what overtook it is not known |
//! | verdict | that digest is applied | it is verified, or not |
//! | resumed | it was suspended | it is not |
//!
//! An entry that does not follow from those before it is [`Illegal`]: the ledger then tells something that can't have
//! happened, and nothing is done on such ground. The payloads stay in the ledger; the state knows where.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::breaker::BreakerState;
use crate::digest::{Digest, EntryHash, KeyId};
use crate::drift::Cause;
use crate::entry::{Binding, HoldReason, Operation, Origin, Subject};
use crate::outcome::Verification;
use crate::policy::{PolicyId, PolicyName, TenantName};

mod approval;
mod fold;
mod holds;
mod pages;
mod suspensions;
mod webhooks;

pub use approval::Approval;
pub use fold::Illegal;
pub use pages::{MAX_PAGES, Pages, Seen};
pub use suspensions::{Asked, Suspensions};
pub use webhooks::{OpenWebhook, Registered, WebhookState};

/// Where an entry's line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Position {
    /// The segment, named by the sequence of its first entry.
    pub segment: u64,
    /// Bytes from its start.
    pub offset: u64,
}

/// The newest entry of a ledger. An outside copy of it proves a cut tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its sequence; 0 for an empty ledger.
    pub sequence: u64,
    /// Its hash.
    pub hash: EntryHash,
}

impl Default for Head {
    fn default() -> Self {
        Self { sequence: 0, hash: EntryHash::GENESIS }
    }
}

/// Everything that the ledger adds up to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The newest entry that is in it.
    pub head: Head,
    /// Where that entry's line begins.
    pub last: Position,
    /// The key that signs entries, once one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<KeyId>,
    /// By tenant.
    pub tenants: BTreeMap<TenantName, TenantState>,
    /// What is held, and why.
    #[serde(with = "holds")]
    pub holds: BTreeMap<Subject, Hold>,
    /// How pages were seen last.
    #[serde(default, skip_serializing_if = "Pages::is_empty")]
    pub pages: Pages,
    /// What somebody asked to leave alone, by tenant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub suspensions: BTreeMap<TenantName, Suspensions>,
    /// Plans that somebody approved and that have not gone through yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals: BTreeMap<TenantName, Approval>,
}

/// What is known of a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantState {
    /// What it is.
    pub binding: Binding,
    /// Why it can't be worked with, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How its breaker stood after the last pass.
    #[serde(default, skip_serializing_if = "BreakerState::is_closed")]
    pub breaker: BreakerState,
    /// Its webhooks, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub webhooks: BTreeMap<String, WebhookState>,
    /// Its policies, by name.
    #[serde(default)]
    pub policies: BTreeMap<PolicyName, PolicyState>,
}

/// What is known of a policy. There may be a hundred thousand of them, so what hardly any has is apart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyState {
    /// What was last brought live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// What was last brought live and verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// What a roll-back took away, until something else is deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back: Option<Digest>,
    /// The operation whose end is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Box<Open>>,
    /// Jobs of abandoned operations that may still end; at most [`MAX_ABANDONED`], the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abandoned: Vec<Abandoned>,
    /// Where the ledger tells that such a job ended over something newer. Until something that was meant after that is
    /// live, what is live is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Position>,
    /// When it was last changed back after somebody had changed the tenant; at most three times, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Timestamp>,
    /// What went wrong since the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setback: Option<Box<Setback>>,
    /// The tenant's own id of it, where it said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<String>,
}

/// What was last brought live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// What it is.
    pub digest: Digest,
    /// Where it came from.
    #[serde(flatten)]
    pub origin: Origin,
    /// Its job, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// When its effect was seen.
    pub time: Timestamp,
    /// Where its intent, and with it its payload, is.
    pub intent: Position,
    /// Its operation.
    pub correlation_id: Uuid,
    /// What probing showed since.
    #[serde(default)]
    pub verification: Verification,
    /// Probes that said what they should, out of all, where it was probed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<f64>,
}

/// The newest digest that was live and verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// What it is.
    pub digest: Digest,
    /// Where its payload is.
    pub intent: Position,
}

/// An operation whose end is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Open {
    /// What was asked.
    pub operation: Operation,
    /// Why.
    pub cause: Cause,
    /// What it is about.
    pub digest: Digest,
    /// Where it came from.
    #[serde(flatten)]
    pub origin: Origin,
    /// Its key.
    pub idempotency_key: Uuid,
    /// Its id.
    pub correlation_id: Uuid,
    /// When it was meant.
    pub time: Timestamp,
    /// Where its intent, and with it its payload, is.
    pub intent: Position,
    /// Its job, once the tenant named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// How many deadlines it has passed.
    #[serde(default)]
    pub deadlines: u32,
    /// Whether its job was lost, and it was submitted again.
    #[serde(default)]
    pub resubmitted: bool,
}

/// How many abandoned jobs of one policy are remembered.
pub const MAX_ABANDONED: usize = 8;

/// An operation that was abandoned while its job ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Abandoned {
    /// What was asked.
    pub operation: Operation,
    /// What it was about.
    pub digest: Digest,
    /// Where it came from.
    #[serde(flatten)]
    pub origin: Origin,
    /// Its id.
    pub correlation_id: Uuid,
    /// Where its intent, and with it its payload, is.
    pub intent: Position,
    /// Its job.
    pub job: Job,
    /// When it was abandoned.
    pub time: Timestamp,
    /// Whether something else was meant since.
    #[serde(default)]
    pub followed: bool,
}

/// A tenant's asynchronous work on an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Where it is asked.
    pub location: Url,
}

/// What went wrong since the last success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setback {
    /// With which digest.
    pub digest: Digest,
    /// Whether the tenant refuses it.
    pub rejected: bool,
    /// How often in a row.
    pub count: u32,
    /// The last time.
    pub time: Timestamp,
    /// In the tenant's words.
    pub error: String,
}

/// What is held, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// Why.
    pub reason: HoldReason,
    /// The same for people.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
    /// What it would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The file that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Arc<str>>,
}

impl PolicyState {
    /// What a roll-back would bring live again: the newest verified payload, where something else is live that was not
    /// rolled back already. Nothing after a roll-back, since what is live then is that payload.
    pub fn fallback(&self) -> Option<&Verified> {
        let live = self.applied.as_ref()?.digest;
        self.verified.as_ref().filter(|verified| verified.digest != live && self.rolled_back != Some(live))
    }
}

impl State {
    /// What is known of a policy.
    pub fn policy(&self, id: &PolicyId) -> Option<&PolicyState> {
        self.tenants.get(&id.tenant)?.policies.get(&id.name)
    }

    /// The same, in as little memory as it needs: a map that was filled one by one is half empty.
    #[must_use]
    pub fn compact(mut self) -> Self {
        for tenant in self.tenants.values_mut() {
            tenant.policies = std::mem::take(&mut tenant.policies).into_iter().collect();
        }
        self
    }

    /// Every policy that is known, in the order of ids.
    pub fn policies(&self) -> impl Iterator<Item = (PolicyId, &PolicyState)> {
        self.tenants.iter().flat_map(|(tenant, state)| {
            let id = |name: &PolicyName| PolicyId::new(tenant.clone(), name.clone());
            state.policies.iter().map(move |(name, policy)| (id(name), policy))
        })
    }
}

#[cfg(test)]
mod tests;
