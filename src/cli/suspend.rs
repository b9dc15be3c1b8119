//! `chatward suspend` and `chatward resume`

use clap::Args;

use super::Common;
use crate::entry::Target;

/// `chatward suspend`
#[derive(Debug, Args)]
pub struct Suspend {
    /// What is left alone: a tenant with all of its policies, or one policy
    #[arg(value_name = "TENANT[/NAME]")]
    pub target: Target,
    /// Until when: a time such as 2026-12-01T00:00Z, or a duration from now such as 2h
    #[arg(long, value_name = "TIME|DURATION")]
    pub until: String,
    /// Why, for whoever reads the status or the audit
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
}

/// `chatward resume`
#[derive(Debug, Args)]
pub struct Resume {
    /// What was suspended, named in the same way
    #[arg(value_name = "TENANT[/NAME]")]
    pub target: Target,
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
}
