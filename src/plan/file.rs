//! A plan as a file: reviewed first, applied later, and then exactly that or nothing.
//!
//! ```text
//! plan --out ─► plan.json ─ reviewed ─► apply --plan ─ a fresh look: the same changes? ─► carried out
//!                                                                    └─ no ─► stale, and nothing is sent
//! ```
//!
//! The file holds digests and names, no payload and no secret. Its own digest keeps it from being edited by mistake; what
//! keeps it honest is the fresh look, which has to come to the same digest by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::review::{PlannedChange, digest};
use super::{Action, Plan};
use crate::digest::PlanDigest;
use crate::entry::Binding;
use crate::policy::{PolicyId, TenantName};
use crate::printable::printable;

/// The version of the file that this chatward writes, and the only one that it reads.
pub const VERSION: u32 = 1;
/// How many differences are named.
const MAX_NAMED: usize = 10;
/// The longest difference that is shown.
const MAX_SHOWN: usize = 300;

/// A plan as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanFile {
    version: u32,
    digest: PlanDigest,
    made_at: Timestamp,
    #[serde(flatten)]
    said: Said,
}

/// All that the digest is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    /// Whether tenants were asked what they have.
    live: bool,
    /// Whether policies whose file is gone are removed.
    prune: bool,
    /// What each tenant is that something changes at.
    tenants: BTreeMap<TenantName, Option<Binding>>,
    /// In the order of ids: what is begun or carried on, and what would be but for the guard or a change window.
    changes: Vec<PlannedChange>,
}

/// A file that is no plan of ours.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It can't be read as one.
    #[error("it is no plan that `chatward plan --out` wrote: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Another chatward wrote it.
    #[error("it is a plan of version {0}, and this chatward reads version {VERSION}: make a new one")]
    Version(u32),
    /// It does not say what it said when it was made.
    #[error(
        "it was changed after it was made: its digest is {written}, and what it says has the digest {real}"
    )]
    Changed {
        /// What is written in it.
        written: PlanDigest,
        /// What it says.
        real: PlanDigest,
    },
}

/// A plan that is no longer what would be done, and in what it differs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Stale {
    differences: Vec<String>,
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what would be done now is something else, so nothing is: ")?;
        let shown = self.differences.iter().take(MAX_NAMED).map(|it| printable(it, MAX_SHOWN));
        f.write_str(&shown.collect::<Vec<_>>().join("; "))?;
        match self.differences.len().saturating_sub(MAX_NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl PlanFile {
    /// Of a plan that was made with these.
    pub fn of(
        plan: &Plan,
        binding: impl Fn(&TenantName) -> Option<Binding>,
        (live, prune): (bool, bool),
        made_at: Timestamp,
    ) -> Self {
        let steps = plan.steps.iter().filter(|step| step.action.begins() || step.action == Action::Resume);
        let held = plan.held_whole.values().flat_map(|held| held.changes.iter().cloned());
        let waiting = plan.waiting.iter().cloned();
        let mut changes: Vec<PlannedChange> =
            steps.map(PlannedChange::of).chain(held).chain(waiting).collect();
        changes.sort_by(|a, b| a.id.cmp(&b.id));
        let tenants: BTreeSet<&TenantName> = changes.iter().map(|change| &change.id.tenant).collect();
        let tenants = tenants.into_iter().map(|tenant| (tenant.clone(), binding(tenant))).collect();
        let said = Said { live, prune, tenants, changes };
        Self { version: VERSION, digest: said.digest(), made_at, said }
    }

    /// Reads one.
    ///
    /// # Errors
    /// Where it is none, or was edited.
    pub fn read(text: &[u8]) -> Result<Self, PlanFileError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_slice(text)?;
        if version != VERSION {
            return Err(PlanFileError::Version(version));
        }
        let file: Self = serde_json::from_slice(text)?;
        let real = file.said.digest();
        if file.digest != real {
            return Err(PlanFileError::Changed { written: file.digest, real });
        }
        Ok(file)
    }

    /// What the plan is known by.
    pub fn digest(&self) -> PlanDigest {
        self.digest
    }

    /// Whether tenants were asked what they have when it was made.
    pub fn asks_live(&self) -> bool {
        self.said.live
    }

    /// Whether it removes policies whose file is gone.
    pub fn prunes(&self) -> bool {
        self.said.prune
    }

    /// Whether this is still what would be done, as a fresh plan has it.
    ///
    /// # Errors
    /// Names what differs.
    pub fn check(&self, fresh: &Self) -> Result<(), Stale> {
        if self.digest == fresh.digest {
            return Ok(());
        }
        Err(Stale { differences: self.said.differences(&fresh.said) })
    }
}

impl Said {
    fn digest(&self) -> PlanDigest {
        digest(&(VERSION, self))
    }

    fn differences(&self, fresh: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if self.prune != fresh.prune {
            let word = |on| if on { "on" } else { "off" };
            differences.push(format!("pruning was {}, and is {}", word(self.prune), word(fresh.prune)));
        }
        for (tenant, binding) in &self.tenants {
            if let Some(now) = fresh.tenants.get(tenant).filter(|now| *now != binding) {
                let told =
                    |it: &Option<Binding>| it.as_ref().map_or("unknown".to_owned(), Binding::to_string);
                differences.push(format!("tenant {tenant} was {}, and is {}", told(binding), told(now)));
            }
        }
        let (then, now) = (by_id(&self.changes), by_id(&fresh.changes));
        let ids: BTreeSet<&PolicyId> = then.keys().chain(now.keys()).copied().collect();
        differences.extend(ids.into_iter().filter_map(|id| match (then.get(id), now.get(id)) {
            (Some(then), Some(now)) if then == now => None,
            (Some(then), Some(now)) => Some(format!("{id}: planned was {then}, now it is {now}")),
            (Some(then), None) => Some(format!("{id}: planned was {then}, now there is nothing to do")),
            (None, Some(now)) => Some(format!("{id}: nothing was planned, now it is {now}")),
            (None, None) => None,
        }));
        differences
    }
}

fn by_id(changes: &[PlannedChange]) -> BTreeMap<&PolicyId, &PlannedChange> {
    changes.iter().map(|change| (&change.id, change)).collect()
}

#[cfg(test)]
mod tests;
