//! What a ledger entry says: one fact each, in the order in which they became known.
//!
//! An entry is at once the write-ahead log (an intent goes before its effect) and the audit log. It names what was
//! done to which policy, why, from which file and commit, and never holds a secret. [`crate::state`] adds entries up;
//! [`crate::ledger`] keeps them, chained.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::breaker::BreakerState;
use crate::digest::{EntryHash, FileHash, KeyId};
use crate::outcome::Verification;
use crate::policy::{PolicyId, TenantName};

mod approval;
mod hold;
mod json;
mod operation;
mod page;
mod requester;
mod suspension;
mod webhook;

pub use approval::{PlanApproved, PlanReleased};
pub use hold::{Held, HoldReason, Released, Subject};
pub use operation::{
    Commit, Effect, EffectOutcome, Intent, Late, LateOutcome, Location, Operation, Origin, Scope, Verdict,
    WaitReason, Waiting,
};
pub use page::{PageDifference, PageDropped, PageObserved, PageVerdict};
pub use requester::Requester;
pub use suspension::{Resumed, Suspended, Target};
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

/// The table of events: what each is called, and what its entry holds.
macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($held:ty) = $name:literal,)*) => {
        /// What happened.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "event")]
        pub enum Event {
            $($(#[$doc])* #[serde(rename = $name)] $variant($held),)*
        }

        impl Event {
            /// The name of each event.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The event's name, as `event` has it.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// An event by its name, from the members that are left of the object that holds it.
            fn named<'de, D: Deserializer<'de>>(name: &str, members: D) -> Result<Self, D::Error> {
                match name {
                    $($name => Deserialize::deserialize(members).map(Self::$variant),)*
                    _ => Err(de::Error::unknown_variant(name, Self::NAMES)),
                }
            }
        }
    };
}

events! {
    /// From here on, entries of this tenant mean this tenant.
    Bound(Bound) = "tenant.bound",
    /// A tenant could not be worked with at all.
    TenantFailed(TenantFailed) = "tenant.failed",
    /// It could again.
    TenantRecovered(TenantRecovered) = "tenant.recovered",
    /// Its breaker opened or closed.
    Breaker(BreakerChanged) = "tenant.breaker",
    /// Something is about to be asked of a tenant.
    Intent(Box<Intent>) = "operation.intent",
    /// The tenant took it and named its job.
    Location(Location) = "operation.location",
    /// A pass gave up waiting; the operation goes on.
    Waiting(Waiting) = "operation.waiting",
    /// The operation has ended.
    Effect(Effect) = "operation.effect",
    /// An abandoned operation's job has ended after all, or is asked no more.
    Late(Late) = "operation.late",
    /// What probing showed.
    Verdict(Verdict) = "policy.verdict",
    /// A policy or a file is drifted, but not acted on.
    Held(Held) = "policy.held",
    /// It is held no longer.
    Released(Released) = "policy.released",
    /// A tenant or a policy is left alone until a time.
    Suspended(Suspended) = "policy.suspended",
    /// It is left alone no longer.
    Resumed(Resumed) = "policy.resumed",
    /// Somebody lets a plan through that the guard holds.
    PlanApproved(PlanApproved) = "plan.approved",
    /// It is begun.
    PlanReleased(PlanReleased) = "plan.released",
    /// A webhook is about to be registered.
    WebhookIntent(WebhookIntent) = "webhook.intent",
    /// What came of it.
    WebhookEffect(WebhookEffect) = "webhook.effect",
    /// Somebody delivered what is not a tenant's event.
    HookRefused(HookRefused) = "hook.refused",
    /// A webhook that was replaced or left the settings is gone, or is left where it is for good.
    WebhookRemoved(WebhookRemoved) = "webhook.removed",
    /// A page was looked at as a browser receives it.
    PageObserved(Box<PageObserved>) = "page.observed",
    /// A page is looked at no more: the settings name it no longer.
    PageDropped(PageDropped) = "page.dropped",
    /// From this entry on, each is signed.
    Signing(Signing) = "ledger.signing",
    /// A file of the ledger begins, and carries on from what all files before it add up to.
    Anchor(Anchor) = "ledger.anchor",
}

impl Event {
    /// The tenant that it speaks of, where it speaks of one.
    pub fn tenant(&self) -> Option<&TenantName> {
        match self {
            Self::Bound(bound) => Some(&bound.tenant),
            Self::TenantFailed(failed) => Some(&failed.tenant),
            Self::TenantRecovered(recovered) => Some(&recovered.tenant),
            Self::Breaker(changed) => Some(&changed.tenant),
            Self::PlanApproved(approved) => Some(&approved.tenant),
            Self::PlanReleased(released) => Some(&released.tenant),
            Self::WebhookIntent(intent) => Some(&intent.tenant),
            Self::WebhookEffect(effect) => Some(&effect.tenant),
            Self::HookRefused(refused) => Some(&refused.tenant),
            Self::WebhookRemoved(removed) => Some(&removed.tenant),
            Self::PageDropped(dropped) => Some(&dropped.tenant),
            Self::Signing(_) | Self::Anchor(_) => None,
            Self::Held(held) => held.subject.tenant(),
            Self::Released(released) => released.subject.tenant(),
            Self::Suspended(suspended) => Some(suspended.target.tenant()),
            Self::Resumed(resumed) => Some(resumed.target.tenant()),
            Self::Intent(_)
            | Self::Location(_)
            | Self::Waiting(_)
            | Self::Effect(_)
            | Self::Late(_)
            | Self::Verdict(_)
            | Self::PageObserved(_) => self.policy().map(|id| &id.tenant),
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
            Self::PageObserved(observed) => Some(&observed.id),
            Self::Held(Held { subject: Subject::Policy(id), .. })
            | Self::Released(Released { subject: Subject::Policy(id), .. }) => Some(id),
            Self::Suspended(Suspended { target, .. }) | Self::Resumed(Resumed { target, .. }) => {
                target.policy()
            }
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
            Self::PageObserved(observed) => observed.verdict != PageVerdict::Matches,
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

/// `ledger.signing`: the first entry that a key signs, and so the last that another one need not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signing {
    /// Which key signs.
    pub key: KeyId,
}

/// `ledger.anchor`: the first entry of a file. With it, the files before need not be there to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Anchor {
    /// The hash of the file beside this one that holds what the ledger adds up to before this entry.
    pub state_hash: FileHash,
}

#[cfg(test)]
mod tests;
