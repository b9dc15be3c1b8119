//! Proving a ledger: every line unaltered, every link in place, every entry one that can follow.

use std::path::Path;

use super::{LedgerError, line, scan, segment};
use crate::digest::EntryHash;
use crate::state::{Head, State};

/// What a proven ledger is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Its newest entry.
    pub head: Head,
    /// How many files it is in.
    pub segments: usize,
}

/// Proves a ledger. With an outside copy of an earlier (or the newest) entry's hash, also that the ledger still reaches
/// that entry: nothing inside a ledger can tell that its tail was cut.
///
/// # Errors
/// Names the first line that does not hold.
pub fn verify(directory: &Path, outside: Option<EntryHash>) -> Result<Proof, LedgerError> {
    let mut state = State::default();
    let mut reached = outside.is_none();
    scan::lines(directory, None, |at, bytes| {
        let (entry, hash) = line::decode(bytes).map_err(|why| at.broken(why))?;
        state.fold(&entry, hash, at.position).map_err(|illegal| at.broken(illegal.to_string()))?;
        reached |= outside == Some(hash);
        Ok(())
    })?;
    match outside {
        Some(head) if !reached => Err(LedgerError::Foreign { head, last: state.head.sequence }),
        _ => Ok(Proof { head: state.head, segments: segment::list(directory)?.len() }),
    }
}
