//! The index: what was known of every file when a run ended, so that the next one reads only what changed.
//!
//! ```text
//! STATE/index         magic · checksum of what follows · key · name and length of the facts' store · settled · shelves
//! STATE/index.facts   see `store.rs`
//! ```
//!
//! Both are a cache as git's index is: they can be deleted at any time, and what is missing, damaged, of another build of
//! chatward or of other settings is as good as none. Nothing is ever decided by it that the files and the ledger would not
//! say. The index has names and metadata, and is replaced whole: temporary file, rename. Facts are only added to, so one
//! changed file costs the facts of one file.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use uuid::Uuid;

use super::folder::{Folder, Meta};
use super::known::{Known, Settled};
use super::shelf::{Claim, Shelf};
use super::store::{Span, Store};
use crate::digest::{Digest, EntryHash, FileHash};
use crate::policy::{PolicyId, PolicyName, TenantName};
use crate::snapshot::packed::{Packer, Unpacker};

const FILE: &str = "index";
const MAGIC: &[u8; 8] = b"CWINDEX3";
const HASH: usize = 32;
/// The longest index that is read.
const MAX_BYTES: u64 = 1 << 30;

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

/// What the index of that key says, where there is one that can be read.
pub(super) fn load(path: &Path, key: FileHash) -> Option<Known> {
    if fs::metadata(path).ok()?.len() > MAX_BYTES {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let (checksum, body) = bytes.strip_prefix(MAGIC)?.split_at_checked(HASH)?;
    if body.get(..HASH)? != key.as_bytes() || FileHash::of(body).as_bytes() != checksum {
        return None;
    }
    let mut unpacker = Unpacker::new(&body[HASH..]);
    let (name, stored) = (Uuid::from_bytes(unpacker.array()?), unpacker.number()?);
    let settled = unpacker.maybe(unpack_settled)?;
    let count = unpacker.size()?;
    let shelves = (0..count).map(|_| unpack_shelf(&mut unpacker)).collect::<Option<_>>()?;
    let store = Store::open(&facts(path), name, stored)?;
    Some(Known::stored(shelves, store, settled))
}

/// Replaces the index.
pub(super) fn save(path: &Path, key: FileHash, known: &mut Known) -> io::Result<()> {
    let mut places: Vec<&mut Span> = known.shelves.iter_mut().flat_map(|shelf| &mut shelf.spans).collect();
    known.store.save(&facts(path), &mut places)?;
    let mut packer = Packer::default();
    packer.raw(key.as_bytes());
    let (name, stored) = known.store.named().unwrap_or_default();
    packer.raw(name.as_bytes());
    packer.number(stored);
    packer.maybe(known.settled.as_ref(), pack_settled);
    packer.number(known.shelves.len() as u64);
    known.shelves.iter().for_each(|shelf| pack_shelf(&mut packer, shelf));
    let body = packer.finish();
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::with_prefix_in(".index-", directory)?;
    for part in [&MAGIC[..], FileHash::of(&body).as_bytes(), &body] {
        file.write_all(part)?;
    }
    file.persist(path)?;
    known.saved = true;
    Ok(())
}

fn facts(index: &Path) -> PathBuf {
    index.with_extension("facts")
}

fn pack_settled(packer: &mut Packer, settled: &Settled) {
    packer.raw(settled.head.as_bytes());
    packer.raw(settled.terms.as_bytes());
    packer.number(settled.in_sync.len() as u64);
    for (tenant, count) in &settled.in_sync {
        packer.text(tenant.as_str());
        packer.number(*count as u64);
    }
    packer.number(settled.named.len() as u64);
    for id in &settled.named {
        packer.text(id.tenant.as_str());
        packer.text(id.name.as_str());
    }
}

fn unpack_settled(unpacker: &mut Unpacker<'_>) -> Option<Settled> {
    let head = EntryHash::from_bytes(unpacker.array()?);
    let terms = Digest::from_bytes(unpacker.array()?);
    let tenant = |unpacker: &mut Unpacker<'_>| unpacker.text()?.parse::<TenantName>().ok();
    let count = unpacker.size()?;
    let in_sync = (0..count).map(|_| Some((tenant(unpacker)?, unpacker.size()?))).collect::<Option<_>>()?;
    let count = unpacker.size()?;
    let id = |unpacker: &mut Unpacker<'_>| {
        Some(PolicyId::new(tenant(unpacker)?, unpacker.text()?.parse::<PolicyName>().ok()?))
    };
    let named = (0..count).map(|_| id(unpacker)).collect::<Option<_>>()?;
    Some(Settled { head, terms, in_sync, named })
}

fn pack_shelf(packer: &mut Packer, shelf: &Shelf) {
    let Folder { path, names, ends, metas } = &shelf.folder;
    packer.text(path);
    packer.text(names);
    packer.number(ends.len() as u64);
    ends.iter().for_each(|end| packer.raw(&end.to_le_bytes()));
    for meta in metas {
        for number in [meta.size, meta.inode, meta.device] {
            packer.raw(&number.to_le_bytes());
        }
        packer.raw(&meta.modified.to_le_bytes());
        packer.raw(&meta.changed.to_le_bytes());
        packer.raw(&[u8::from(meta.racy)]);
    }
    for span in &shelf.spans {
        packer.raw(&span.start.to_le_bytes());
        packer.raw(&span.length.to_le_bytes());
        packer.raw(&span.check);
    }
    packer.number(shelf.claims.len() as u64);
    for claim in &shelf.claims {
        packer.raw(&claim.file.to_le_bytes());
        packer.raw(&claim.id.to_le_bytes());
    }
    packer.number(shelf.broken.len() as u64);
    shelf.broken.iter().for_each(|file| packer.raw(&file.to_le_bytes()));
}

