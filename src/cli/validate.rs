//! `chatward validate` and `chatward explain`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Common, Output};

/// How findings look, on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Report {
    /// For people: the line with a caret under what is meant.
    Text,
    /// For programs; the shape has a version.
    Json,
    /// SARIF 2.1.0, for code scanning; files are named from the current directory.
    Sarif,
    /// Annotations on a pull request, as workflow commands of GitHub Actions.
    Github,
}

/// What counts as an error beside errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Warnings that are not waived.
    Warnings,
}

/// `chatward validate`
#[derive(Debug, Args)]
pub struct Validate {
    /// Files and directories to check [default: the policy directory]
    pub paths: Vec<PathBuf>,
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Report,
    /// Exit with 2 for these too
    #[arg(long, value_name = "WHAT")]
    pub deny: Option<Deny>,
    /// Show what is mechanical to mend, and mend it in place; comments and layout stay
    #[arg(long)]
    pub fix: bool,
    /// Show what --fix would change, and change nothing
    #[arg(long, conflicts_with = "fix")]
    pub diff: bool,
}

/// `chatward explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// Which code, by its number or its name, such as CW2107 or hash-length
    #[arg(required_unless_present = "list")]
    pub code: Option<String>,
    /// List all codes
    #[arg(long, conflicts_with = "code")]
    pub list: bool,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}
