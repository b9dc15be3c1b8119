//! The policy directory on disk: read whole, as a [`Snapshot`].
//!
//! Every `*.yaml` and `*.yml` below the directory is read, in the order of folders and names; what begins with a dot is not.
//! A symbolic link is followed only while it stays inside the directory.
//!
//! ```text
//! root ─► listing ─► what changed since the last one ─► read · hash · parse · validate ─► still the same root? ─► snapshot
//! ```
//!
//! A snapshot is one moment: where the directory or a link was swapped meanwhile it is taken anew. Only what changed is
//! read: metadata decides which files are opened, their hash which are parsed. What is known of the others is kept in
//! memory, and between two runs in an index beside the state.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::debug;

use crate::config::Signers;
use crate::digest::FileHash;
use crate::policy::TenantName;
use crate::snapshot::{FileFacts, Snapshot};

mod folder;
mod git;
mod history;
mod index;
mod known;
mod parallel;
mod payloads;
mod revision;
mod root;
mod tree;
pub mod watch;

pub use git::{Commits, Files};
use index::Index;
pub use index::Settled;
use known::{Facts, Known};
pub use payloads::{PayloadError, Payloads};
pub use revision::{Revision, RevisionError, TreePayloads};
use root::Root;
use tree::{ListError, Listing};

/// The most files that are read.
pub const MAX_FILES: usize = 200_000;
/// How deep folders are looked into.
const MAX_DEPTH: usize = 32;
/// How often a snapshot is taken anew because the directory was swapped meanwhile.
const TRIES: usize = 5;

/// A policy directory, and what was read of it before.
pub struct Source {
    root: PathBuf,
    tenants: BTreeSet<TenantName>,
    index: Option<PathBuf>,
    known: Option<Known>,
    signers: Option<Signers>,
    repository: git::Repository,
}

/// What a look at the directory came to.
#[derive(Debug)]
pub enum Seen {
    /// What it holds.
    Snapshot(Arc<Snapshot>),
    /// What it held when the plan was empty.
    Settled(Settled),
}

impl Source {
    /// A directory whose policies belong to these tenants.
    pub fn new(root: &Path, tenants: BTreeSet<TenantName>) -> Self {
        Self {
            root: root.to_owned(),
            tenants,
            index: None,
            known: None,
            signers: None,
            repository: Default::default(),
        }
    }

    /// The same, with an index in a state directory.
    #[must_use]
    pub fn indexed(mut self, state: &Path) -> Self {
        let path = index::path(state);
        self.known = Index::load(&path, self.key()).map(Known::stored);
        self.index = Some(path);
        self
    }

    /// The same, asked which commits are signed by these.
    #[must_use]
    pub fn signed_by(self, signers: Option<Signers>) -> Self {
        Self { signers, ..self }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that the directory is at, where that is known.
    pub fn revision(&self) -> Option<Arc<str>> {
        git::revision(&self.root)
    }

    /// The commits that these files are from, as far as that is known.
    pub fn commits(&mut self, files: &Files) -> Commits {
        self.repository.commits(&self.root, files, self.signers.as_ref())
    }

    /// Where payloads of what a snapshot saw are read.
    pub fn payloads(&self) -> Payloads {
        Payloads::new(&self.root, self.default_tenant().cloned())
    }

    /// The directory as it is now. One that can't be read, or holds no policy file, gives a void snapshot: it says
    /// nothing, which is never a reason to remove anything.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        match self.snapshot_unless(|_| false) {
            Seen::Snapshot(snapshot) => snapshot,
            Seen::Settled(_) => self.void("can't be read"),
        }
    }

    /// The same, unless nothing changed since a plan was empty, and what that was made from besides is still so.
    pub fn snapshot_unless(&mut self, holds: impl Fn(&Settled) -> bool) -> Seen {
        for _ in 0..TRIES {
            match self.look(&holds) {
                Ok(seen) => return seen,
                Err(ListError::Moved) => {
                    debug!(name: "source.moved", "the policy directory changed while it was read");
                }
                Err(error @ ListError::TooMany) => return Seen::Snapshot(self.void(&error.to_string())),
                Err(ListError::Io(error)) => {
                    return Seen::Snapshot(self.void(&format!("can't be read: {error}")));
                }
            }
        }
        Seen::Snapshot(self.void(&format!("changed each of the {TRIES} times that it was read")))
    }

    /// Keeps in mind that a plan made from the last snapshot was empty.
    pub fn settle(&mut self, settled: Settled) {
        if let Some(known) = &mut self.known {
            known.settle(settled);
        }
    }

    /// Writes the index, where there is one and something of it changed. Without that the next run reads more.
    pub fn save(&mut self) {
        let key = self.key();
        let (Some(path), Some(known)) = (&self.index, &mut self.known) else { return };
        let Facts::Loaded(facts, _) = &known.facts else { return };
        if known.saved || !path.parent().is_some_and(Path::is_dir) {
            return;
        }
        match index::save(path, key, &known.folders, facts, known.settled) {
            Ok(()) => known.saved = true,
            Err(error) => debug!(name: "index.unsaved", error = %error, "the index is not kept: {error}"),
        }
    }

    fn key(&self) -> FileHash {
        index::key(&self.root, self.tenants.iter().map(TenantName::as_str))
    }

    fn void(&mut self, why: &str) -> Arc<Snapshot> {
        self.known = None;
        Arc::new(Snapshot::void(format!("the policy directory {} {why}", self.root.display())))
    }

    fn look(&mut self, holds: &impl Fn(&Settled) -> bool) -> Result<Seen, ListError> {
        let root = Root::open(&self.root)?;
        let Listing { folders, odd, links } = Listing::of(&root, now())?;
        let odd: Vec<Arc<FileFacts>> = odd.iter().map(|odd| Arc::new(odd.facts())).collect();
        if folders.is_empty() && odd.is_empty() {
            return Ok(Seen::Snapshot(self.void("holds no policy file (*.yaml, *.yml)")));
        }
        let unmoved = || match root.has_moved(&self.root) || links.iter().any(|link| link.has_moved(&root)) {
            true => Err(ListError::Moved),
            false => Ok(()),
        };
        if let Some(known) = self.known.as_ref().filter(|known| odd.is_empty() && known.proves(&folders)) {
            unmoved()?;
            match (&known.facts, &known.settled) {
                (_, Some(settled)) if holds(settled) => return Ok(Seen::Settled(*settled)),
                (Facts::Loaded(_, Some(snapshot)), _) => return Ok(Seen::Snapshot(Arc::clone(snapshot))),
                (Facts::Loaded(_, None) | Facts::Stored(_), _) => {}
            }
        }
        let known = Known::load(self.known.take());
        let read = known.read(&root, folders, odd, self.default_tenant());
        let moved = unmoved();
        let (folders, files) = match read.and_then(|read| moved.map(|()| read)) {
            Ok(read) => read,
            Err(error) => {
                self.known = Some(known);
                return Err(error);
            }
        };
        let (known, seen) = known.becomes(folders, files, &self.tenants, holds);
        self.known = Some(known);
        Ok(seen)
    }

    /// The tenant of a document that names none: the only one.
    fn default_tenant(&self) -> Option<&TenantName> {
        match self.tenants.len() {
            1 => self.tenants.first(),
            _ => None,
        }
    }
}

/// Now, in nanoseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
