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

use super::disk::{self, Disk};
use super::line::{self, Line};
use super::{LedgerError, segment};
use crate::digest::FileHash;
use crate::entry::{Anchor, Event};
use crate::state::{Head, State};

const VERSION: u32 = 1;

/// What the file beside a segment says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Anchored {
    version: u32,
    /// Every file before this one, there or archived.
    pub(super) segments: Vec<Span>,
    /// What their entries add up to.
    pub(super) state: State,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    segments: Vec<Span>,
    state: &'a State,
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

/// Writes what a ledger adds up to beside the segment that is about to begin, and gives the anchor that tells of it.
pub(super) fn write(
    disk: &dyn Disk,
    directory: &Path,
    first: u64,
    state: &State,
) -> Result<Anchor, LedgerError> {
    let segments = spans(directory, first)?;
    let path = path(&segment::path(directory, first));
    let io = |error| LedgerError::io(&path, error);
    let written = serde_json::to_vec(&Written { version: VERSION, segments, state });
    let bytes = written.map_err(|error| io(error.into()))?;
    disk::replace(disk, &path, &path.with_extension("json.new"), &bytes).map_err(io)?;
    Ok(Anchor { state_hash: FileHash::of(&bytes) })
}

/// Every file before the one that begins with `first`, by the newest anchor before it and the files since.
fn spans(directory: &Path, first: u64) -> Result<Vec<Span>, LedgerError> {
    let mut since: Vec<u64> = Vec::new();
    let mut spans = Vec::new();
    for segment in segment::list(directory)?.into_iter().rev().filter(|segment| *segment < first) {
        since.push(segment);
        if let Some(Ok(anchored)) = of(directory, segment) {
            spans = anchored.segments;
            break;
        }
    }
    for segment in since.into_iter().rev() {
        let path = segment::path(directory, segment);
        let Some(line) = segment::last_line(&path)? else { continue };
        let broken = |why| LedgerError::Broken { path: path.clone(), line: 0, why };
        let Line { entry, hash, .. } = line::decode(&line).map_err(broken)?;
        spans.push(Span { first: segment, last: Head { sequence: entry.sequence, hash } });
    }
    Ok(spans)
}

/// What a segment carries on from; nothing where it does not begin with an anchor, or nothing stands beside it.
pub(super) fn of(directory: &Path, first: u64) -> Option<Result<Anchored, LedgerError>> {
    let path = segment::path(directory, first);
    let line = line::decode(&segment::line_at(&path, 0).ok()?).ok()?;
    let Event::Anchor(told) = line.entry.event else { return None };
    read(&path, &told).map_err(|why| LedgerError::Broken { path, line: 1, why }).transpose()
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
