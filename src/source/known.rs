//! What was read of a directory before, and what has to be read again.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;

use super::Seen;
use super::folder::Folder;
use super::index::{Index, Settled};
use super::parallel::parallel;
use super::root::Root;
use super::tree::ListError;
use crate::digest::FileHash;
use crate::policy::TenantName;
use crate::snapshot::{FileFacts, Snapshot};

/// The files of a snapshot: those of the folders, in their order, and behind them what is odd.
type Files = Arc<[Arc<FileFacts>]>;

/// What was read of a directory before.
#[derive(Default)]
pub(super) struct Known {
    pub(super) folders: Vec<Folder>,
    pub(super) facts: Facts,
    pub(super) settled: Option<Settled>,
    /// Whether the index on disk says all of this.
    pub(super) saved: bool,
}

/// What each file holds.
pub(super) enum Facts {
    /// In the index, not read yet.
    Stored(Box<Index>),
    /// In memory, and what it adds up to, where somebody asked.
    Loaded(Files, Option<Arc<Snapshot>>),
}

impl Default for Facts {
    fn default() -> Self {
        Self::Loaded(Arc::default(), None)
    }
}

/// A file to read: where in the files it stands, and what it held before.
struct Job<'a> {
    place: usize,
    file: Arc<str>,
    before: Option<&'a Arc<FileFacts>>,
}

/// What a read came to.
enum Read {
    /// It holds the same as before.
    Same,
    /// It holds this.
    Other(Arc<FileFacts>),
    /// It can't be read, which may be over at any moment.
    Unreadable(Arc<FileFacts>),
}

impl Known {
    /// What an index says.
    pub(super) fn stored(mut index: Index) -> Self {
        let (folders, settled) = (index.take_folders(), index.settled);
        Self { folders, facts: Facts::Stored(Box::new(index)), settled, saved: true }
    }

    /// With the facts in memory; nothing at all where they can't be read.
    pub(super) fn load(known: Option<Self>) -> Self {
        let Some(known) = known else { return Self::default() };
        let Facts::Stored(mut index) = known.facts else { return known };
        match index.facts(&known.folders) {
            Some(files) => Self { facts: Facts::Loaded(files.into(), None), ..known },
            None => Self::default(),
        }
    }

    /// Whether metadata proves that every file holds what it held.
    pub(super) fn proves(&self, now: &[Folder]) -> bool {
        let same = |(now, before): (&Folder, &Folder)| now.path == before.path && now.proves_same(before);
        now.len() == self.folders.len() && now.iter().zip(&self.folders).all(same)
    }

    /// That a plan made from this was empty.
    pub(super) fn settle(&mut self, settled: Settled) {
        self.saved &= self.settled == Some(settled);
        self.settled = Some(settled);
    }

    fn files(&self) -> &[Arc<FileFacts>] {
        match &self.facts {
            Facts::Loaded(files, _) => files,
            Facts::Stored(_) => &[],
        }
    }

    /// What the files of these folders hold: as before, where that is proven; the others are read.
    pub(super) fn read(
        &self,
        root: &Root,
        mut folders: Vec<Folder>,
        odd: Vec<Arc<FileFacts>>,
        default_tenant: Option<&TenantName>,
    ) -> Result<(Vec<Folder>, Files), ListError> {
        let (mut files, jobs) = self.compare(&folders);
        let read = parallel(&jobs, |job| job.run(root, default_tenant));
        let mut unreadable = BTreeSet::new();
        for (job, read) in jobs.iter().zip(read) {
            files[job.place] = match read? {
                Read::Same => job.before.cloned(),
                Read::Other(facts) => Some(facts),
                Read::Unreadable(facts) => {
                    unreadable.insert(job.place);
                    Some(facts)
                }
            };
        }
        let metas = folders.iter_mut().flat_map(|folder| &mut folder.metas).enumerate();
        metas.filter(|(place, _)| unreadable.contains(place)).for_each(|(_, meta)| meta.racy = true);
        let files: Vec<_> = files.into_iter().flatten().chain(odd).collect();
        Ok((folders, files.into()))
    }

