//! What of a plan somebody decides on: its changes, what each of them starts from, and one digest for all of that.
//!
//! Two plans have the same digest where the same would be done to the same policies of the same tenant, from the same point.
//! Which commit a file is from is no part of it, nor what a guard says: so a plan that was reviewed before it was merged is
//! the same afterwards, and one that was held is the same once it is let through.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Action, Plan, Step};
use crate::digest::{Digest, PlanDigest, canonical_json};
use crate::drift::Cause;
use crate::entry::{Binding, PlanApproved, Requester};
use crate::policy::{PolicyId, TenantName};
use crate::textual::textual;

/// The version of what is hashed.
const VERSION: u32 = 1;
/// How many of the plans that are held are named where none of them is meant.
const MAX_NAMED: usize = 5;

/// One change: what it starts from, and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedChange {
    /// Of which policy.
    #[serde(flatten)]
    pub id: PolicyId,
    /// What is done.
    pub action: Action,
    /// Why.
    pub cause: Option<Cause>,
    /// What is applied.
    pub applied: Option<Digest>,
    /// What the tenant was seen to have, where that is something else.
    pub live: Option<Digest>,
    /// What is wanted; nothing for a removal.
    pub desired: Option<Digest>,
}

impl PlannedChange {
    /// Of a step.
    pub fn of(step: &Step) -> Self {
        Self {
            id: step.id.clone(),
            action: step.action,
            cause: step.cause,
            applied: step.applied,
            live: step.live,
            desired: step.desired.as_ref().map(|desired| desired.digest),
        }
    }
}

impl fmt::Display for PlannedChange {
    /// `update cba06b57→11507a0e`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |digest: Option<Digest>| digest.map_or_else(|| "nothing".to_owned(), |it| it.short());
        write!(f, "{} {}→{}", self.action, short(self.applied), short(self.desired))?;
        match self.live {
            Some(live) => write!(f, " over {} there", live.short()),
            None => Ok(()),
        }
    }
}

/// The digest of anything that a plan says.
pub(super) fn digest(value: &impl Serialize) -> PlanDigest {
    // Names, digests and words always have a JSON form.
    PlanDigest::of(&canonical_json(value).unwrap_or_default())
}

/// A tenant's part of a plan that is held whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPlan {
    /// What it is known by.
    pub digest: PlanDigest,
    /// Why it is held.
    pub why: String,
    /// Everything that would be begun, in the order of ids.
    pub changes: Vec<PlannedChange>,
}

impl HeldPlan {
    pub(super) fn of(plan: &Plan, tenant: &TenantName, binding: Option<&Binding>, why: String) -> Self {
        #[derive(Serialize)]
        struct Hashed<'a> {
            version: u32,
            tenant: &'a TenantName,
            binding: Option<&'a Binding>,
            changes: &'a [PlannedChange],
        }
        let begun = plan.steps.iter().filter(|step| step.id.tenant == *tenant && step.action.begins());
        let changes: Vec<PlannedChange> = begun.map(PlannedChange::of).collect();
        let digest = digest(&Hashed { version: VERSION, tenant, binding, changes: &changes });
        Self { digest, why, changes }
    }

    /// What is put on record where somebody lets it through.
    pub fn approved(&self, tenant: &TenantName, by: Requester) -> PlanApproved {
        PlanApproved {
            tenant: tenant.clone(),
            digest: self.digest,
            changes: self.changes.len(),
            why: self.why.clone(),
            by,
        }
    }
}

/// What somebody asks for who lets a held plan through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// How its digest begins.
    pub digest: PlanPrefix,
    /// Who asks, as they say.
    pub by: Requester,
}

/// A tenant's part of a plan that the guard would hold and somebody approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovedPlan {
    /// What it is known by.
    pub digest: PlanDigest,
    /// How many changes it has.
    pub changes: usize,
}

impl Plan {
    /// Holds what is left of an approved plan that lost a step since it was made: an approval is for all of it.
    pub fn hold_parts(&mut self) {
        let whole = |(tenant, approved): (&TenantName, &ApprovedPlan)| {
            let begun = self.steps.iter().filter(|step| step.id.tenant == *tenant && step.action.begins());
            (begun.count() < approved.changes).then(|| tenant.clone())
        };
        let parts: Vec<TenantName> = self.approved.iter().filter_map(whole).collect();
        for tenant in parts {
            self.approved.remove(&tenant);
            self.hold_tenant(
                &tenant,
                "a part of the plan that was approved can't go through, so none of it does",
            );
        }
    }

    /// The plan that is held under a digest that begins like this.
    ///
    /// # Errors
    /// Where there is none, or more than one.
    pub fn held_as(&self, prefix: &PlanPrefix) -> Result<(&TenantName, &HeldPlan), NotHeld> {
        let mut matching = self.held_whole.iter().filter(|(_, held)| prefix.begins(held.digest));
        match (matching.next(), matching.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(NotHeld::Several),
            (None, _) if self.held_whole.is_empty() => Err(NotHeld::Nothing),
            (None, _) => Err(NotHeld::Others(self.named_held())),
        }
    }

    fn named_held(&self) -> String {
        let named = self.held_whole.iter().take(MAX_NAMED);
        let named: Vec<String> =
            named.map(|(tenant, held)| format!("{} of tenant {tenant}", held.digest)).collect();
        named.join(", ")
    }
}

/// The beginning of a plan's digest, long enough to stand for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanPrefix(String);

textual!(PlanPrefix);

impl PlanPrefix {
    /// The fewest digits that are taken.
    pub const MIN: usize = 12;

    fn begins(&self, digest: PlanDigest) -> bool {
        digest.to_string().starts_with(&self.0)
    }
}

/// A text that no plan's digest begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a plan's digest is 64 hexadecimal digits, of which the first 12 or more are enough")]
pub struct PlanPrefixError;

impl FromStr for PlanPrefix {
    type Err = PlanPrefixError;

    fn from_str(text: &str) -> Result<Self, PlanPrefixError> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let fits = (Self::MIN..=64).contains(&text.len());
        if digits && fits { Ok(Self(text.to_owned())) } else { Err(PlanPrefixError) }
    }
}

impl fmt::Display for PlanPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why nothing can be approved by a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHeld {
    /// No plan is held.
    #[error("the guard holds no plan now: it was let through, or is no longer what is to be done")]
    Nothing,
    /// Others are.
    #[error(
        "no plan is held under that digest now: what is to be done has changed, so look at it again. Held: {0}"
    )]
    Others(String),
    /// Several are.
    #[error("several plans that are held begin with these digits: give more of them")]
    Several,
}

#[cfg(test)]
mod tests;
