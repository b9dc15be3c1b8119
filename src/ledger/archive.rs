//! Archiving: moving files of a ledger elsewhere that nothing needs any more to go on.
//!
//! A file may go when a later one begins with an anchor, and no payload in it may still be sent or shown: that of an open
//! operation, of what is applied, of what was verified last, of an abandoned job that may still end. It is copied, the
//! copy is read back, and only then is it removed; cut off anywhere, the same again ends it. No lock of the writer is
//! taken: it never writes to a file before the newest, and what nothing refers to, nothing will.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::verify::{Terms, verify};
use super::{LedgerError, anchor, scan, segment};
use crate::digest::FileHash;
use crate::policy::PolicyId;
use crate::state::{PolicyState, Position, State};

/// What was archived, and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Archived {
    /// The files that are in the archive now and were not before.
    pub moved: Vec<PathBuf>,
    /// Files before the newest anchor that stay, each with a policy whose payload is in it.
    pub kept: Vec<(PathBuf, PolicyId)>,
}

/// Moves what can go to a directory, which is made if there is none. The ledger is proven first, together with what is
/// in that directory already.
///
/// # Errors
/// Where the ledger does not hold, and where files can't be copied; what was moved by then is moved.
pub fn archive(directory: &Path, to: &Path) -> Result<Archived, LedgerError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(to);
    made.map_err(|error| LedgerError::io(to, error))?;
    let _lock = lock(directory)?;
    let terms = Terms { archives: &[to.to_owned()], ..Terms::default() };
    verify(directory, &terms)?;
    let state = scan::load(directory)?;
    let segments = segment::list(directory)?;
    let anchored = segments.iter().rev().find(|&&first| matches!(anchor::of(directory, first), Some(Ok(_))));
    let before = anchored.copied().unwrap_or(0);
    let needed = needed(&state);
    let mut archived = Archived::default();
    for first in segments.into_iter().filter(|first| *first < before) {
        let path = segment::path(directory, first);
        if let Some(policy) = needed.get(&first) {
            archived.kept.push((path, policy.clone()));
            continue;
        }
        // Both are there before either is gone, and what stands beside a file goes first: cut off in between, the same again
        // ends it.
        let beside = anchor::path(&path);
        if beside.exists() {
            copy(&beside, to)?;
        }
        archived.moved.push(copy(&path, to)?);
        if beside.exists() {
            remove(&beside)?;
        }
        remove(&path)?;
    }
    Ok(archived)
}

/// Holds off a second archiver for as long as it lives.
fn lock(directory: &Path) -> Result<File, LedgerError> {
    let path = directory.join("archive.lock");
    let io = |error| LedgerError::io(&path, error);
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io(io::Error::other("another process archives now"))),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// Segments with payloads that may still be sent or shown, each with one of their policies.
fn needed(state: &State) -> BTreeMap<u64, PolicyId> {
    let mut needed = BTreeMap::new();
    for (id, policy) in state.policies() {
        for position in payloads(policy) {
            needed.entry(position.segment).or_insert_with(|| id.clone());
        }
    }
    needed
}

fn payloads(policy: &PolicyState) -> impl Iterator<Item = Position> {
    let open = policy.open.as_ref().map(|open| open.intent);
    let applied = policy.applied.as_ref().map(|applied| applied.intent);
    let verified = policy.verified.as_ref().map(|verified| verified.intent);
    let abandoned = policy.abandoned.iter().map(|abandoned| abandoned.intent);
    open.into_iter().chain(applied).chain(verified).chain(abandoned)
}

/// Whether every file is there that a payload may still be asked from.
pub(super) fn check(
    state: &State,
    is_there: impl Fn(u64) -> bool,
    directory: &Path,
) -> Result<(), LedgerError> {
    match needed(state).into_iter().find(|(segment, _)| !is_there(*segment)) {
        Some((segment, policy)) => Err(LedgerError::Gone { path: segment::path(directory, segment), policy }),
        None => Ok(()),
    }
}

/// Copies a file into a directory, and reads the copy back. One that is there already must be the same.
fn copy(path: &Path, to: &Path) -> Result<PathBuf, LedgerError> {
    let name = path.file_name().unwrap_or_default();
    let (target, beside) = (to.join(name), to.join(format!(".{}", name.to_string_lossy())));
    let io_at = |path: &Path| {
        let path = path.to_owned();
        move |error| LedgerError::io(&path, error)
    };
    if !target.exists() {
        fs::copy(path, &beside).map_err(io_at(&beside))?;
        File::open(&beside).and_then(|file| file.sync_all()).map_err(io_at(&beside))?;
        fs::rename(&beside, &target).map_err(io_at(&target))?;
        File::open(to).and_then(|directory| directory.sync_all()).map_err(io_at(to))?;
    }
    if hash(&target).map_err(io_at(&target))? != hash(path).map_err(io_at(path))? {
        let why = format!("{} is there already, and is another file", target.display());
        return Err(LedgerError::NotArchived { path: path.to_owned(), why });
    }
    Ok(target)
}

fn hash(path: &Path) -> io::Result<FileHash> {
    // A file is a segment, and so is bounded.
    Ok(FileHash::of(&fs::read(path)?))
}

fn remove(path: &Path) -> Result<(), LedgerError> {
    let io = |error| LedgerError::io(path, error);
    fs::remove_file(path).map_err(io)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all()).map_err(io)
}
