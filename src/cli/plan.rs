//! The part of the command line that shows what would change.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Common, SandboxFlags};
use crate::plan::review::PlanPrefix;

/// `chatward plan`
#[derive(Debug, Args)]
pub struct Plan {
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// A simulated tenant.
    #[command(flatten)]
    pub sandbox: SandboxFlags,
    /// Also ask the tenants what is live
    #[arg(long)]
    pub live: bool,
    /// Take the policies of this git revision for what is live, instead of reading the state
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["live", "sandbox"])]
    pub base: Option<String>,
    /// Plan what is in this git revision, instead of what is in the directory
    #[arg(long, value_name = "REVISION", requires = "base")]
    pub head: Option<String>,
    /// Plan the removal of policies whose file is gone
    #[arg(long)]
    pub prune: bool,
    /// Also write the plan to this file, for `chatward apply --plan` to apply exactly that
    #[arg(long, value_name = "FILE", conflicts_with = "base")]
    pub out: Option<PathBuf>,
    /// Exit with 2 where changes are pending
    #[arg(long, alias = "non-zero-exit-code")]
    pub detailed_exitcode: bool,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: PlanOutput,
}

/// `chatward approve`
#[derive(Debug, Args)]
pub struct Approve {
    /// The plan's digest, or its first 12 digits or more
    pub digest: PlanPrefix,
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// Where no daemon runs: the plan is one with pruning
    #[arg(long)]
    pub prune: bool,
    /// Where no daemon runs: the plan is one for the simulated tenant
    #[arg(long)]
    pub sandbox: bool,
}

/// How a plan looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanOutput {
    /// For people at a terminal.
    Text,
    /// For programs; the shape has a version.
    Json,
    /// For a pull request: one table, short enough for a comment.
    Markdown,
}
