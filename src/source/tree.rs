//! What a policy directory holds at one moment, before anything of it is read.
//!
//! Real folders and files come first; a link then adds only what they don't have, so nothing is read twice: a ConfigMap's
//! `a.yaml` leads into a hidden folder and is read, a link to a folder beside it is not. Names come in the order of their
//! bytes, folder by folder.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::Errno;

use super::folder::{Folder, Meta, below};
use super::parallel::{each, parallel};
use super::root::{Root, Target};
use super::{MAX_DEPTH, MAX_FILES};
use crate::finding::Code;
use crate::snapshot::{self, FileFacts};

mod shape;

pub(super) use shape::{Looked, Shape};

/// How many files are looked at by one thread at a time.
const PIECE: usize = 512;

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Every folder with its policy files, in the order of paths.
    pub(super) folders: Vec<Folder>,
    /// What looks like a policy file and is none.
    pub(super) odd: Vec<Odd>,
    /// Every link that was followed.
    pub(super) links: Vec<Link>,
    /// What lets a later look be at some folders alone.
    pub(super) shape: Option<Shape>,
}

/// A link, and where it led to.
#[derive(Debug)]
pub(super) struct Link {
    path: String,
    target: PathBuf,
}

impl Link {
    /// Whether it leads somewhere else by now.
    pub(super) fn has_moved(&self, root: &Root) -> bool {
        !matches!(root.resolve(Path::new(&self.path)), Ok(Target::Inside(now)) if now == self.target)
    }
}

/// Something that looks like a policy file or a folder of them, and can't be read as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Odd {
    /// Its path, as far as that is UTF-8.
    pub(super) file: String,
    /// What is the matter.
    pub(super) code: &'static Code,
    /// The same for people.
    pub(super) why: String,
}

impl Odd {
    /// What is to be said of it.
    pub(super) fn facts(&self) -> FileFacts {
        FileFacts::unusable(&self.file.as_str().into(), self.code, self.why.clone(), None)
    }
}

/// What a listing ends in, where it is no listing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListError {
    /// The tree changed under it.
    #[error("it changed while it was read")]
    Moved,
    /// It can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is larger than anything that is read.
    #[error("it holds more than {MAX_FILES} policy files")]
    TooMany,
}

/// One folder as its entries say, not looked at any closer.
#[derive(Debug, Default)]
struct Entries {
    path: String,
    files: Vec<CString>,
    folders: Vec<String>,
    links: Vec<String>,
    odd: Vec<Odd>,
}

impl Listing {
    /// Looks at everything below a root, at a moment.
    pub(super) fn of(root: &Root, now: i64) -> Result<Self, ListError> {
        let mut walk = Walk { root, seen: BTreeSet::new(), entries: Vec::new(), files: 0 };
        walk.below(String::new(), PathBuf::new())?;
        let mut listing = Self { shape: Shape::of(root, &walk.entries), ..Self::default() };
        // What a link to a folder adds may hold further links.
        let (mut done, mut files) = (0, Vec::new());
        while done < walk.entries.len() {
            let fresh = walk.entries.get_mut(done..).into_iter().flatten();
            let links: Vec<String> = fresh.flat_map(|folder| std::mem::take(&mut folder.links)).collect();
            done = walk.entries.len();
            for link in links {
                files.extend(listing.follow(&mut walk, link)?);
            }
        }
        // Links to files come last, once every folder is known that holds files under their own names.
        let mut targets = BTreeSet::new();
        files.retain(|link: &Link| !walk.reads(&link.target) && targets.insert(link.target.clone()));
        if walk.files + files.len() > MAX_FILES {
            return Err(ListError::TooMany);
        }
        listing.odd.extend(walk.entries.iter_mut().flat_map(|folder| std::mem::take(&mut folder.odd)));
        listing.odd.sort_by(|a, b| a.file.cmp(&b.file));
        listing.folders = folders(root, &walk.entries, &files, now)?;
        listing.links.extend(files);
        Ok(listing)
    }

