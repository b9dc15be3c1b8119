//! The flags of `chatward audit`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{Common, Output};
use crate::digest::EntryHash;
use crate::entry::Event;
use crate::policy::{PolicyId, TenantName};

/// `chatward audit`
#[derive(Debug, Args)]
pub struct Audit {
    /// What to do with it.
    #[command(subcommand)]
    pub verb: AuditVerb,
}

/// The verbs of `audit`.
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Show what was done, when, from which commit, and what came of it
    Show(AuditShow),
    /// Prove that no entry was edited, removed, reordered or added
    ///
    /// A cut tail can be told only by an outside copy of the head, such as a log line of an earlier deploy: --head takes
    /// one.
    ///
    /// What is checked: each entry's hash over all of its bytes, that it carries on the one before, that what it says can
    /// have happened after all that was said before, and that it is signed where the ledger says so. --public-key checks
    /// the signatures themselves.
    Verify(AuditVerify),
    /// Make a key that signs entries from now on
    ///
    /// Writes the private key to FILE, for its owner's eyes alone, and the public one to FILE.pub. Name FILE in the
    /// settings as `audit: { signing_key: { file: FILE } }`, and keep FILE.pub where the ledger can't be written from.
    Keygen(AuditKeygen),
    /// Move files of the ledger elsewhere that nothing needs any more to go on
    ///
    /// Works beside a running daemon. A file stays as long as a payload in it may still be sent or shown: that of an
    /// open operation, or of what is applied or was verified last.
    Archive(AuditArchive),
}

/// `chatward audit show`
#[derive(Debug, Args)]
pub struct AuditShow {
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// Only this policy, TENANT/NAME
    #[arg(long, value_name = "TENANT/NAME")]
    pub policy: Option<PolicyId>,
    /// Only this tenant
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<TenantName>,
    /// Only from this time on, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Only this event, such as operation.effect; in JSON it is shown as --entries
    #[arg(long, value_name = "EVENT", value_parser = PossibleValuesParser::new(Event::NAMES), hide_possible_values = true)]
    pub event: Option<String>,
    /// Only what went wrong
    #[arg(long)]
    pub failed: bool,
    /// Also what was archived in this directory; may be given several times
    #[arg(long, value_name = "DIR")]
    pub archive: Vec<PathBuf>,
    /// Every entry as it is, instead of a summary of each deployment
    #[arg(long)]
    pub entries: bool,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// `chatward audit verify`
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// An outside copy of an entry's hash that the ledger must reach
    #[arg(long, value_name = "HASH")]
    pub head: Option<EntryHash>,
    /// A public key that may have signed it; may be given several times, where keys were changed
    #[arg(long, value_name = "FILE")]
    pub public_key: Vec<PathBuf>,
    /// Also what was archived in this directory; may be given several times
    #[arg(long, value_name = "DIR")]
    pub archive: Vec<PathBuf>,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// `chatward audit keygen`
#[derive(Debug, Args)]
pub struct AuditKeygen {
    /// Where the private key goes; a file that is there is never replaced
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `chatward audit archive`
#[derive(Debug, Args)]
pub struct AuditArchive {
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// Where files go; made if there is none
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}