fn unpack_shelf(unpacker: &mut Unpacker<'_>) -> Option<Shelf> {
    let path = unpacker.text()?.into();
    let names = unpacker.text()?.to_owned();
    let count = unpacker.size()?;
    let ends = small_numbers(unpacker, count)?;
    let metas = records(unpacker, count)?.map(unpack_meta).collect::<Option<_>>()?;
    let spans = records(unpacker, count)?.map(unpack_span).collect::<Option<_>>()?;
    let claims = unpacker.size()?;
    let claims = records(unpacker, claims)?.map(|&[a, b, c, d, e, f, g, h]| Claim {
        file: u32::from_le_bytes([a, b, c, d]),
        id: u32::from_le_bytes([e, f, g, h]),
    });
    let claims = claims.collect();
    let broken = unpacker.size()?;
    let broken = small_numbers(unpacker, broken)?;
    Some(Shelf { folder: Folder { path, names, ends, metas }, spans, claims, broken })
}

/// So many records of the same length.
fn records<'a, const N: usize>(
    unpacker: &mut Unpacker<'a>,
    count: usize,
) -> Option<impl Iterator<Item = &'a [u8; N]>> {
    Some(unpacker.raw(count.checked_mul(N)?)?.as_chunks().0.iter())
}

fn small_numbers(unpacker: &mut Unpacker<'_>, count: usize) -> Option<Vec<u32>> {
    Some(records(unpacker, count)?.map(|bytes| u32::from_le_bytes(*bytes)).collect())
}

fn unpack_meta(bytes: &[u8; 41]) -> Option<Meta> {
    let mut unpacker = Unpacker::new(bytes);
    let mut number = || unpacker.array().map(u64::from_le_bytes);
    let (size, inode, device) = (number()?, number()?, number()?);
    let mut time = || unpacker.array().map(i64::from_le_bytes);
    let (modified, changed) = (time()?, time()?);
    let [racy] = unpacker.array()?;
    Some(Meta { size, modified, changed, inode, device, racy: racy != 0 })
}

fn unpack_span(bytes: &[u8; 20]) -> Option<Span> {
    let mut unpacker = Unpacker::new(bytes);
    let start = u64::from_le_bytes(unpacker.array()?);
    let length = u32::from_le_bytes(unpacker.array()?);
    Some(Span { start, length, check: unpacker.array()? })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::source::shelf::Fresh;

    fn sample() -> Known {
        let meta = Meta { size: 1, modified: -2, changed: 3, inode: u64::MAX, device: 5, racy: true };
        let document = "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: a }\n\
                        spec: { cspDirectives: { default-src: \"'self'\" } }\n---\n[]\n";
        let mut known = Known::default();
        for path in ["", "acme"] {
            let mut shelf = Shelf::at(path);
            for (file, name) in ["a.yaml", "b.yaml"].into_iter().enumerate() {
                shelf.push(name, meta);
                let facts = crate::snapshot::FileFacts::read(&name.into(), document.as_bytes(), None);
                let fresh = Fresh::of(&facts);
                shelf.put(file, known.store.add(&fresh.packed), &fresh);
            }
            known.shelves.push(shelf);
        }
        known.settled = Some(Settled {
            head: EntryHash::GENESIS,
            terms: Digest::of(b"terms"),
            in_sync: [("acme".parse().unwrap(), 7)].into(),
            named: ["acme/a".parse().unwrap()].into(),
        });
        known
    }

    /// What can be read of all facts.
    fn facts(known: &Known) -> Option<Vec<Vec<u8>>> {
        let spans = known.shelves.iter().flat_map(|shelf| &shelf.spans);
        spans.map(|span| known.store.get(*span).map(|facts| facts.into_owned())).collect()
    }

    #[test]
    fn what_is_kept_comes_back() {
        let directory = TempDir::new().unwrap();
        let (path, key) = (path(directory.path()), FileHash::of(b"key"));
        let mut known = sample();
        let before = facts(&known).unwrap();
        assert!(load(&path, key).is_none());
        for _ in 0..2 {
            save(&path, key, &mut known).unwrap();
        }
        let again = load(&path, key).unwrap();
        assert_eq!((&again.shelves, &again.settled), (&known.shelves, &known.settled));
        assert!(again.shelves.iter().all(|shelf| shelf.broken == [0, 1]));
        assert_eq!(facts(&again).unwrap(), before);
        assert!(load(&path, FileHash::of(b"other")).is_none());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "no temporary file is left");
        fs::remove_file(super::facts(&path)).unwrap();
        assert!(load(&path, key).is_none(), "no index without its facts");
    }

    #[test]
    fn damage_anywhere_is_as_good_as_no_index() {
        let directory = TempDir::new().unwrap();
        let (path, key) = (path(directory.path()), FileHash::of(b"key"));
        save(&path, key, &mut sample()).unwrap();
        let is_lost = || load(&path, key).is_none_or(|known| facts(&known).is_none());
        for file in [path.clone(), super::facts(&path)] {
            let whole = fs::read(&file).unwrap();
            for place in 0..whole.len() {
                let mut bytes = whole.clone();
                bytes[place] ^= 1;
                fs::write(&file, bytes).unwrap();
                assert!(is_lost(), "byte {place} of {}", file.display());
                fs::write(&file, &whole[..place]).unwrap();
                assert!(is_lost(), "{} cut after {place}", file.display());
            }
            fs::write(&file, whole).unwrap();
            assert!(!is_lost());
        }
    }
}
