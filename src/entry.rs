//! What a ledger entry says: one fact each, in the order in which they became known.
//!
//! An entry is at once the write-ahead log (an intent goes before its effect) and the audit log. It names what was
//! done to which policy, why, from which file and commit, and never holds a secret. [`crate::state`] adds entries up;
//! [`crate::ledger`] keeps them, chained.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::breaker::BreakerState;
use crate::digest::EntryHash;
use crate::outcome::Verification;
use crate::policy::{PolicyId, TenantName};

mod hold;
mod operation;
mod webhook;

pub use hold::{Held, HoldReason, Released, Subject};
pub use operation::{
    Commit, Effect, EffectOutcome, Intent, Late, LateOutcome, Location, Operation, Origin, Scope, Verdict,
    WaitReason, Waiting,
};
pub use webhook::{WebhookEffect, WebhookIntent, WebhookRemoved};

/// The version of the entry format that this chatward writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// One line of the ledger, without its own hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Version of the format.
    pub version: u32,
    /// From 1, without a gap.
    pub sequence: u64,
    /// By the wall clock of the machine that wrote it.
    pub time: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// The hash of the entry before this one.
    pub previous_hash: EntryHash,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Event {
    /// From here on, entries of this tenant mean this tenant.
    #[serde(rename = "tenant.bound")]
    Bound(Bound),
    /// A tenant could not be worked with at all.
    #[serde(rename = "tenant.failed")]
    TenantFailed(TenantFailed),
    /// It could again.
    #[serde(rename = "tenant.recovered")]
    TenantRecovered(TenantRecovered),
    /// Its breaker opened or closed.
    #[serde(rename = "tenant.breaker")]
    Breaker(BreakerChanged),
    /// Something is about to be asked of a tenant.
    #[serde(rename = "operation.intent")]
    Intent(Box<Intent>),
    /// The tenant took it and named its job.
    #[serde(rename = "operation.location")]
    Location(Location),
    /// A pass gave up waiting; the operation goes on.
    #[serde(rename = "operation.waiting")]
    Waiting(Waiting),
    /// The operation has ended.
    #[serde(rename = "operation.effect")]
    Effect(Effect),
    /// An abandoned operation's job has ended after all, or is asked no more.
    #[serde(rename = "operation.late")]
    Late(Late),
    /// What probing showed.
    #[serde(rename = "policy.verdict")]
    Verdict(Verdict),
    /// A policy or a file is drifted, but not acted on.
    #[serde(rename = "policy.held")]
    Held(Held),
    /// It is held no longer.
    #[serde(rename = "policy.released")]
    Released(Released),
    /// A webhook is about to be registered.
    #[serde(rename = "webhook.intent")]
    WebhookIntent(WebhookIntent),
    /// What came of it.
    #[serde(rename = "webhook.effect")]
    WebhookEffect(WebhookEffect),
    /// Somebody delivered what is not a tenant's event.
    #[serde(rename = "hook.refused")]
    HookRefused(HookRefused),
    /// A webhook that was replaced or left the settings is gone, or is left where it is for good.
    #[serde(rename = "webhook.removed")]
    WebhookRemoved(WebhookRemoved),
}