    /// What is proven to hold the same, in its place, and what has to be read.
    fn compare(&self, folders: &[Folder]) -> (Vec<Option<Arc<FileFacts>>>, Vec<Job<'_>>) {
        let mut known: BTreeMap<&str, (&Folder, &[Arc<FileFacts>])> = BTreeMap::new();
        let mut rest = self.files();
        for folder in &self.folders {
            let Some((own, others)) = rest.split_at_checked(folder.len()) else { break };
            known.insert(&folder.path, (folder, own));
            rest = others;
        }
        let (mut files, mut jobs) = (Vec::new(), Vec::new());
        for folder in folders {
            let before = known.get(&*folder.path);
            let mut old = before.map(|(old, own)| old.files().zip(*own)).into_iter().flatten().peekable();
            for (name, meta) in folder.files() {
                while old.next_if(|((other, _), _)| *other < name).is_some() {}
                let before = old.next_if(|((other, _), _)| *other == name);
                match before {
                    Some(((_, before), facts)) if meta.proves_same(before) => {
                        files.push(Some(Arc::clone(facts)))
                    }
                    before => {
                        let before = before.map(|(_, facts)| facts);
                        let file = before.map_or_else(|| folder.file(name).into(), |it| Arc::clone(&it.file));
                        jobs.push(Job { place: files.len(), file, before });
                        files.push(None);
                    }
                }
            }
        }
        (files, jobs)
    }

    /// What is known once these folders hold these files, and the snapshot that they make; that is not made where they ask
    /// for just what they asked for when a plan was empty, and what that was made from besides still holds.
    pub(super) fn becomes(
        &self,
        folders: Vec<Folder>,
        files: Files,
        tenants: &BTreeSet<TenantName>,
        holds: &impl Fn(&Settled) -> bool,
    ) -> (Self, Seen) {
        let before = self.files();
        let same =
            before.len() == files.len() && before.iter().zip(&*files).all(|(old, new)| Arc::ptr_eq(old, new));
        let asks_as =
            |(old, new): (&Arc<FileFacts>, &Arc<FileFacts>)| Arc::ptr_eq(old, new) || old.asks_as(new);
        let settled =
            self.settled.filter(|_| before.len() == files.len() && before.iter().zip(&*files).all(asks_as));
        let saved = self.saved && same && self.folders == folders;
        if let Some(still) = settled.filter(holds) {
            let known = Self { folders, facts: Facts::Loaded(files, None), settled, saved };
            return (known, Seen::Settled(still));
        }
        let snapshot = match &self.facts {
            Facts::Loaded(_, Some(snapshot)) if same => Arc::clone(snapshot),
            _ => Arc::new(Snapshot::assemble(&files, tenants)),
        };
        let facts = Facts::Loaded(files, Some(Arc::clone(&snapshot)));
        (Self { folders, facts, settled, saved }, Seen::Snapshot(snapshot))
    }
}

impl Job<'_> {
    fn run(&self, root: &Root, default_tenant: Option<&TenantName>) -> Result<Read, ListError> {
        let bytes = match root.read(Path::new(&*self.file)) {
            Ok(bytes) => bytes,
            Err(error) if is_gone(&error) => return Err(ListError::Moved),
            Err(error) => {
                let facts = FileFacts::unreadable(&self.file, &error.to_string());
                return Ok(Read::Unreadable(Arc::new(facts)));
            }
        };
        // Of a file that could not be read the hash is that of nothing, so an empty file proves nothing.
        let same = |before: &&Arc<FileFacts>| !bytes.is_empty() && before.hash == FileHash::of(&bytes);
        Ok(match self.before.filter(same) {
            Some(_) => Read::Same,
            None => Read::Other(Arc::new(FileFacts::read(&self.file, &bytes, default_tenant))),
        })
    }
}

fn is_gone(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::NOENT)
}