    /// Walks the folder that a link leads to, or hands on the file.
    fn follow(&mut self, walk: &mut Walk<'_>, link: String) -> Result<Option<Link>, ListError> {
        let named = is_policy_file(link.as_bytes());
        let (code, why) = match walk.root.resolve(Path::new(&link)) {
            Ok(Target::Inside(target)) => {
                let kind = FileType::from_raw_mode(walk.root.stat(&target).map_err(moved)?.st_mode);
                match kind {
                    // A link to a folder that holds it would be walked for ever.
                    FileType::Directory if !Path::new(&link).starts_with(&target) => {
                        self.links.push(Link { path: link.clone(), target: target.clone() });
                        walk.below(link, target)?;
                    }
                    FileType::RegularFile if named => return Ok(Some(Link { path: link, target })),
                    FileType::Directory | FileType::RegularFile => {}
                    kind if named => self.odd.push(no_file(link, kind)),
                    _ => {}
                }
                return Ok(None);
            }
            Ok(Target::Outside) => {
                (&snapshot::OUTSIDE, "it is a link out of the policy directory".to_owned())
            }
            Err(error) => (&snapshot::UNREADABLE, format!("it is a link that leads nowhere: {error}")),
        };
        self.odd.extend(named.then_some(Odd { file: link, code, why }));
        Ok(None)
    }
}

/// Reads folders, level by level, each real one once.
struct Walk<'a> {
    root: &'a Root,
    seen: BTreeSet<PathBuf>,
    entries: Vec<Entries>,
    files: usize,
}

impl Walk<'_> {
    /// Reads a folder under a name, and all that is below it.
    fn below(&mut self, name: String, real: PathBuf) -> Result<(), ListError> {
        let depth = name.split('/').filter(|part| !part.is_empty()).count();
        let mut level = vec![(name, real)];
        for _ in depth..=MAX_DEPTH {
            level.retain(|(_, real)| self.seen.insert(real.clone()));
            let read = each(&level, |(name, real)| read_folder(self.root, name, real));
            let reals: Vec<PathBuf> = level.drain(..).map(|(_, real)| real).collect();
            for (entries, real) in read.into_iter().zip(reals) {
                let entries = entries?;
                self.files += entries.files.len();
                if self.files > MAX_FILES {
                    return Err(ListError::TooMany);
                }
                let folders = entries.folders.iter();
                level.extend(folders.map(|name| (below(&entries.path, name), real.join(name))));
                self.entries.push(entries);
            }
            if level.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Whether a file is read under its own name, in a folder that was walked.
    fn reads(&self, file: &Path) -> bool {
        let name = file.file_name().unwrap_or_default().as_bytes();
        let folder = file.parent().unwrap_or(Path::new(""));
        is_policy_file(name) && !name.starts_with(b".") && self.seen.contains(folder)
    }
}

/// The entries of one folder. One that can't be read is odd, unless it is the root itself.
fn read_folder(root: &Root, name: &str, real: &Path) -> Result<Entries, ListError> {
    let mut entries = Entries { path: name.to_owned(), ..Entries::default() };
    let handle = match root.folder(real).map_err(moved) {
        Err(ListError::Io(error)) if !name.is_empty() => {
            let why = format!("the folder can't be read: {error}");
            entries.odd.push(Odd { file: name.to_owned(), code: &snapshot::UNREADABLE, why });
            return Ok(entries);
        }
        handle => handle?,
    };
    for entry in Dir::read_from(&handle).map_err(io::Error::from)? {
        let entry = entry.map_err(io::Error::from)?;
        let file_name = entry.file_name();
        if file_name.to_bytes().starts_with(b".") {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let stat = statat(&handle, file_name, AtFlags::SYMLINK_NOFOLLOW).map_err(io::Error::from);
                FileType::from_raw_mode(stat.map_err(moved)?.st_mode)
            }
            kind => kind,
        };
        entries.add(file_name, kind);
    }
    entries.files.sort_unstable();
    entries.folders.sort_unstable();
    Ok(entries)
}

