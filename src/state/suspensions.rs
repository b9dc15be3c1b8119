//! Tenants and policies that are left alone because somebody asked for it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::State;
use crate::entry::{Requester, Resumed, Suspended, Target};
use crate::policy::{PolicyId, PolicyName, TenantName};
use crate::suspension::Term;

/// What is left alone of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Suspensions {
    /// All of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Asked>,
    /// These policies, whether anything else is known of them or not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<PolicyName, Asked>,
}

/// What somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Until when, and why.
    #[serde(flatten)]
    pub term: Term,
    /// Who.
    pub by: Requester,
    /// When.
    pub since: Timestamp,
}

impl State {
    /// Everything that somebody asked to leave alone, whether its time is over or not.
    pub fn suspended(&self) -> impl Iterator<Item = (Target, &Asked)> {
        self.suspensions.iter().flat_map(|(tenant, known)| {
            let all = known.all.iter().map(move |asked| (Target::Tenant { tenant: tenant.clone() }, asked));
            let id = move |name: &PolicyName| PolicyId::new(tenant.clone(), name.clone());
            all.chain(known.policies.iter().map(move |(name, asked)| (Target::Policy(id(name)), asked)))
        })
    }

    /// Whoever asked to leave a policy alone at that time: for it, and for its whole tenant.
    pub fn suspensions_of(&self, id: &PolicyId, now: Timestamp) -> impl Iterator<Item = (Target, &Asked)> {
        let known = self.suspensions.get(&id.tenant);
        let own = known.and_then(|known| known.policies.get(&id.name));
        let own = own.map(|asked| (Target::Policy(id.clone()), asked));
        let all = known.and_then(|known| known.all.as_ref());
        let all = all.map(|asked| (Target::Tenant { tenant: id.tenant.clone() }, asked));
        own.into_iter().chain(all).filter(move |(_, asked)| asked.term.until > now)
    }

    /// What somebody asked for that is over by that time, and not on record as such.
    pub fn suspensions_over(&self, now: Timestamp) -> Vec<Target> {
        let over = self.suspended().filter(|(_, asked)| asked.term.until <= now);
        over.map(|(target, _)| target).collect()
    }

    /// Whether somebody asked to leave all of a tenant alone at that time.
    pub fn is_suspended(&self, tenant: &TenantName, now: Timestamp) -> bool {
        let asked = self.suspensions.get(tenant).and_then(|known| known.all.as_ref());
        asked.is_some_and(|asked| asked.term.until > now)
    }

    /// What is suspended once more before its time is over has been so since the first time.
    pub(super) fn suspend(&mut self, suspended: &Suspended, time: Timestamp) {
        let before = self.asked(&suspended.target).filter(|before| before.term.until > time);
        let since = before.map_or(time, |before| before.since);
        let asked = Asked { term: suspended.term.clone(), by: suspended.by.clone(), since };
        let known = self.suspensions.entry(suspended.target.tenant().clone()).or_default();
        match &suspended.target {
            Target::Tenant { .. } => known.all = Some(asked),
            Target::Policy(id) => {
                known.policies.insert(id.name.clone(), asked);
            }
        }
    }

    fn asked(&self, target: &Target) -> Option<&Asked> {
        let known = self.suspensions.get(target.tenant())?;
        match target {
            Target::Tenant { .. } => known.all.as_ref(),
            Target::Policy(id) => known.policies.get(&id.name),
        }
    }

    pub(super) fn resume(&mut self, resumed: &Resumed, time: Timestamp) -> Result<(), String> {
        let tenant: &TenantName = resumed.target.tenant();
        // By itself only what is over ends: somebody may have asked for longer just now.
        if let Some(asked) = self.asked(&resumed.target)
            && resumed.by.is_none()
            && asked.term.until > time
        {
            return Err(format!("{} is suspended until {}", resumed.target, asked.term.until));
        }
        let ended = self.suspensions.get_mut(tenant).and_then(|known| match &resumed.target {
            Target::Tenant { .. } => known.all.take(),
            Target::Policy(id) => known.policies.remove(&id.name),
        });
        if self.suspensions.get(tenant) == Some(&Suspensions::default()) {
            self.suspensions.remove(tenant);
        }
        ended.map(|_| ()).ok_or_else(|| format!("{} is not suspended", resumed.target))
    }
}
