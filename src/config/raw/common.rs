//! What is set for all tenants together.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

use super::SecretRef;
use crate::plan::guard::{Limit, Percent, Weakening};

/// `audit`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The key that signs every entry.
    pub signing_key: Option<SecretRef>,
    /// How large a file of the ledger grows before the next is begun, such as `64MiB`.
    pub segment_size: Option<String>,
}

/// `source`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Whether the commit that last touched a policy's file must be signed by an allowed key.
    #[serde(default)]
    pub require_signed: bool,
    /// A file of SSH keys that are allowed.
    pub allowed_signers: Option<PathBuf>,
    /// Fingerprints of PGP keys that are allowed.
    #[serde(default)]
    pub allowed_pgp_keys: Vec<String>,
}

/// `guard`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// Updates, as a share of what is applied.
    #[serde(default, deserialize_with = "percent")]
    pub max_changes: Option<Percent>,
    /// Removals, as a share of what is applied.
    #[serde(default, deserialize_with = "percent")]
    pub max_removals: Option<Percent>,
    /// Updates that weaken, as a number or as a share of what is applied.
    pub max_weakening: Option<Limit>,
    /// What becomes of a change that weakens its policy: `allow`, `warn` or `hold`.
    pub weakening: Option<Weakening>,
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Percent>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(de::Error::custom)
}
