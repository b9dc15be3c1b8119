//! Entries about plans that the guard holds and somebody lets through.

use serde::{Deserialize, Serialize};

use super::Requester;
use crate::digest::PlanDigest;
use crate::policy::TenantName;

/// `plan.approved`: exactly this plan may go through, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanApproved {
    /// At which tenant.
    pub tenant: TenantName,
    /// Which plan.
    pub digest: PlanDigest,
    /// How many changes it has.
    pub changes: usize,
    /// Why it was held.
    pub why: String,
    /// Who approved it.
    pub by: Requester,
}

/// `plan.released`: an approved plan is begun, which uses the approval up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReleased {
    /// At which tenant.
    pub tenant: TenantName,
    /// Which plan.
    pub digest: PlanDigest,
    /// How many changes it has.
    pub changes: usize,
}
