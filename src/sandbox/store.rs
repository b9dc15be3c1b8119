//! The model on disk: one JSON file, replaced whole, so that a crash leaves the old or the new one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The file, and how much of the model is in it.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    /// The count of changes that the file holds.
    written: u64,
}

impl Store {
    /// The store at that path, and what it holds.
    ///
    /// # Errors
    /// Where it is there and can't be read.
    pub fn open(path: PathBuf) -> io::Result<(Self, Option<Vec<u8>>)> {
        let stored = match fs::read(&path) {
            Ok(stored) => Some(stored),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok((Self { path, written: 0 }, stored))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure that the file holds so many changes.
    ///
    /// `model` gives the whole model and its count of changes. It is not asked where an earlier write, for another
    /// request, held these changes already.
    ///
    /// # Errors
    /// Where the file can't be replaced.
    pub fn keep(
        &mut self,
        changes: u64,
        model: impl FnOnce() -> io::Result<(Vec<u8>, u64)>,
    ) -> io::Result<()> {
        if self.written >= changes {
            return Ok(());
        }
        let (json, changes) = model()?;
        replace(&self.path, &json)?;
        self.written = changes;
        Ok(())
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_covers_all_changes_before_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sandbox.json");
        let (mut store, stored) = Store::open(path.clone()).unwrap();
        assert_eq!(stored, None);
        store.keep(1, || Ok((b"three".to_vec(), 3))).unwrap();
        store.keep(3, || unreachable!("the third change is in the file")).unwrap();
        assert_eq!(Store::open(path.clone()).unwrap().1.as_deref(), Some(&b"three"[..]));
        store.keep(4, || Ok((b"four".to_vec(), 4))).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"four");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
        assert!(Store::open(directory.path().to_owned()).is_err());
    }
}