impl Event {
    /// The event's name, as `event` has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bound(_) => "tenant.bound",
            Self::TenantFailed(_) => "tenant.failed",
            Self::TenantRecovered(_) => "tenant.recovered",
            Self::Breaker(_) => "tenant.breaker",
            Self::Intent(_) => "operation.intent",
            Self::Location(_) => "operation.location",
            Self::Waiting(_) => "operation.waiting",
            Self::Effect(_) => "operation.effect",
            Self::Late(_) => "operation.late",
            Self::Verdict(_) => "policy.verdict",
            Self::Held(_) => "policy.held",
            Self::Released(_) => "policy.released",
            Self::WebhookIntent(_) => "webhook.intent",
            Self::WebhookEffect(_) => "webhook.effect",
            Self::HookRefused(_) => "hook.refused",
            Self::WebhookRemoved(_) => "webhook.removed",
        }
    }

    /// The tenant that it speaks of, where it speaks of one.
    pub fn tenant(&self) -> Option<&TenantName> {
        match self {
            Self::Bound(bound) => Some(&bound.tenant),
            Self::TenantFailed(failed) => Some(&failed.tenant),
            Self::TenantRecovered(recovered) => Some(&recovered.tenant),
            Self::Breaker(changed) => Some(&changed.tenant),
            Self::WebhookIntent(intent) => Some(&intent.tenant),
            Self::WebhookEffect(effect) => Some(&effect.tenant),
            Self::HookRefused(refused) => Some(&refused.tenant),
            Self::WebhookRemoved(removed) => Some(&removed.tenant),
            Self::Held(held) => held.subject.tenant(),
            Self::Released(released) => released.subject.tenant(),
            Self::Intent(_)
            | Self::Location(_)
            | Self::Waiting(_)
            | Self::Effect(_)
            | Self::Late(_)
            | Self::Verdict(_) => self.policy().map(|id| &id.tenant),
        }
    }

    /// The policy that it speaks of, where it speaks of one.
    pub fn policy(&self) -> Option<&PolicyId> {
        match self {
            Self::Intent(intent) => Some(&intent.id),
            Self::Location(location) => Some(&location.id),
            Self::Waiting(waiting) => Some(&waiting.id),
            Self::Effect(effect) => Some(&effect.id),
            Self::Late(late) => Some(&late.id),
            Self::Verdict(verdict) => Some(&verdict.id),
            Self::Held(Held { subject: Subject::Policy(id), .. })
            | Self::Released(Released { subject: Subject::Policy(id), .. }) => Some(id),
            _ => None,
        }
    }

    /// Whether it tells of something that went wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::TenantFailed(_) | Self::Waiting(_) | Self::Held(_) | Self::HookRefused(_) => true,
            Self::Breaker(changed) => !changed.breaker.is_closed(),
            Self::Effect(effect) => effect.outcome != EffectOutcome::Done,
            Self::Verdict(verdict) => verdict.verification == Verification::Degraded,
            Self::WebhookEffect(effect) => effect.error.is_some(),
            Self::WebhookRemoved(removed) => removed.left.is_some(),
            _ => false,
        }
    }
}

/// What a tenant of the settings really is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The preset of its settings, or `sandbox`.
    pub preset: String,
    /// The origin of its API; `sandbox` for a simulated tenant, whose port is another each time.
    pub origin: String,
    /// Its organisation, where one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.preset)?;
        if self.origin != self.preset {
            write!(f, " at {}", self.origin)?;
        }
        match &self.organisation {
            Some(organisation) => write!(f, " (organisation {})", organisation.escape_debug()),
            None => Ok(()),
        }
    }
}

/// `tenant.bound`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bound {
    /// The tenant of the settings.
    pub tenant: TenantName,
    /// What it is.
    #[serde(flatten)]
    pub binding: Binding,
}

/// `tenant.failed`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantFailed {
    /// Which.
    pub tenant: TenantName,
    /// Why, in the tenant's words where it said any.
    pub error: String,
}

/// `tenant.recovered`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantRecovered {
    /// Which.
    pub tenant: TenantName,
}

/// `hook.refused`: deliveries to a tenant's hook that were not taken. One entry tells of many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookRefused {
    /// Whose hook.
    pub tenant: TenantName,
    /// Why the last one was not taken.
    pub reason: String,
    /// How many there were since the entry before.
    pub count: u64,
}

/// `tenant.breaker`: how it stands after a pass, where that is not how it stood before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakerChanged {
    /// Which.
    pub tenant: TenantName,
    /// How it stands now.
    #[serde(flatten)]
    pub breaker: BreakerState,
}
