//! Entries about what is drifted but not acted on.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Origin;
use crate::digest::Digest;
use crate::policy::{PolicyId, TenantName};

/// What is held: a policy, or a file whose policies can't be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Subject {
    /// A policy.
    Policy(PolicyId),
    /// A file, relative to the policy directory.
    File {
        /// Its name.
        #[serde(rename = "subjectFile")]
        file: Arc<str>,
    },
}

impl Subject {
    /// The policy, where it is one.
    pub fn policy(&self) -> Option<&PolicyId> {
        match self {
            Self::Policy(id) => Some(id),
            Self::File { .. } => None,
        }
    }

    /// Its tenant, where it is known.
    pub fn tenant(&self) -> Option<&TenantName> {
        match self {
            Self::Policy(id) => Some(&id.tenant),
            Self::File { .. } => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(id) => id.fmt(f),
            Self::File { file } => write!(f, "{}", file.escape_debug()),
        }
    }
}

/// Why a drifted policy is not acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// Validation found an error, or the file can't be read.
    Invalid,
    /// Another document has the same id.
    Duplicate,
    /// Its tenant is not in the settings.
    UnknownTenant,
    /// The plan changes or removes more than the guard lets through.
    Guard,
    /// It would be weaker than what is applied, and its document does not accept that.
    Weakening,
    /// An earlier attempt failed not long ago.
    BackOff,
    /// The tenant refused this digest.
    Rejected,
    /// It was live, let something harmful through, and was rolled back.
    RolledBack,
    /// Its file is gone, and pruning is off.
    PruneOff,
    /// The tenant was changed, and is only reported on.
    ReportOnly,
    /// Somebody changes the tenant again and again, against every correction.
    Fight,
    /// No allowed key signed the commit that it is from.
    Unsigned,
    /// It is left alone until a time, because somebody or its document says so.
    Suspended,
    /// No change may begin now at its tenant.
    Window,
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "invalid",
            Self::Duplicate => "duplicate",
            Self::UnknownTenant => "unknown-tenant",
            Self::Guard => "guard",
            Self::Weakening => "weakening",
            Self::BackOff => "back-off",
            Self::Rejected => "rejected",
            Self::RolledBack => "rolled-back",
            Self::PruneOff => "prune-off",
            Self::ReportOnly => "report-only",
            Self::Fight => "fight",
            Self::Unsigned => "unsigned",
            Self::Suspended => "suspended",
            Self::Window => "window",
        })
    }
}

/// `policy.held`: written when a hold begins or its reason changes, not on every pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// What is held.
    #[serde(flatten)]
    pub subject: Subject,
    /// Why.
    pub reason: HoldReason,
    /// The same for people, in one bounded line.
    pub detail: String,
    /// What it would be, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Where it came from; nothing for a policy whose file is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// `policy.released`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    /// What was held.
    #[serde(flatten)]
    pub subject: Subject,
    /// Why it was.
    pub reason: HoldReason,
}
