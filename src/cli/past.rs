//! The flags of `chatward history`, `diff` and `restore`: what was live, and how it comes back.

use std::path::PathBuf;

use clap::Args;

use super::{Common, Output};
use crate::policy::PolicyId;

/// `chatward history`
#[derive(Debug, Args)]
pub struct History {
    /// Whose
    #[arg(value_name = "TENANT/NAME")]
    pub policy: PolicyId,
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// Also look where files of the ledger were archived
    #[arg(long, value_name = "DIR")]
    pub archive: Vec<PathBuf>,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// `chatward diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// Of which policy
    #[arg(value_name = "TENANT/NAME")]
    pub policy: PolicyId,
    /// The digest that it had, or the first characters of it
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The digest that is compared with it
    #[arg(value_name = "NEW")]
    pub new: String,
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// Also look where files of the ledger were archived
    #[arg(long, value_name = "DIR")]
    pub archive: Vec<PathBuf>,
}

/// `chatward restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// Which policy
    #[arg(value_name = "TENANT/NAME")]
    pub policy: PolicyId,
    /// What it was with this digest, or the first characters of it, in place of what was verified last
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<String>,
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// Also look where files of the ledger were archived
    #[arg(long, value_name = "DIR")]
    pub archive: Vec<PathBuf>,
}
