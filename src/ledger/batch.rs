//! A ledger's files, read in order and in large pieces that end where lines end.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::place::Place;
use super::{LedgerError, segment};

/// How much is read at once.
const PIECE: usize = 512 * 1024;

/// Whole lines of one file.
pub(super) struct Batch {
    /// Where the first of them begins.
    pub(super) place: Place,
    pub(super) bytes: Vec<u8>,
}

/// All files of a ledger, by the sequence of their first entry: those of the state directory, and archived ones.
pub(super) fn files(state: &Path, archives: &[PathBuf]) -> Result<BTreeMap<u64, PathBuf>, LedgerError> {
    let mut files = BTreeMap::new();
    for archive in archives {
        // An archive that is named and not there is a mistake; an empty state directory is an empty ledger.
        fs::metadata(archive).map_err(|error| LedgerError::io(archive, error))?;
        for first in segment::list_in(archive)? {
            files.insert(first, segment::path_in(archive, first));
        }
    }
    // A file that is in both was not yet removed here; both are the same, and this one is the nearer.
    for first in segment::list(state)? {
        files.insert(first, segment::path(state, first));
    }
    Ok(files)
}

/// Reads all files piece by piece, until `each` wants no more.
pub(super) fn read(
    files: &BTreeMap<u64, PathBuf>,
    mut each: impl FnMut(Batch) -> ControlFlow<()>,
) -> Result<(), LedgerError> {
    let last = files.keys().next_back();
    for (first, path) in files {
        let place = Place::start(path.clone(), *first);
        if read_file(place, last == Some(first), &mut each)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn read_file(
    mut place: Place,
    is_last: bool,
    each: &mut impl FnMut(Batch) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, LedgerError> {
    let path = place.path.clone();
    let io = |error| LedgerError::io(&path, error);
    let mut open = fs::File::open(&path).map_err(io)?;
    let mut bytes = Vec::with_capacity(PIECE);
    loop {
        let read = (&mut open).take(PIECE as u64).read_to_end(&mut bytes).map_err(io)?;
        let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        if whole > 0 {
            let mut rest = Vec::with_capacity(PIECE + bytes.len() - whole);
            rest.extend_from_slice(&bytes[whole..]);
            bytes.truncate(whole);
            let begin = place.clone();
            place.position.offset += whole as u64;
            if each(Batch { place: begin, bytes }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            bytes = rest;
        } else if bytes.len() as u64 > segment::MAX_LINE {
            return Err(place.broken("it is longer than any entry".to_owned()));
        } else if read == 0 && !bytes.is_empty() && !is_last {
            // In the last file it is being written, or was when its writer ended.
            return Err(place.broken("the file ends in the middle of it".to_owned()));
        } else if read == 0 {
            return Ok(ControlFlow::Continue(()));
        }
    }
}
