//! The index: what was known of every file when a run ended, so that the next one reads only what changed.
//!
//! `STATE/index` is a cache as git's is: it can be deleted at any time, and one that is missing, damaged, of another build of
//! chatward or of other settings is as good as none. Nothing is ever decided by it that the files and the ledger would not
//! say. It is replaced whole: temporary file, rename.
//!
//! ```text
//! magic · checksum of what follows · key · lengths and checksums of both parts · table · facts
//! ```
//!
//! The table has names and metadata: all that is read where nothing changed. The facts are read only then when something did.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::folder::{Folder, Meta};
use super::parallel::each;
use crate::digest::{Digest, EntryHash, FileHash};
use crate::snapshot::FileFacts;
use crate::snapshot::packed::{Packer, Unpacker};

const FILE: &str = "index";
const MAGIC: &[u8; 8] = b"CWINDEX1";
const HASH: usize = 32;
/// Key, and of each part its length and checksum.
const HEADER: usize = HASH + 2 * (8 + HASH);
/// The longest index that is read.
const MAX_BYTES: u64 = 1 << 30;

/// That a plan was empty, and what it was made from besides the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The ledger's newest entry.
    pub head: EntryHash,
    /// The settings that matter to a plan.
    pub terms: Digest,
    /// How many policies were in sync.
    pub in_sync: usize,
}

/// What the file holds, read as far as it was asked for.
pub(super) struct Index {
    folders: Vec<Folder>,
    pub(super) settled: Option<Settled>,
    facts: Part,
    file: File,
}

/// Where a part of the file is.
struct Part {
    start: u64,
    length: u64,
    checksum: FileHash,
}

/// What an index is good for: this build of chatward, this directory, these tenants.
pub(super) fn key(policies: &Path, tenants: impl Iterator<Item = impl AsRef<str>>) -> FileHash {
    let mut packer = Packer::default();
    packer.text(env!("CARGO_PKG_VERSION"));
    // Another build may find other things in the same bytes, whatever its version says.
    let build = std::env::current_exe().and_then(fs::metadata).ok();
    let build = build.and_then(|build| Some((build.len(), build.modified().ok()?)));
    packer.text(&format!("{build:?}"));
    let policies = policies.canonicalize().unwrap_or_else(|_| policies.to_owned());
    packer.text(&format!("{policies:?}"));
    tenants.for_each(|tenant| packer.text(tenant.as_ref()));
    FileHash::of(&packer.finish())
}

/// Where the index of a state directory is.
pub(super) fn path(state: &Path) -> PathBuf {
    state.join(FILE)
}

impl Index {
    /// The index of that key, where there is one that can be read.
    pub(super) fn load(path: &Path, key: FileHash) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let mut head = [0; MAGIC.len() + HASH + HEADER];
        file.read_exact(&mut head).ok()?;
        let (checksum, header) = head.strip_prefix(MAGIC)?.split_at(HASH);
        let mut unpacker = Unpacker::new(header);
        let found = FileHash::from_bytes(unpacker.array()?);
        if FileHash::of(header).as_bytes() != checksum || found != key {
            return None;
        }
        let table = Part::unpack(&mut unpacker, head.len() as u64)?;
        let facts = Part::unpack(&mut unpacker, table.start + table.length)?;
        let bytes = table.read(&mut file)?;
        let mut unpacker = Unpacker::new(&bytes);
        let settled = unpacker.maybe(|unpacker| {
            let head = EntryHash::from_bytes(unpacker.array()?);
            let terms = Digest::from_bytes(unpacker.array()?);
            Some(Settled { head, terms, in_sync: unpacker.size()? })
        })?;
        let count = unpacker.size()?;
        let folders = (0..count).map(|_| unpack_folder(&mut unpacker)).collect::<Option<_>>()?;
        Some(Self { folders, settled, facts, file })
    }

    /// Its table, once.
    pub(super) fn take_folders(&mut self) -> Vec<Folder> {
        std::mem::take(&mut self.folders)
    }

    /// What each file of its folders holds, in the order of folders and names.
    pub(super) fn facts(&mut self, folders: &[Folder]) -> Option<Vec<Arc<FileFacts>>> {
        let bytes = self.facts.read(&mut self.file)?;
        let mut unpacker = Unpacker::new(&bytes);
        let parts = folders.iter().map(|folder| Some((folder, unpacker.bytes()?)));
        let parts = parts.collect::<Option<Vec<_>>>()?;
        let read = each(&parts, |(folder, bytes)| {
            let mut unpacker = Unpacker::new(bytes);
            let unpack = |(name, _)| {
                let file = folder.file(name).into();
                FileFacts::unpack(file, &mut unpacker).map(Arc::new)
            };
            folder.files().map(unpack).collect::<Option<Vec<_>>>()
        });
        Some(read.into_iter().collect::<Option<Vec<_>>>()?.concat())
    }
}

