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
//! read: metadata decides which files are opened, their hash which are parsed. What is known of the others is kept packed,
//! and between two runs in an index beside the state; what a plan settled of them is not looked at again either.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::debug;

use crate::config::Signers;
use crate::digest::{EntryHash, FileHash};
use crate::policy::TenantName;
use crate::snapshot::{FileFacts, Snapshot};

mod folder;
mod git;
mod head;
mod history;
mod index;
mod known;
mod parallel;
mod payloads;
mod revision;
mod root;
mod scope;
mod shelf;
mod store;
mod tree;
pub mod watch;

pub use git::{Commits, Files};
pub use known::Settled;
use known::{Changed, Damaged, Known, Update};
pub use payloads::{PayloadError, Payloads};
pub use revision::{Revision, RevisionError, TreePayloads};
use root::Root;
pub use scope::Scope;
use tree::{ListError, Listing, Looked};

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
    now: fn() -> i64,
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
            now,
        }
    }

    /// The same, with an index in a state directory.
    #[must_use]
    pub fn indexed(mut self, state: &Path) -> Self {
        let path = index::path(state);
        self.known = index::load(&path, self.key());
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

    /// The directory as it is now, with all that is to be said of it. One that can't be read, or holds no policy file, gives
    /// a void snapshot: it says nothing, which is never a reason to remove anything.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        self.see(&Scope::Everything, |known, _, tenants| known.all(tenants))
    }

    /// The same for a plan, without what is said of documents that can be used. Where the plan before was settled and that
    /// holds still, only that part of it which can differ. Where a scope allows it, only its folders are looked at.
    pub fn sight(&mut self, scope: &Scope, holds: impl Fn(&Settled) -> bool) -> Arc<Snapshot> {
        self.see(scope, |known, changed, tenants| {
            let part = match known.settled.as_ref().filter(|settled| holds(settled)) {
                Some(settled) => known.part(changed, settled, tenants)?,
                None => None,
            };
            part.map_or_else(|| known.whole(tenants), Ok)
        })
    }

    fn see(
        &mut self,
        scope: &Scope,
        snapshot: impl Fn(&Known, &Changed, &BTreeSet<TenantName>) -> Result<Snapshot, Damaged>,
    ) -> Arc<Snapshot> {
        for _ in 0..TRIES {
            let why = match self.look(scope) {
                Ok(None) => "holds no policy file (*.yaml, *.yml)".to_owned(),
                Ok(Some((mut known, changed))) => {
                    let Ok(snapshot) = snapshot(&known, &changed, &self.tenants) else {
                        debug!(name: "index.damaged", "what was kept of the policy directory is damaged");
                        continue;
                    };
                    if !changed.is_nothing() && !snapshot.tells_nothing() {
                        known.settle(None);
                    }
                    self.known = Some(known);
                    return Arc::new(snapshot);
                }
                Err(ListError::Moved) => {
                    debug!(name: "source.moved", "the policy directory changed while it was read");
                    continue;
                }
                Err(error @ ListError::TooMany) => error.to_string(),
                Err(ListError::Io(error)) => format!("can't be read: {error}"),
            };
            return Arc::new(self.void(&why));
        }
        Arc::new(self.void(&format!("changed each of the {TRIES} times that it was read")))
    }

    /// Keeps in mind what a plan settled that was made from the last snapshot.
    pub fn settle(&mut self, settled: Option<Settled>) {
        if let Some(known) = &mut self.known {
            known.settle(settled);
        }
    }

    /// Keeps in mind that the ledger went on since, about nothing but what that plan named.
    pub fn carry_on(&mut self, head: EntryHash) {
        if let Some(known) = &mut self.known {
            let settled = known.settled.take();
            known.saved &= settled.as_ref().is_none_or(|settled| settled.head == head);
            known.settled = settled.map(|settled| Settled { head, ..settled });
        }
    }

    /// Writes the index, where there is one and something of it changed. Without that the next run reads more.
    pub fn save(&mut self) {
        let key = self.key();
        let (Some(path), Some(known)) = (&self.index, &mut self.known) else { return };
        if known.saved || !path.parent().is_some_and(Path::is_dir) {
            return;
        }
        if let Err(error) = index::save(path, key, known) {
            debug!(name: "index.unsaved", error = %error, "the index is not kept: {error}");
        }
    }

    fn key(&self) -> FileHash {
        index::key(&self.root, self.tenants.iter().map(TenantName::as_str))
    }

    fn void(&mut self, why: &str) -> Snapshot {
        self.known = None;
        Snapshot::void(format!("the policy directory {} {why}", self.root.display()))
    }

    /// What is known of the directory now, and what of it changed; nothing where it holds nothing.
    fn look(&mut self, scope: &Scope) -> Result<Option<(Known, Changed)>, ListError> {
        let root = Root::open(&self.root)?;
        let now = (self.now)();
        if let Some(Looked { folders, paths }) =
            self.known.as_ref().and_then(|known| known.part_of(&root, scope, now))
        {
            let known = self.known.take().unwrap_or_default();
            let update = known.look(&root, folders, |path| paths.contains(path), self.default_tenant());
            return self.take(known, update, Vec::new(), root.has_moved(&self.root)).map(Some);
        }
        let Listing { folders, odd, links, shape } = Listing::of(&root, now)?;
        let odd: Vec<Arc<FileFacts>> = odd.iter().map(|odd| Arc::new(odd.facts())).collect();
        if folders.is_empty() && odd.is_empty() {
            return Ok(None);
        }
        let mut known = self.known.take().unwrap_or_default();
        let update = known.look(&root, folders, |_| true, self.default_tenant());
        let has_moved = root.has_moved(&self.root) || links.iter().any(|link| link.has_moved(&root));
        known.shape = shape;
        self.take(known, update, odd, has_moved).map(Some)
    }

    /// What is known after a look, unless the directory moved meanwhile.
    fn take(
        &mut self,
        mut known: Known,
        update: Result<Update, ListError>,
        odd: Vec<Arc<FileFacts>>,
        has_moved: bool,
    ) -> Result<(Known, Changed), ListError> {
        match update {
            Ok(update) if !has_moved => {
                let changed = known.accept(update, odd);
                Ok((known, changed))
            }
            update => {
                known.shape = None;
                self.known = Some(known);
                Err(update.err().unwrap_or(ListError::Moved))
            }
        }
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
