//! Why the ledger can't be used: what happened, to which file, and what to do next.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Holder;
use crate::digest::{EntryHash, KeyId};
use crate::policy::PolicyId;
use crate::state::Illegal;

/// Why the ledger can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file or directory of it can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes.
    #[error("the state directory {} is in use by {holder}", path.display())]
    Locked {
        /// The state directory.
        path: PathBuf,
        /// Who holds it.
        holder: Box<Holder>,
    },
    /// A line is not what was written there.
    #[error("{}, line {line}: {why}", path.display())]
    Broken {
        /// The segment.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// An entry can't follow the ones before it.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// There is less than there was.
    #[error(
        "the ledger ends at entry {found}, but the checkpoint knows entry {expected}: its tail is gone; put the ledger \
         back from a backup, or move the state directory away as a whole, to begin anew with what the tenants have live"
    )]
    Cut {
        /// The last entry found.
        found: u64,
        /// The last entry that the checkpoint knows.
        expected: u64,
    },
    /// An outside copy of a head is of no entry here.
    #[error("no entry has the hash {head}: the tail after entry {last} was cut, or this is another ledger")]
    Foreign {
        /// The outside copy.
        head: EntryHash,
        /// The last entry here.
        last: u64,
    },
    /// Entries are missing between two files.
    #[error(
        "{} begins with entry {first}, but the newest entry before it is {last}: a file is missing between them; put it \
         back from a backup, or say with --archive where it was archived", path.display()
    )]
    Gap {
        /// The file behind the gap.
        path: PathBuf,
        /// Its first entry.
        first: u64,
        /// The newest entry before it.
        last: u64,
    },
    /// A file that the state refers to is not there.
    #[error("{} is missing, and the payload of {policy} is in it: put it back, from a backup or an archive", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
        /// One of the policies whose payload is in it.
        policy: PolicyId,
    },
    /// Entries are signed, and the key is not there to go on.
    #[error("every entry is signed by key {key}, and no key is set to go on with: see `audit.signing_key`")]
    KeyMissing {
        /// The key that signed so far.
        key: KeyId,
    },
    /// A file can't be archived.
    #[error("{} is not archived: {why}", path.display())]
    NotArchived {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Signatures were asked for, and there are none.
    #[error("no entry is signed: this ledger never was, or it was made anew by somebody without the key")]
    Unsigned,
    /// An earlier write failed.
    #[error("nothing is recorded any more since a write failed: {0}")]
    Stopped(Arc<str>),
}

impl LedgerError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
