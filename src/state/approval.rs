//! A plan that somebody approved: good for exactly that plan, once, and for a day.
//!
//! A tenant has one at most, since at most one plan is held there: a newer approval takes the place of an older one.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::State;
use crate::digest::PlanDigest;
use crate::entry::{PlanApproved, PlanReleased, Requester};

/// How long an approval is good for.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// An approval that was not used yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Of which plan.
    pub digest: PlanDigest,
    /// By whom.
    pub by: Requester,
    /// When.
    pub time: Timestamp,
}

impl Approval {
    /// Which plan it lets through at this time; none once it is too old. A clock that was set back makes none younger.
    pub fn holds_at(&self, now: Timestamp) -> Option<PlanDigest> {
        (now.duration_since(self.time).abs() < LIFETIME).then_some(self.digest)
    }
}

impl State {
    pub(super) fn approve(&mut self, approved: &PlanApproved, time: Timestamp) -> Result<(), String> {
        if !self.tenants.contains_key(&approved.tenant) {
            return Err(format!("tenant {} is not bound", approved.tenant));
        }
        self.approvals.retain(|_, approval| approval.holds_at(time).is_some());
        let approval = Approval { digest: approved.digest, by: approved.by.clone(), time };
        self.approvals.insert(approved.tenant.clone(), approval);
        Ok(())
    }

    /// One that came meanwhile, for another plan, stays.
    pub(super) fn release_plan(&mut self, released: &PlanReleased) -> Result<(), String> {
        let Some(approval) = self.approvals.get(&released.tenant) else {
            return Err(format!("no plan of tenant {} was approved", released.tenant));
        };
        if approval.digest == released.digest {
            self.approvals.remove(&released.tenant);
        }
        Ok(())
    }
}
