//! The part of the command line that shows what would change.

use clap::{Args, ValueEnum};

use super::{Common, SandboxFlags};

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
    /// Exit with 2 where changes are pending
    #[arg(long, alias = "non-zero-exit-code")]
    pub detailed_exitcode: bool,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: PlanOutput,
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
