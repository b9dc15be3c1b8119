//! The policy directory as it is at a git revision.
//!
//! What git has of it is laid out in a temporary directory and read from there as any other directory is, so the same rules
//! hold: what is a policy file, which links are followed, what is too long. Git is asked for names and bytes alone; no filter
//! of the repository runs, and nothing is fetched.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::tree::is_policy_file;
use super::{MAX_FILES, PayloadError, Payloads, Source, git};
use crate::payload::Payload;
use crate::policy::document::MAX_FILE;
use crate::policy::{PolicyId, TenantName};
use crate::printable::backquoted;
use crate::snapshot::{Desired, Snapshot};

/// Why a revision can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// There is no directory to ask git in.
    #[error("the policy directory {0} can't be read")]
    Directory(PathBuf, #[source] io::Error),
    /// Git does not know it.
    #[error(
        "git knows no commit {} in {}; a shallow clone has the newest commit alone (git fetch --unshallow, or fetch-depth: 0 \
         in a workflow)",
        backquoted(.revision), .directory.display()
    )]
    Unknown {
        /// What was asked for.
        revision: String,
        /// Where.
        directory: PathBuf,
    },
    /// Git has not all of it, or did not answer.
    #[error("git has not all of the policy directory at {}; was the repository cloned in part?", backquoted(.0))]
    Incomplete(String),
    /// There is more than is read.
    #[error("the policy directory has over {MAX_FILES} files at {}", backquoted(.0))]
    TooMany(String),
    /// It can't be laid out.
    #[error("the policy directory can't be laid out in {0}")]
    LayOut(PathBuf, #[source] io::Error),
}

/// A policy directory at a revision.
pub struct Revision {
    name: String,
    root: PathBuf,
    directory: TempDir,
    source: Source,
}

impl Revision {
    /// What git has of a policy directory at a revision: a commit, a branch, a tag, `HEAD^`.
    ///
    /// # Errors
    /// Where git has no such commit, or not all of it.
    pub fn of(root: &Path, revision: &str, tenants: BTreeSet<TenantName>) -> Result<Self, RevisionError> {
        let name = revision.to_owned();
        let inside = root.canonicalize().map_err(|error| RevisionError::Directory(root.to_owned(), error))?;
        let commit = git::commit(&inside, revision)
            .ok_or_else(|| RevisionError::Unknown { revision: name.clone(), directory: root.to_owned() })?;
        let list = ["ls-tree", "-r", "-z", "-l", &commit];
        let told =
            git::ask(&inside, None, &list, "").ok_or_else(|| RevisionError::Incomplete(name.clone()))?;
        let entries: Vec<Entry<'_>> = told.split(|&byte| byte == 0).filter_map(Entry::read).collect();
        let entries = needed(entries);
        if entries.len() > MAX_FILES {
            return Err(RevisionError::TooMany(name));
        }
        let failed = |error| RevisionError::LayOut(std::env::temp_dir(), error);
        let directory = TempDir::with_prefix("chatward-").map_err(failed)?;
        for batch in entries.chunks(git::BATCH) {
            let contents = contents(&inside, batch).ok_or_else(|| RevisionError::Incomplete(name.clone()))?;
            for (entry, bytes) in batch.iter().zip(contents) {
                entry.lay_out(directory.path(), bytes.as_deref()).map_err(failed)?;
            }
        }
        let source = Source::new(directory.path(), tenants);
        Ok(Self { name, root: root.to_owned(), directory, source })
    }

    /// What it holds. One without a policy file gives a void snapshot.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        let snapshot = self.source.snapshot();
        match &snapshot.void {
            // It says where the files were laid out, which means nothing to anybody.
            Some(_) => Arc::new(Snapshot::void(format!(
                "the policy directory {} holds no policy file (*.yaml, *.yml) at {}",
                self.root.display(),
                backquoted(&self.name),
            ))),
            None => snapshot,
        }
    }

    /// Where payloads of what a snapshot saw are read, for as long as that is kept.
    pub fn into_payloads(self) -> TreePayloads {
        TreePayloads { payloads: self.source.payloads(), _directory: Some(self.directory) }
    }
}

/// Payloads of a directory, or of a revision that is laid out for as long as they are asked for.
#[derive(Debug)]
pub struct TreePayloads {
    payloads: Payloads,
    _directory: Option<TempDir>,
}

impl From<Payloads> for TreePayloads {
    fn from(payloads: Payloads) -> Self {
        Self { payloads, _directory: None }
    }
}

impl TreePayloads {
    /// The payload of a policy, the very one that the snapshot saw.
    ///
    /// # Errors
    /// As for [`Payloads::get`].
    pub fn get(&self, id: &PolicyId, desired: &Desired) -> Result<Payload, PayloadError> {
        self.payloads.get(id, desired)
    }
}

/// A file or a link in git's tree.
struct Entry<'a> {
    is_link: bool,
    object: &'a str,
    size: u64,
    path: &'a Path,
}

impl<'a> Entry<'a> {
    /// Reads a line of `ls-tree -l`: mode, type, object and size, a tab, and the path. Nothing for a submodule, and nothing
    /// for a path that leads out: git writes none, but reads any.
    fn read(line: &'a [u8]) -> Option<Self> {
        let tab = line.iter().position(|&byte| byte == b'\t')?;
        let mut fields = std::str::from_utf8(&line[..tab]).ok()?.split_ascii_whitespace();
        let (mode, kind, object, size) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let path = Path::new(OsStr::from_bytes(&line[tab + 1..]));
        let stays_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        (kind == "blob" && stays_inside).then_some(Self {
            is_link: mode == "120000",
            object,
            size: size.parse().ok()?,
            path,
        })
    }

    /// Whether its bytes matter: those of a longer file are not looked at, only told to be too many.
    fn is_read(&self) -> bool {
        self.size <= MAX_FILE as u64
    }

    /// Makes it below a directory that nobody else writes to.
    fn lay_out(&self, directory: &Path, bytes: Option<&[u8]>) -> io::Result<()> {
        let path = directory.join(self.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match bytes {
            Some(target) if self.is_link => symlink(OsStr::from_bytes(target), path),
            Some(bytes) => create(&path)?.write_all(bytes),
            None => create(&path)?.set_len(self.size),
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// The policy files; and where there are links, whatever they may lead to. Links come last, so that nothing is ever written
/// through one.
fn needed(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    if !entries.iter().any(|entry| entry.is_link) {
        entries.retain(|entry| entry.path.file_name().is_some_and(|name| is_policy_file(name.as_bytes())));
    }
    entries.sort_by_key(|entry| entry.is_link);
    entries
}

/// The bytes of each; nothing in their place where they are not read.
fn contents(directory: &Path, entries: &[Entry<'_>]) -> Option<Vec<Option<Vec<u8>>>> {
    let read = || entries.iter().filter(|entry| entry.is_read());
    let input: String = read().map(|entry| format!("{}\n", entry.object)).collect();
    let told = git::ask(directory, None, &["cat-file", "--batch"], &input)?;
    let mut objects = git::objects(&told);
    entries
        .iter()
        .map(|entry| match entry.is_read() {
            true => Some(Some(objects.next()??.to_vec())),
            false => Some(None),
        })
        .collect()
}