/// Replaces the index.
pub(super) fn save(
    path: &Path,
    key: FileHash,
    folders: &[Folder],
    facts: &[Arc<FileFacts>],
    settled: Option<Settled>,
) -> io::Result<()> {
    let mut table = Packer::default();
    table.maybe(settled, |packer, settled| {
        packer.raw(settled.head.as_bytes());
        packer.raw(settled.terms.as_bytes());
        packer.number(settled.in_sync as u64);
    });
    table.number(folders.len() as u64);
    folders.iter().for_each(|folder| pack_folder(&mut table, folder));
    let table = table.finish();

    let mut rest = facts;
    let mut packer = Packer::default();
    for folder in folders {
        let (own, others) = rest.split_at_checked(folder.len()).unwrap_or((rest, &[]));
        rest = others;
        let mut part = Packer::default();
        own.iter().for_each(|facts| facts.pack(&mut part));
        packer.bytes(&part.finish());
    }
    let facts = packer.finish();

    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(key.as_bytes());
    for part in [&table, &facts] {
        header.extend_from_slice(&(part.len() as u64).to_le_bytes());
        header.extend_from_slice(FileHash::of(part).as_bytes());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::with_prefix_in(".index-", directory)?;
    for part in [&MAGIC[..], FileHash::of(&header).as_bytes(), &header, &table, &facts] {
        file.write_all(part)?;
    }
    file.persist(path)?;
    Ok(())
}

impl Part {
    fn unpack(unpacker: &mut Unpacker<'_>, start: u64) -> Option<Self> {
        let length = u64::from_le_bytes(unpacker.array()?);
        let checksum = FileHash::from_bytes(unpacker.array()?);
        (length <= MAX_BYTES).then_some(Self { start, length, checksum })
    }

    fn read(&self, file: &mut File) -> Option<Vec<u8>> {
        file.seek(SeekFrom::Start(self.start)).ok()?;
        let mut bytes = Vec::with_capacity(self.length.try_into().ok()?);
        file.take(self.length).read_to_end(&mut bytes).ok()?;
        (FileHash::of(&bytes) == self.checksum).then_some(bytes)
    }
}

fn pack_folder(packer: &mut Packer, folder: &Folder) {
    packer.text(&folder.path);
    packer.text(&folder.names);
    packer.number(folder.len() as u64);
    for end in &folder.ends {
        packer.raw(&end.to_le_bytes());
    }
    for meta in &folder.metas {
        for number in [meta.size, meta.inode, meta.device] {
            packer.raw(&number.to_le_bytes());
        }
        packer.raw(&meta.modified.to_le_bytes());
        packer.raw(&meta.changed.to_le_bytes());
        packer.raw(&[u8::from(meta.racy)]);
    }
}

fn unpack_folder(unpacker: &mut Unpacker<'_>) -> Option<Folder> {
    let path = unpacker.text()?.into();
    let names = unpacker.text()?.to_owned();
    let count = unpacker.size()?;
    let ends = unpacker.raw(count.checked_mul(4)?)?.as_chunks().0.iter().copied();
    let ends: Vec<u32> = ends.map(u32::from_le_bytes).collect();
    let metas = (0..count).map(|_| unpack_meta(unpacker)).collect::<Option<_>>()?;
    Some(Folder { path, names, ends, metas })
}

fn unpack_meta(unpacker: &mut Unpacker<'_>) -> Option<Meta> {
    let mut number = || unpacker.array().map(u64::from_le_bytes);
    let (size, inode, device) = (number()?, number()?, number()?);
    let mut time = || unpacker.array().map(i64::from_le_bytes);
    let (modified, changed) = (time()?, time()?);
    let [racy] = unpacker.array()?;
    Some(Meta { size, modified, changed, inode, device, racy: racy != 0 })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn sample() -> (Vec<Folder>, Vec<Arc<FileFacts>>, Settled) {
        let meta = Meta { size: 1, modified: -2, changed: 3, inode: u64::MAX, device: 5, racy: true };
        let mut folders = Vec::new();
        let mut facts = Vec::new();
        for path in ["", "acme"] {
            let mut folder = Folder { path: path.into(), ..Folder::default() };
            for name in ["a.yaml", "b.yaml"] {
                folder.push(name, meta);
                facts.push(Arc::new(FileFacts::unreadable(&folder.file(name).into(), "gone")));
            }
            folders.push(folder);
        }
        let settled = Settled { head: EntryHash::GENESIS, terms: Digest::of(b"terms"), in_sync: 7 };
        (folders, facts, settled)
    }

    #[test]
    fn what_is_kept_comes_back() {
        let directory = TempDir::new().unwrap();
        let (path, key) = (path(directory.path()), FileHash::of(b"key"));
        let (folders, facts, settled) = sample();
        assert!(Index::load(&path, key).is_none());
        for _ in 0..2 {
            save(&path, key, &folders, &facts, Some(settled)).unwrap();
        }
        let mut index = Index::load(&path, key).unwrap();
        assert_eq!((index.take_folders(), index.settled), (folders.clone(), Some(settled)));
        assert_eq!(index.facts(&folders).unwrap(), facts);
        assert!(Index::load(&path, FileHash::of(b"other")).is_none());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn damage_anywhere_is_as_good_as_no_index() {
        let directory = TempDir::new().unwrap();
        let (path, key) = (path(directory.path()), FileHash::of(b"key"));
        let (folders, facts, settled) = sample();
        save(&path, key, &folders, &facts, Some(settled)).unwrap();
        let whole = fs::read(&path).unwrap();
        let broken = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            Index::load(&path, key).is_none_or(|mut index| index.facts(&folders).is_none())
        };
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            assert!(broken(&bytes), "byte {place}");
            assert!(broken(&whole[..place]), "cut after {place}");
        }
        assert!(!broken(&whole));
    }
}
