//! What was read of a directory before, and what has to be read again.
//!
//! ```text
//! listing ─► which files are not proven to hold what they held ─► read, hashed, parsed ─► what is known now
//!                                                                    │
//!                  what a plan was made of before, where it holds ───┴─► which policies can have changed ─► snapshot
//! ```
//!
//! Facts stay packed: of all that is known only those of files are unpacked that a snapshot has to tell of.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;

use super::MAX_FILES;
use super::folder::Folder;
use super::parallel::parallel;
use super::root::Root;
use super::scope::Scope;
use super::shelf::{Fresh, Shelf};
use super::store::{Span, Store};
use super::tree::{ListError, Looked, Shape};
use crate::digest::{Digest, EntryHash, FileHash};
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::FileFacts;

mod sight;

pub(super) use sight::Damaged;

/// What a plan was made of besides the files, and what of it a later one need not look at again.
///
/// As long as the ledger has no newer entry about a policy that is not named here, and the settings are the same, each
/// policy whose files don't change stays as it was: in sync, or named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The ledger's newest entry.
    pub head: EntryHash,
    /// The settings that matter to a plan.
    pub terms: Digest,
    /// How many policies of each tenant were in sync.
    pub in_sync: BTreeMap<TenantName, usize>,
    /// The others, as far as the plan named them.
    pub named: BTreeSet<PolicyId>,
}

/// What was read of a directory before.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) shelves: Vec<Shelf>,
    pub(super) store: Store,
    /// What looks like policy files and is none: looked at anew each time.
    odd: Vec<Arc<FileFacts>>,
    /// What lets some folders be looked at alone.
    pub(super) shape: Option<Shape>,
    pub(super) settled: Option<Settled>,
    /// Whether the index on disk says all of this.
    pub(super) saved: bool,
}

/// What another look came to.
#[derive(Debug, Default)]
pub(super) struct Update {
    shelves: Vec<Next>,
    read: Vec<(Place, Read)>,
    /// Where the facts are of files that are gone.
    gone: Vec<Span>,
}

/// What stands for a folder.
#[derive(Debug)]
enum Next {
    /// The shelf at that place, as it is.
    Same(usize),
    /// Another one.
    Other(Box<Shelf>),
}

/// A file: its shelf, and which of its files.
type Place = (usize, usize);

/// Whose facts changed since the last look.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Where they were before.
    before: Vec<Span>,
    /// The files that have others now.
    now: BTreeSet<Place>,
}

impl Changed {
    pub(super) fn is_nothing(&self) -> bool {
        self.before.is_empty() && self.now.is_empty()
    }
}

/// A file to read, and where it stood before.
struct Job {
    place: Place,
    file: Arc<str>,
    before: Option<Place>,
}

/// What reading a file came to.
#[derive(Debug)]
struct Read {
    /// Where it stood before, if it did.
    before: Option<Place>,
    /// What it holds; nothing where that is what it held.
    fresh: Option<Fresh>,
    /// Whether it has to be read again whatever its metadata says, since what kept it from being read may be over.
    again: bool,
}

impl Known {
    /// What an index says.
    pub(super) fn stored(shelves: Vec<Shelf>, store: Store, settled: Option<Settled>) -> Self {
        Self { shelves, store, odd: Vec::new(), shape: None, settled, saved: true }
    }

    /// That a plan was made of this.
    pub(super) fn settle(&mut self, settled: Option<Settled>) {
        self.saved &= self.settled == settled;
        self.settled = settled;
    }

    /// Looks at the files of these folders: those that are not proven to hold what they held are read. What is known of
    /// a folder that was not looked at stays, and one that was and is not among them is gone.
    pub(super) fn look(
        &self,
        root: &Root,
        folders: Vec<Folder>,
        was_looked_at: impl Fn(&str) -> bool,
        default_tenant: Option<&TenantName>,
    ) -> Result<Update, ListError> {
        let mut update = Update::default();
        let mut jobs = Vec::new();
        let shelves = self.shelves.iter().enumerate().map(|(index, shelf)| (&*shelf.folder.path, index));
        let (old, others): (Vec<_>, Vec<_>) = shelves.partition(|(path, _)| was_looked_at(path));
        let (mut old, mut others) = (BTreeMap::from_iter(old), others.into_iter().peekable());
        for folder in folders {
            while let Some((_, other)) = others.next_if(|(path, _)| **path < *folder.path) {
                update.shelves.push(Next::Same(other));
            }
            let before = old.remove(&*folder.path);
            let next = match before.filter(|&before| folder.proves_same(&self.shelves[before].folder)) {
                Some(before) => Next::Same(before),
                None => {
                    let shelf =
                        self.compare(&folder, update.shelves.len(), before, &mut jobs, &mut update.gone);
                    Next::Other(Box::new(shelf))
                }
            };
            update.shelves.push(next);
        }
        update.shelves.extend(others.map(|(_, other)| Next::Same(other)));
        update.gone.extend(old.into_values().flat_map(|gone| &self.shelves[gone].spans));
        let read = parallel(&jobs, |job| self.read(job, root, default_tenant));
        for (job, read) in jobs.iter().zip(read) {
            update.read.push((job.place, read?));
        }
        Ok(update)
    }

