//! The policy directory on disk: read whole, as a [`Snapshot`].
//!
//! Every `*.yaml` and `*.yml` below the directory is read, in the order of names; what begins with a dot is not. A
//! symbolic link is followed only while it stays inside the directory. A file whose bytes are the same as last time is
//! not parsed again.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::FileHash;
use crate::policy::TenantName;
use crate::snapshot::{FileFacts, Provenance, Snapshot};

mod git;
pub mod watch;

/// The most files that are read.
pub const MAX_FILES: usize = 200_000;
/// How deep folders are looked into.
const MAX_DEPTH: usize = 32;
/// How much of a file is read: one byte over what a document may have, so that a longer one is seen to be longer.
const MAX_BYTES: u64 = 1024 * 1024 + 1;

/// A policy directory, and what was read of it before.
pub struct Source {
    root: PathBuf,
    tenants: BTreeSet<TenantName>,
    known: HashMap<Arc<str>, Arc<FileFacts>>,
    provenance: Option<Provenance>,
}

impl Source {
    /// A directory whose policies belong to these tenants.
    pub fn new(root: &Path, tenants: BTreeSet<TenantName>) -> Self {
        Self { root: root.to_owned(), tenants, known: HashMap::new(), provenance: None }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory as it is now. One that can't be read, or holds no policy file, gives a void snapshot: it says
    /// nothing, which is never a reason to remove anything.
    pub fn snapshot(&mut self) -> Snapshot {
        let root = match self.root.canonicalize() {
            Ok(root) => root,
            Err(error) => return self.void(&format!("can't be read: {error}")),
        };
        let mut names = Vec::new();
        if let Err(error) = walk(&root, &root, MAX_DEPTH, &mut names) {
            return self.void(&format!("can't be read: {error}"));
        }
        if names.is_empty() {
            return self.void("holds no policy file (*.yaml, *.yml)");
        }
        names.sort();
        let files: Vec<Arc<FileFacts>> = names.iter().map(|(name, path)| self.file(name, path)).collect();
        let same =
            |file: &Arc<FileFacts>| self.known.get(&file.file).is_some_and(|known| Arc::ptr_eq(known, file));
        if self.provenance.is_none() || self.known.len() != files.len() || !files.iter().all(same) {
            self.provenance = Some(git::provenance(&root));
        }
        self.known = files.iter().map(|file| (Arc::clone(&file.file), Arc::clone(file))).collect();
        Snapshot::assemble(&files, &self.tenants, self.provenance.clone().unwrap_or_default())
    }

    fn void(&mut self, why: &str) -> Snapshot {
        self.known.clear();
        self.provenance = None;
        Snapshot::void(format!("the policy directory {} {why}", self.root.display()))
    }

    /// What a file holds: what it held, where its bytes are the same.
    fn file(&self, name: &Arc<str>, path: &Path) -> Arc<FileFacts> {
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) => return Arc::new(FileFacts::unreadable(name, &error.to_string())),
        };
        match self.known.get(name) {
            Some(known) if known.hash == FileHash::of(&bytes) => Arc::clone(known),
            _ => Arc::new(FileFacts::read(name, &bytes, self.default_tenant())),
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

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Collects the policy files below a folder: names relative to the root, and where to read them.
fn walk(root: &Path, folder: &Path, depth: usize, names: &mut Vec<(Arc<str>, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let Some(kind) = kind_inside(root, &path, entry.file_type()?) else { continue };
        if kind.is_dir() && depth > 0 {
            walk(root, &path, depth - 1, names)?;
        } else if kind.is_file() && is_policy_file(&path) {
            if names.len() >= MAX_FILES {
                return Err(io::Error::other(format!("it holds more than {MAX_FILES} policy files")));
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into();
            names.push((name, path));
        }
    }
    Ok(())
}

/// What is there, through a symbolic link only where that stays inside the root. A pipe or a device is neither a file
/// nor a folder, and so is never opened.
fn kind_inside(root: &Path, path: &Path, kind: fs::FileType) -> Option<fs::FileType> {
    if !kind.is_symlink() {
        return Some(kind);
    }
    let target = path.canonicalize().ok()?;
    // A link to a folder above itself would be walked for ever.
    let circular = path.starts_with(&target);
    if !target.starts_with(root) || circular {
        return None;
    }
    Some(fs::metadata(&target).ok()?.file_type())
}

fn is_policy_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tenants() -> BTreeSet<TenantName> {
        ["default".parse().unwrap()].into()
    }

    fn document(name: &str) -> String {
        format!(
            "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: {{ name: {name} }}\n\
             spec: {{ cspDirectives: {{ default-src: \"'self'\" }} }}\n"
        )
    }

    fn ids(snapshot: &Snapshot) -> Vec<String> {
        snapshot.desired.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn every_policy_file_is_read_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for folder in ["default", ".git", "..2026"] {
            fs::create_dir(path(folder)).unwrap();
        }
        fs::write(path("default/a.yaml"), document("a")).unwrap();
        fs::write(path("b.yml"), document("b")).unwrap();
        fs::write(path(".hidden.yaml"), document("hidden")).unwrap();
        fs::write(path(".git/c.yaml"), document("c")).unwrap();
        fs::write(path("notes.txt"), document("notes")).unwrap();
        fs::write(outside.path().join("out.yaml"), document("out")).unwrap();
        fs::write(path("..2026/d.yaml"), document("d")).unwrap();
        symlink("..2026/d.yaml", path("d.yaml")).unwrap();
        symlink(outside.path().join("out.yaml"), path("out.yaml")).unwrap();
        symlink(root.path(), path("default/up")).unwrap();
        let snapshot = Source::new(root.path(), tenants()).snapshot();
        assert_eq!(ids(&snapshot), ["default/a", "default/b", "default/d"]);
        assert_eq!(snapshot.void, None);
    }

    #[test]
    fn a_directory_that_says_nothing_says_so() {
        let root = tempfile::tempdir().unwrap();
        let empty = Source::new(root.path(), tenants()).snapshot();
        assert!(empty.void.unwrap().contains("holds no policy file"));
        let gone = Source::new(&root.path().join("gone"), tenants()).snapshot();
        assert!(gone.void.unwrap().contains("can't be read"));
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Source::new(&file, tenants()).snapshot().void.is_some());
    }

    #[test]
    fn a_file_with_the_same_bytes_is_not_parsed_again() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.yaml"), document("a")).unwrap();
        let mut source = Source::new(root.path(), tenants());
        source.snapshot();
        let before = source.known.values().next().cloned().unwrap();
        fs::write(root.path().join("a.yaml"), document("a")).unwrap();
        source.snapshot();
        assert!(Arc::ptr_eq(&before, source.known.values().next().unwrap()));
        fs::write(root.path().join("a.yaml"), document("b")).unwrap();
        assert_eq!(ids(&source.snapshot()), ["default/b"]);
    }
}
