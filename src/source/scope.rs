//! Where to look: at everything, or only at folders of which events told.
//!
//! ```text
//! events ─► scope ─► the listing of those folders, where all else is surely as it was ┐
//!             └────► the listing of everything ───────────────────────────────────────┴─► what is known
//! ```
//!
//! A scope spares looks, and decides nothing: what no event told of is seen by the next look at everything.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The most folders that are told apart: beyond them everything is looked at.
const MAX_FOLDERS: usize = 64;

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// At everything.
    Everything,
    /// At the files of these folders, given by their real paths; all others are taken to be as they were.
    Folders(BTreeSet<PathBuf>),
}

impl Scope {
    /// Nowhere.
    pub(super) fn nowhere() -> Self {
        Self::Folders(BTreeSet::new())
    }

    /// Takes another folder in.
    pub(super) fn add(&mut self, folder: &Path) {
        let Self::Folders(folders) = self else { return };
        if folders.contains(folder) {
            return;
        }
        if folders.len() == MAX_FOLDERS {
            *self = Self::Everything;
        } else {
            folders.insert(folder.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_folders_are_everything() {
        let mut scope = Scope::nowhere();
        let folder = |number: usize| PathBuf::from(format!("/policies/{number}"));
        for number in (0..MAX_FOLDERS).chain([0, 1]) {
            scope.add(&folder(number));
        }
        assert_eq!(scope, Scope::Folders((0..MAX_FOLDERS).map(folder).collect()));
        scope.add(&folder(MAX_FOLDERS));
        assert_eq!(scope, Scope::Everything);
        scope.add(&folder(0));
        assert_eq!(scope, Scope::Everything);
    }
}