    /// A shelf for a folder, with what is proven of its files; what is not becomes a job.
    fn compare(
        &self,
        folder: &Folder,
        place: usize,
        before: Option<usize>,
        jobs: &mut Vec<Job>,
        gone: &mut Vec<Span>,
    ) -> Shelf {
        let mut shelf = Shelf::at(&folder.path);
        let mut old = before
            .into_iter()
            .flat_map(|index| {
                let shelf = &self.shelves[index];
                shelf.folder.files().enumerate().map(move |(file, (name, meta))| ((index, file), name, meta))
            })
            .peekable();
        let mut left_out = |(index, file): Place| gone.push(self.shelves[index].spans[file]);
        for (file, (name, meta)) in folder.files().enumerate() {
            while let Some((place, ..)) = old.next_if(|(_, other, _)| *other < name) {
                left_out(place);
            }
            shelf.push(name, *meta);
            match old.next_if(|(_, other, _)| *other == name) {
                Some(((index, of), _, before)) if meta.proves_same(before) => {
                    shelf.keep(file, &self.shelves[index], of);
                }
                before => {
                    let before = before.map(|(place, ..)| place);
                    jobs.push(Job { place: (place, file), file: folder.file(name).into(), before });
                }
            }
        }
        old.for_each(|(place, ..)| left_out(place));
        shelf
    }

    fn read(&self, job: &Job, root: &Root, default_tenant: Option<&TenantName>) -> Result<Read, ListError> {
        let before = job.before.and_then(|(index, file)| self.store.get(self.shelves[index].spans[file]));
        let (fresh, again) = match root.read(Path::new(&*job.file)) {
            Ok(bytes) => {
                // Of a file that could not be read the hash is that of nothing, so an empty file proves nothing.
                let hash = before.as_ref().and_then(|before| FileFacts::unpack_hash(before));
                if !bytes.is_empty() && hash == Some(FileHash::of(&bytes)) {
                    return Ok(Read { before: job.before, fresh: None, again: false });
                }
                (Fresh::of(&FileFacts::read(&job.file, &bytes, default_tenant)), false)
            }
            Err(error) if is_gone(&error) => return Err(ListError::Moved),
            Err(error) => (Fresh::of(&FileFacts::unreadable(&job.file, &error.to_string())), true),
        };
        let is_same = before.is_some_and(|before| *before == *fresh.packed);
        Ok(Read { before: job.before, fresh: (!is_same).then_some(fresh), again })
    }

    /// What is known from now on, and what of that is another than before. What was settled is so no longer where
    /// something is.
    pub(super) fn accept(&mut self, update: Update, odd: Vec<Arc<FileFacts>>) -> Changed {
        self.odd = odd;
        let is_same = |(place, next): (usize, &Next)| matches!(next, Next::Same(before) if *before == place);
        if update.shelves.len() == self.shelves.len() && update.shelves.iter().enumerate().all(is_same) {
            return Changed::default();
        }
        self.saved = false;
        let mut changed = Changed { before: update.gone, now: BTreeSet::new() };
        let mut others = Vec::new();
        let mut old: Vec<Shelf> = Vec::new();
        std::mem::swap(&mut old, &mut self.shelves);
        for (place, next) in update.shelves.into_iter().enumerate() {
            self.shelves.push(match next {
                Next::Same(before) => std::mem::take(&mut old[before]),
                Next::Other(shelf) => {
                    others.push(place);
                    *shelf
                }
            });
        }
        for ((place, file), read) in update.read {
            let shelf = &mut self.shelves[place];
            shelf.folder.metas[file].racy |= read.again;
            match (read.fresh, read.before) {
                (Some(fresh), before) => {
                    changed.before.extend(before.map(|(index, file)| old[index].spans[file]));
                    changed.now.insert((place, file));
                    shelf.put(file, self.store.add(&fresh.packed), &fresh);
                }
                (None, Some((index, of))) => shelf.keep(file, &old[index], of),
                (None, None) => {}
            }
        }
        others.into_iter().for_each(|place| self.shelves[place].sort());
        changed
    }

    /// The folders of a scope, where looking at them alone tells all, and surely leaves neither nothing nor too much.
    pub(super) fn part_of(&self, root: &Root, scope: &Scope, now: i64) -> Option<Looked> {
        let looked = self.shape.as_ref()?.look(root, scope, now)?;
        let files: usize = looked.folders.iter().map(Folder::len).sum();
        let fits = (files > 0 || looked.paths.is_empty()) && self.len() + files <= MAX_FILES;
        fits.then_some(looked)
    }

    /// How many files there are.
    fn len(&self) -> usize {
        self.shelves.iter().map(|shelf| shelf.folder.len()).sum::<usize>() + self.odd.len()
    }
}

fn is_gone(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::NOENT)
}

#[cfg(test)]
mod tests;
