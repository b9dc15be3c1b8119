//! What the ledger asks of a disk when it writes: a handful of operations, none of them more than one system call.
//!
//! Reading needs no seam, since it changes nothing. A simulation puts a disk of its own in here, one that forgets what
//! was not synced.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// A disk. What it was told is there after a power cut only once it was synced: the bytes of a file by
/// [`DiskFile::sync`], its name by [`Disk::sync_directory`].
pub trait Disk: fmt::Debug + Send + Sync {
    /// Makes a directory and those above it, for nobody else's eyes.
    ///
    /// # Errors
    /// Where it can't be made.
    fn make_directory(&self, path: &Path) -> io::Result<()>;

    /// Opens a file for writing at its end. It is made where there is none, for nobody else's eyes.
    ///
    /// # Errors
    /// Where it can't be opened.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, in place of whatever had it.
    ///
    /// # Errors
    /// Where it can't be done; the file then has its old name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Where it can't be removed.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Brings the names in a directory to disk.
    ///
    /// # Errors
    /// Where it is not known whether they are there.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// A file that is open for writing.
pub trait DiskFile: Send {
    /// How many bytes it has.
    ///
    /// # Errors
    /// Where that can't be told.
    fn length(&self) -> io::Result<u64>;

    /// Adds bytes at its end.
    ///
    /// # Errors
    /// Where not all of them could be written; some may be.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts it off behind so many bytes.
    ///
    /// # Errors
    /// Where it can't be cut.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Brings its bytes and its length to disk.
    ///
    /// # Errors
    /// Where it is not known whether they are there. A later success does not say that they are.
    fn sync(&mut self) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Puts bytes in place of a whole file, so that after a power cut the old or the new one is there. `beside` is a name in
/// the same directory that is used meanwhile; only one writer may use it.
pub(super) fn replace(disk: &dyn Disk, path: &Path, beside: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = disk.open(beside)?;
    // A writer that was cut off here may have left one behind.
    file.truncate(0)?;
    file.append(bytes)?;
    file.sync()?;
    disk.rename(beside, path)?;
    path.parent().map_or(Ok(()), |directory| disk.sync_directory(directory))
}
