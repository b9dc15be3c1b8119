//! The folders of a plain tree, so that some of them can be looked at without the others.
//!
//! Plain is a tree of real folders and files alone: what a link adds, and what can't be read, may change with anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Entries, ListError, folders, read_folder};
use crate::source::folder::Folder;
use crate::source::root::{Identity, Root};
use crate::source::scope::Scope;

/// Which folders there are, and what stands in each besides files.
#[derive(Debug)]
pub(in crate::source) struct Shape {
    root: Identity,
    folders: BTreeMap<String, Vec<String>>,
}

/// Some folders, as they are now.
#[derive(Debug)]
pub(in crate::source) struct Looked {
    /// Those of them that hold policy files, in the order of paths.
    pub(in crate::source) folders: Vec<Folder>,
    /// The paths of all of them.
    pub(in crate::source) paths: BTreeSet<String>,
}

impl Shape {
    /// That of a walked tree, if it is plain.
    pub(super) fn of(root: &Root, entries: &[Entries]) -> Option<Self> {
        let folders = entries.iter().map(|folder| (folder.path.clone(), folder.folders.clone())).collect();
        entries.iter().all(Entries::is_plain).then(|| Self { root: root.identity(), folders })
    }

    /// Looks at the folders of a scope alone. Nothing where that is not enough: it is not this tree, or another folder, a
    /// link or something odd came or went. What fails here is left to the look at everything, which says why.
    pub(in crate::source) fn look(&self, root: &Root, scope: &Scope, now: i64) -> Option<Looked> {
        let Scope::Folders(scope) = scope else { return None };
        if root.identity() != self.root {
            return None;
        }
        let mut entries = Vec::new();
        for folder in scope {
            entries.push(self.entries(root, root.below(folder)?).ok()??);
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        let folders = folders(root, &entries, &[], now).ok()?;
        Some(Looked { folders, paths: entries.into_iter().map(|folder| folder.path).collect() })
    }

    fn entries(&self, root: &Root, folder: &Path) -> Result<Option<Entries>, ListError> {
        let known = folder.to_str().and_then(|path| self.folders.get_key_value(path));
        let Some((path, folders)) = known else { return Ok(None) };
        let entries = read_folder(root, path, folder)?;
        Ok(Some(entries).filter(|entries| entries.is_plain() && entries.folders == *folders))
    }
}
