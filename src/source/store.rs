//! What is known of every file, packed: on disk beside the index, and behind that what is not there yet.
//!
//! ```text
//! STATE/index.facts   magic · name of this store · facts of a file · facts of a file · …
//! ```
//!
//! Facts are only ever added; what replaces a file's facts stands behind them, and once half of the store is of no use it
//! is written anew. Who looks something up names its place and its checksum, so whatever else stands there is as good as
//! nothing.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use tempfile::NamedTempFile;
use uuid::Uuid;

use crate::digest::FileHash;

const MAGIC: &[u8; 8] = b"CWFACTS2";
const NAME: usize = 16;
const HEADER: u64 = (MAGIC.len() + NAME) as u64;
/// So much of no use is always left where it is.
const SLACK: u64 = 1024 * 1024;
/// The most that is read at once.
const MAX_READ: u32 = 1 << 30;
/// How many files' facts are looked at together.
pub(super) const WINDOW: usize = 4_096;

/// Where the facts of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) length: u32,
    pub(super) check: [u8; 8],
}

impl Span {
    fn end(&self) -> u64 {
        self.start.saturating_add(self.length.into())
    }
}

/// Packed facts.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// The file, and what it is called inside.
    file: Option<(File, Uuid)>,
    /// Where the file ended when it was looked at; what is new stands behind that.
    stored: u64,
    new: Vec<u8>,
}

impl Store {
    /// The store of that name, where it is still there.
    pub(super) fn open(path: &Path, name: Uuid, stored: u64) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        (name_of(&mut file)? == name).then(|| Self { file: Some((file, name)), stored, new: Vec::new() })
    }

    /// What it is called, and how long it is; nothing where it was never written.
    pub(super) fn named(&self) -> Option<(Uuid, u64)> {
        self.file.as_ref().map(|(_, name)| (*name, self.stored))
    }

    /// Adds the facts of a file.
    pub(super) fn add(&mut self, facts: &[u8]) -> Span {
        let start = self.stored + self.new.len() as u64;
        self.new.extend_from_slice(facts);
        Span { start, length: facts.len().try_into().unwrap_or(u32::MAX), check: check(facts) }
    }

    /// The facts at a place.
    pub(super) fn get(&self, span: Span) -> Option<Cow<'_, [u8]>> {
        let facts = match span.start.checked_sub(self.stored) {
            Some(start) => Cow::Borrowed(slice(&self.new, start, span.length)?),
            None => Cow::Owned(self.read(span.start, span.length)?),
        };
        (check(&facts) == span.check).then_some(facts)
    }

    /// What is needed to read the facts at all of these places, read at once where they stand together.
    pub(super) fn window(&self, spans: &[Span]) -> Option<Window<'_>> {
        let stored = || spans.iter().filter(|span| span.start < self.stored);
        let start = stored().map(|span| span.start).min().unwrap_or_default();
        let end = stored().map(Span::end).max().unwrap_or_default();
        let needed = stored().map(|span| u64::from(span.length)).sum::<u64>();
        let mut bytes = Vec::new();
        if end - start <= needed.saturating_mul(2).saturating_add(64 * 1024) {
            bytes = self.read(start, (end - start).try_into().ok()?)?;
        }
        Some(Window { store: self, start, bytes })
    }

    fn read(&self, start: u64, length: u32) -> Option<Vec<u8>> {
        if length > MAX_READ {
            return None;
        }
        let mut bytes = vec![0; length as usize];
        if length > 0 {
            let (file, _) = self.file.as_ref()?;
            file.read_exact_at(&mut bytes, start).ok()?;
        }
        Some(bytes)
    }

    /// Brings to disk what is new. The places are those of all facts that are of use still, and are put right.
    pub(super) fn save(&mut self, path: &Path, places: &mut [&mut Span]) -> io::Result<()> {
        let needed: u64 = places.iter().map(|span| u64::from(span.length)).sum();
        match self.append(path, places, needed)? {
            true => Ok(()),
            false => self.rewrite(path, places),
        }
    }

    /// Adds what is new to the file, where it is still that file and most of it is of use.
    fn append(&mut self, path: &Path, places: &mut [&mut Span], needed: u64) -> io::Result<bool> {
        let Some((_, name)) = self.file else { return Ok(false) };
        let Ok(mut file) = OpenOptions::new().read(true).append(true).open(path) else { return Ok(false) };
        let new = self.new.len() as u64;
        if name_of(&mut file) != Some(name) || file.metadata()?.len() + new > 2 * needed + SLACK {
            return Ok(false);
        }
        if new == 0 {
            return Ok(true);
        }
        file.write_all(&self.new)?;
        // Another process may have added something before it.
        let end = file.stream_position()?;
        let start = end.saturating_sub(new);
        for span in places.iter_mut().filter(|span| span.start >= self.stored) {
            span.start = span.start - self.stored + start;
        }
        (self.stored, self.new) = (end, Vec::new());
        Ok(true)
    }

    /// Makes another file of what is of use.
    fn rewrite(&mut self, path: &Path, places: &mut [&mut Span]) -> io::Result<()> {
        let directory = path.parent().unwrap_or(Path::new("."));
        let file = NamedTempFile::with_prefix_in(".index-", directory)?;
        let name = Uuid::new_v4();
        let mut out = BufWriter::with_capacity(256 * 1024, file);
        out.write_all(MAGIC)?;
        out.write_all(name.as_bytes())?;
        let mut end = HEADER;
        let mut starts = Vec::with_capacity(places.len());
        for places in places.chunks(WINDOW) {
            let spans: Vec<Span> = places.iter().map(|span| **span).collect();
            let window = self.window(&spans).ok_or_else(lost)?;
            for span in spans {
                out.write_all(&window.get(span).ok_or_else(lost)?)?;
                starts.push(end);
                end += u64::from(span.length);
            }
        }
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?.persist(path)?;
        places.iter_mut().zip(starts).for_each(|(span, start)| span.start = start);
        *self = Self { file: Some((file, name)), stored: end, new: Vec::new() };
        Ok(())
    }
}