impl Entries {
    /// Whether it holds nothing but files and folders.
    fn is_plain(&self) -> bool {
        self.links.is_empty() && self.odd.is_empty()
    }

    fn add(&mut self, name: &CStr, kind: FileType) {
        let named = is_policy_file(name.to_bytes());
        let Ok(text) = name.to_str() else {
            if named || kind == FileType::Directory {
                let file = below(&self.path, &name.to_string_lossy());
                self.odd.push(Odd {
                    file,
                    code: &snapshot::NOT_UTF8,
                    why: "its name is not UTF-8".to_owned(),
                });
            }
            return;
        };
        match kind {
            FileType::Directory => self.folders.push(text.to_owned()),
            FileType::Symlink => self.links.push(below(&self.path, text)),
            FileType::RegularFile if named => self.files.push(name.to_owned()),
            kind if named => self.odd.push(no_file(below(&self.path, text), kind)),
            _ => {}
        }
    }
}

fn no_file(file: String, kind: FileType) -> Odd {
    let what = match kind {
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::Directory => "a folder",
        _ => "a device",
    };
    Odd { file, code: &snapshot::NOT_A_FILE, why: format!("it is {what}, not a file") }
}

/// Looks at every file, many at once.
fn folders(root: &Root, entries: &[Entries], links: &[Link], now: i64) -> Result<Vec<Folder>, ListError> {
    let pieces: Vec<(&str, &[CString])> = entries
        .iter()
        .flat_map(|folder| folder.files.chunks(PIECE).map(|names| (&*folder.path, names)))
        .collect();
    let looked = each(&pieces, |(folder, names)| look(root, Path::new(folder), names, now));
    let followed = parallel(links, |link| root.stat(&link.target).map(|stat| Meta::of(&stat, now)));

    // Files of a folder that are links stand among the others, in the order of names.
    let mut found: BTreeMap<&str, Vec<(&str, Meta)>> = BTreeMap::new();
    for ((folder, names), metas) in pieces.iter().zip(looked) {
        let names = names.iter().filter_map(|name| name.to_str().ok());
        found.entry(folder).or_default().extend(names.zip(metas?));
    }
    for (Link { path, .. }, meta) in links.iter().zip(followed) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let files = found.entry(folder).or_default();
        let place = files.partition_point(|(other, _)| *other < name);
        files.insert(place, (name, meta.map_err(moved)?));
    }
    let folder = |(path, files): (&str, Vec<(&str, Meta)>)| {
        let mut folder = Folder { path: path.into(), ..Folder::default() };
        files.into_iter().for_each(|(name, meta)| folder.push(name, meta));
        folder
    };
    Ok(found.into_iter().map(folder).collect())
}

fn look(root: &Root, folder: &Path, names: &[CString], now: i64) -> Result<Vec<Meta>, ListError> {
    // A folder that was reached through a link has another path than its name.
    let real = match root.folder(folder) {
        Ok(handle) => handle,
        Err(_) => match root.resolve(folder).map_err(moved)? {
            Target::Inside(real) => root.folder(&real).map_err(moved)?,
            Target::Outside => return Err(ListError::Moved),
        },
    };
    let stat = |name: &CString| {
        let stat = statat(&real, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| moved(errno.into()))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Meta::of(&stat, now)),
            _ => Err(ListError::Moved),
        }
    };
    names.iter().map(stat).collect()
}

/// What was there a moment ago and is no longer tells of a change.
fn moved(error: io::Error) -> ListError {
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => ListError::Moved,
        _ => ListError::Io(error),
    }
}

pub(super) fn is_policy_file(name: &[u8]) -> bool {
    Path::new(OsStr::from_bytes(name))
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
}
