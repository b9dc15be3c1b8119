//! Reading a ledger: every whole line from a place on, and what they add up to.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::batch::Batch;
use super::line::Outliner;
use super::place::Place;
use super::{LedgerError, anchor, batch, checkpoint, line, lookup, segment, verify};
use crate::digest::EntryHash;
use crate::entry::Entry;
use crate::state::{Position, State};

/// A line of a ledger, with its place.
pub struct Scanned {
    /// The entry.
    pub entry: Entry,
    /// Its hash.
    pub hash: EntryHash,
    /// Where its line begins.
    pub position: Position,
}

/// Reads every entry, checking that each is unaltered, and hands it on; also those that were archived in these
/// directories.
///
/// # Errors
/// At the first line that is not what was written there, and whatever `each` returns.
pub fn scan(
    state: &Path,
    archives: &[PathBuf],
    mut each: impl FnMut(Scanned) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut walked = Ok(());
    batch::read(&batch::files(state, archives)?, |batch| {
        walked = scan_batch(batch, &mut each);
        if walked.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    walked
}

fn scan_batch(
    Batch { mut place, bytes }: Batch,
    each: &mut impl FnMut(Scanned) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    for bytes in bytes.split_inclusive(|&byte| byte == b'\n') {
        let line =
            line::decode(bytes.strip_suffix(b"\n").unwrap_or(bytes)).map_err(|why| place.broken(why))?;
        each(Scanned { entry: line.entry, hash: line.hash, position: place.position })?;
        place.position.offset += bytes.len() as u64;
    }
    Ok(())
}

/// Hands every whole line on, from the start or from a place where a line begins.
pub(super) fn lines(
    state: &Path,
    from: Option<Position>,
    mut each: impl FnMut(&Place, &[u8]) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let segments = segment::list(state)?;
    let wanted = |first: &u64| from.is_none_or(|from| *first >= from.segment);
    let mut buffer = Vec::new();
    for first in segments.into_iter().filter(wanted) {
        let path = segment::path(state, first);
        let io = |error| LedgerError::io(&path, error);
        let mut file = File::open(&path).map_err(io)?;
        let offset = from.filter(|from| from.segment == first).map_or(0, |from| from.offset);
        file.seek(SeekFrom::Start(offset)).map_err(io)?;
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        let mut place = Place { path: path.clone(), position: Position { segment: first, offset } };
        while let Some(length) = next_line(&mut reader, &mut buffer).map_err(io)? {
            if length > segment::MAX_LINE {
                return Err(place.broken("it is longer than any entry".to_owned()));
            }
            each(&place, &buffer)?;
            place.position.offset += length;
        }
    }
    Ok(())
}

/// The next whole line, without its newline, and its length with it. A last line without its newline is being written.
fn next_line(reader: &mut impl BufRead, buffer: &mut Vec<u8>) -> std::io::Result<Option<u64>> {
    buffer.clear();
    let length = reader.by_ref().take(segment::MAX_LINE + 1).read_until(b'\n', buffer)? as u64;
    match buffer.last() {
        Some(b'\n') => {
            buffer.pop();
            Ok(Some(length))
        }
        _ if length > segment::MAX_LINE => Ok(Some(length)),
        _ => Ok(None),
    }
}

/// What a ledger adds up to: its checkpoint and the entries since, or all of its entries.
pub(super) fn load(state: &Path) -> Result<State, LedgerError> {
    match lookup::load_all(state)? {
        Some(loaded) => Ok(loaded),
        None => load_checkpoint(state).map(State::compact),
    }
}

fn load_checkpoint(state: &Path) -> Result<State, LedgerError> {
    let mut outliner = Outliner::new();
    let checkpoint = checkpoint::load(state);
    let known = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.state.head.sequence);
    if let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.fits(state)) {
        // The checkpoint's own last entry is read again, and passed over.
        let mut loaded = checkpoint.state;
        let mut first = true;
        let last = loaded.last;
        lines(state, Some(last), |place, bytes| {
            if std::mem::take(&mut first) {
                return Ok(());
            }
            fold(&mut loaded, place, bytes, &mut outliner)
        })?;
        return Ok(loaded);
    }
    let (mut loaded, from) = start(state)?;
    lines(state, from, |place, bytes| fold(&mut loaded, place, bytes, &mut outliner))?;
    // A checkpoint is written after its entries are on disk, so one that knows more than they say tells of a loss.
    if loaded.head.sequence < known {
        return Err(LedgerError::Cut { found: loaded.head.sequence, expected: known });
    }
    Ok(loaded)
}

/// Where adding up begins: at the newest anchor, or with the first entry of all.
fn start(state: &Path) -> Result<(State, Option<Position>), LedgerError> {
    let mut broken = None;
    for segment in segment::list(state)?.into_iter().rev() {
        match anchor::of(state, segment) {
            Some(Ok(anchored)) => return Ok((anchored.state, Some(Position { segment, offset: 0 }))),
            Some(Err(error)) => broken = broken.or(Some(error)),
            None if segment == 1 => return Ok((State::default(), None)),
            None => {}
        }
    }
    broken.map_or(Ok((State::default(), None)), Err)
}

fn fold(state: &mut State, place: &Place, bytes: &[u8], outliner: &mut Outliner) -> Result<(), LedgerError> {
    let line = outliner.read(bytes).map_err(|why| place.broken(why))?;
    let (first, last) = (place.position.segment, state.head.sequence);
    if place.begins() && line.entry.sequence == first && first > last + 1 {
        return Err(LedgerError::Gap { path: place.path.clone(), first, last });
    }
    state
        .fold(&line.entry, line.hash, place.position)
        .map_err(|illegal| place.broken(illegal.to_string()))?;
    verify::told(state, &line).map_err(|why| place.broken(why))
}