fn lost() -> io::Error {
    io::Error::other("what was kept is damaged")
}

fn name_of(file: &mut File) -> Option<Uuid> {
    let mut header = [0; HEADER as usize];
    file.read_exact(&mut header).ok()?;
    header.strip_prefix(MAGIC)?.try_into().ok().map(Uuid::from_bytes)
}

fn check(facts: &[u8]) -> [u8; 8] {
    *FileHash::of(facts).as_bytes().first_chunk().unwrap_or(&[0; 8])
}

/// Facts that were read at once.
pub(super) struct Window<'a> {
    store: &'a Store,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// The facts at one of the places.
    pub(super) fn get(&self, span: Span) -> Option<Cow<'_, [u8]>> {
        if self.bytes.is_empty() || span.start >= self.store.stored {
            return self.store.get(span);
        }
        let facts = slice(&self.bytes, span.start.checked_sub(self.start)?, span.length)?;
        (check(facts) == span.check).then_some(Cow::Borrowed(facts))
    }
}

fn slice(bytes: &[u8], start: u64, length: u32) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..)?.get(..length as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(store: &Store, span: Span) -> Option<String> {
        store.get(span).map(|facts| String::from_utf8_lossy(&facts).into_owned())
    }

    #[test]
    fn what_was_added_is_there_before_and_after_it_is_saved() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("facts");
        let mut store = Store::default();
        let mut first = store.add(b"first");
        store.save(&path, &mut [&mut first]).unwrap();
        let mut second = store.add(b"second");
        assert_eq!(text(&store, first).as_deref(), Some("first"));
        assert_eq!(text(&store, second).as_deref(), Some("second"));

        // Another process adds something of its own meanwhile.
        let (name, stored) = store.named().unwrap();
        let mut other = Store::open(&path, name, stored).unwrap();
        let (mut same, mut third) = (first, other.add(b"third"));
        other.save(&path, &mut [&mut same, &mut third]).unwrap();
        store.save(&path, &mut [&mut first, &mut second]).unwrap();
        for (span, expected) in [(first, "first"), (second, "second"), (third, "third")] {
            let (name, stored) = store.named().unwrap();
            let again = Store::open(&path, name, stored).unwrap();
            assert_eq!(text(&again, span).as_deref(), Some(expected));
        }
        assert!(Store::open(&path, Uuid::nil(), stored).is_none(), "another store");
        let elsewhere = Span { start: first.start + 1, ..first };
        assert_eq!(text(&store, elsewhere), None);
        assert_eq!(text(&store, Span { start: u64::MAX, ..first }), None);
        assert_eq!(text(&store, Span { length: u32::MAX, ..first }), None);
    }

    #[test]
    fn what_is_of_no_use_is_left_out_in_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("facts");
        let mut store = Store::default();
        let large = vec![b'x'; usize::try_from(SLACK).unwrap()];
        let mut kept = store.add(b"kept");
        store.save(&path, &mut [&mut kept]).unwrap();
        for _ in 0..3 {
            let mut replaced = store.add(&large);
            store.save(&path, &mut [&mut kept, &mut replaced]).unwrap();
            assert_eq!(text(&store, kept).as_deref(), Some("kept"));
            assert_eq!(text(&store, replaced).map(|text| text.len()), Some(large.len()));
        }
        store.save(&path, &mut [&mut kept]).unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(length < 3 * SLACK, "{length} bytes");
        assert_eq!(text(&store, kept).as_deref(), Some("kept"));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
    }
}
