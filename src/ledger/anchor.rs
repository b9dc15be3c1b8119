//! Anchors: what a ledger adds up to where one of its files begins, so that the files before it need not be there.
//!
//! ```text
//! ledger/00000000000000004711.jsonl        begins with entry 4711, an anchor, which holds the hash of
//! ledger/00000000000000004711.state.json   all that entries 1 to 4710 add up to
//! ```
//!
//! The state stands beside the line and not in it, since it grows with the number of policies and a line has its bounds.
//! The hash makes it part of the chain.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::FileHash;
use crate::entry::Anchor;
use crate::state::{Head, State};

const VERSION: u32 = 1;

/// What the file beside a segment says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Anchored {
    version: u32,
    /// Every file before this one, there or archived.
    pub(super) segments: Vec<Span>,
    /// What their entries add up to.
    pub(super) state: State,
}

/// A file of a ledger, from its first entry to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    /// The sequence of its first entry, which names it.
    pub(super) first: u64,
    /// Its last entry.
    pub(super) last: Head,
}

/// Where the state of a segment is.
pub(super) fn path(segment: &Path) -> PathBuf {
    segment.with_extension("state.json")
}

/// The form on disk, and its hash.
pub(super) fn form(segments: Vec<Span>, state: State) -> serde_json::Result<(Vec<u8>, FileHash)> {
    let bytes = serde_json::to_vec(&Anchored { version: VERSION, segments, state })?;
    let hash = FileHash::of(&bytes);
    Ok((bytes, hash))
}

/// What stands beside a segment, where there is such a file; `Err` says why it can't be what the anchor told.
pub(super) fn read(segment: &Path, told: &Anchor) -> Result<Option<Anchored>, String> {
    let path = path(segment);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("the state beside it, {}, can't be read: {error}", path.display())),
    };
    if FileHash::of(&bytes) != told.state_hash {
        return Err(format!("the state beside it, {}, was altered", path.display()));
    }
    let anchored: Anchored = serde_json::from_slice(&bytes)
        .map_err(|error| format!("the state beside it, {}, can't be read: {error}", path.display()))?;
    match anchored.version {
        VERSION => Ok(Some(anchored)),
        newer => Err(format!("the state beside it is of version {newer}, newer than {VERSION}")),
    }
}
