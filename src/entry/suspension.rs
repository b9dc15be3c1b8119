//! Entries about what is left alone by hand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Requester;
use crate::policy::{PolicyId, PolicyIdError, TenantName};
use crate::suspension::Term;

/// A tenant with all of its policies, or one of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Target {
    /// One policy.
    Policy(PolicyId),
    /// Every policy of a tenant.
    Tenant {
        /// Which.
        tenant: TenantName,
    },
}

impl Target {
    /// The tenant.
    pub fn tenant(&self) -> &TenantName {
        match self {
            Self::Policy(PolicyId { tenant, .. }) | Self::Tenant { tenant } => tenant,
        }
    }

    /// The policy, where it is one.
    pub fn policy(&self) -> Option<&PolicyId> {
        match self {
            Self::Policy(id) => Some(id),
            Self::Tenant { .. } => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(id) => id.fmt(f),
            Self::Tenant { tenant } => tenant.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = PolicyIdError;

    /// `TENANT/NAME`, or `TENANT` alone.
    fn from_str(text: &str) -> Result<Self, PolicyIdError> {
        match text.contains('/') {
            true => text.parse().map(Self::Policy),
            false => Ok(Self::Tenant { tenant: text.parse()? }),
        }
    }
}

/// `policy.suspended`: from here on nothing is submitted for it, until its time is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suspended {
    /// What is left alone.
    #[serde(flatten)]
    pub target: Target,
    /// Until when, and why.
    #[serde(flatten)]
    pub term: Term,
    /// Who asked for it.
    pub by: Requester,
}

/// `policy.resumed`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resumed {
    /// What was left alone.
    #[serde(flatten)]
    pub target: Target,
    /// Who asked for it; nothing where its time was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Requester>,
}
