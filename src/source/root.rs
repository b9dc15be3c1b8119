//! The policy directory by its handle: what is opened below it can't be led out of it.
//!
//! A path may go through symbolic links (git-sync's link, a ConfigMap's `..data`), which may be swapped at any moment. The
//! handle stays with one directory; [`Root::has_moved`] says whether the path leads to another one by now. Below it, links
//! are resolved here, component by component, and every open refuses them.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat};

/// How much of a file is read: one byte over what a document may have, so that a longer one is seen to be longer.
const MAX_BYTES: u64 = 1024 * 1024 + 1;
/// How many links one path may go through, as the kernel counts.
const MAX_LINKS: usize = 40;

/// Which directory it is, whatever its path: its device and its inode.
pub(super) type Identity = (u64, u64);

/// A directory, held open.
#[derive(Debug)]
pub(super) struct Root {
    handle: OwnedFd,
    path: PathBuf,
    identity: Identity,
}

/// Where a path below the root leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To this path below the root, in which no component is a link.
    Inside(PathBuf),
    /// Out of it.
    Outside,
}

impl Root {
    /// Opens whatever directory is at that path now.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let handle = fs::open(&path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let identity = identity(&fs::fstat(&handle)?);
        Ok(Self { handle, path, identity })
    }

    /// Which directory it is.
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// The path of a folder below it, given by its real path.
    pub(super) fn below<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.path).ok()
    }

    /// Whether that path leads somewhere else by now.
    pub(super) fn has_moved(&self, path: &Path) -> bool {
        let now = path.canonicalize().and_then(|path| Ok((identity(&fs::stat(&path)?), path)));
        !matches!(now, Ok((identity, path)) if identity == self.identity && path == self.path)
    }

    /// Opens a folder below it, the root itself for an empty path.
    pub(super) fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut folder = fs::openat(&self.handle, ".", flags, Mode::empty())?;
        for part in path {
            folder = fs::openat(&folder, part, flags, Mode::empty())?;
        }
        Ok(folder)
    }

    /// What is at a path below it; a link is not followed.
    pub(super) fn stat(&self, path: &Path) -> io::Result<Stat> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        Ok(fs::statat(&self.handle, path, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Reads a file below it, as much as a document may have, through links that stay inside.
    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // Hardly any path has a link in it, so that is looked into only where it does.
        match self.read_plain(path) {
            Err(error) if is_link(&error) => match self.resolve(path)? {
                Target::Inside(path) => self.read_plain(&path),
                Target::Outside => Err(io::Error::other("it is a link out of the policy directory")),
            },
            read => read,
        }
    }

    fn read_plain(&self, path: &Path) -> io::Result<Vec<u8>> {
        let folder = self.folder(path.parent().unwrap_or(Path::new("")))?;
        // What became a pipe since it was listed must not be waited for.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = fs::openat(&folder, path.file_name().unwrap_or_default(), flags, Mode::empty())?;
        let stat = fs::fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut bytes =
            Vec::with_capacity(u64::try_from(stat.st_size).unwrap_or_default().min(MAX_BYTES) as usize + 1);
        File::from(file).take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Where a path below it leads, link by link.
    pub(super) fn resolve(&self, path: &Path) -> io::Result<Target> {
        let parts = |path: &Path| -> Vec<OsString> { path.iter().rev().map(OsStr::to_owned).collect() };
        let (mut inside, mut left, mut links) = (PathBuf::new(), parts(path), 0);
        while let Some(part) = left.pop() {
            match part.as_bytes() {
                b"." => continue,
                b".." if !inside.pop() => return Ok(Target::Outside),
                b".." => continue,
                _ => inside.push(&part),
            }
            if FileType::from_raw_mode(self.stat(&inside)?.st_mode) != FileType::Symlink {
                continue;
            }
            links += 1;
            if links > MAX_LINKS {
                return Err(rustix::io::Errno::LOOP.into());
            }
            let target = fs::readlinkat(&self.handle, &inside, Vec::new())?.into_bytes();
            let target = PathBuf::from(OsString::from_vec(target));
            inside.pop();
            if target.is_absolute() {
                let real = target.canonicalize()?;
                let Ok(below) = real.strip_prefix(&self.path) else { return Ok(Target::Outside) };
                inside.clear();
                left.extend(parts(below));
            } else {
                left.extend(parts(&target));
            }
        }
        Ok(Target::Inside(inside))
    }
}

fn identity(stat: &Stat) -> Identity {
    (stat.st_dev, stat.st_ino)
}

/// Whether an open failed because a component of its path is a link. As a folder, a link is no directory.
fn is_link(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(errno, Some(rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR))
}

#[cfg(test)]
mod tests {
    use std::fs as std_fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_lead_where_they_lead_and_never_out() {
        let outside = tempfile::tempdir().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        std_fs::create_dir_all(path.join("..2026/deep")).unwrap();
        std_fs::write(path.join("..2026/deep/a.yaml"), "a").unwrap();
        std_fs::write(outside.path().join("out.yaml"), "secret").unwrap();
        let links: &[(&str, &Path)] = &[
            ("..data", Path::new("..2026")),
            ("a.yaml", Path::new("..data/deep/a.yaml")),
            ("up.yaml", Path::new("..2026/deep/../../a.yaml")),
            ("absolute.yaml", &path.join("..data/deep/a.yaml")),
            ("out.yaml", &outside.path().join("out.yaml")),
            ("above", Path::new("..")),
            ("round", Path::new("round")),
        ];
        for (name, target) in links {
            symlink(target, path.join(name)).unwrap();
        }
        let root = Root::open(&path).unwrap();
        let inside = Target::Inside("..2026/deep/a.yaml".into());
        for name in ["a.yaml", "up.yaml", "absolute.yaml", "..data/deep/a.yaml", "./..2026/deep/a.yaml"] {
            assert_eq!(root.resolve(Path::new(name)).unwrap(), inside, "{name}");
            assert_eq!(root.read(Path::new(name)).unwrap(), b"a", "{name}");
        }
        for name in ["out.yaml", "above/x", "../x"] {
            assert_eq!(root.resolve(Path::new(name)).unwrap(), Target::Outside, "{name}");
            assert!(root.read(Path::new(name)).is_err(), "{name}");
        }
        assert!(root.resolve(Path::new("round")).is_err());
    }

    #[test]
    fn another_directory_at_its_path_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["one", "two"] {
            std_fs::create_dir(path(name)).unwrap();
        }
        symlink("one", path("link")).unwrap();
        let (linked, plain) = (Root::open(&path("link")).unwrap(), Root::open(&path("two")).unwrap());
        assert!(!linked.has_moved(&path("link")) && !plain.has_moved(&path("two")));
        symlink("two", path("next")).unwrap();
        std_fs::rename(path("next"), path("link")).unwrap();
        assert!(linked.has_moved(&path("link")), "the link was swapped");
        std_fs::rename(path("two"), path("old")).unwrap();
        assert!(plain.has_moved(&path("two")), "it is gone");
        std_fs::create_dir(path("two")).unwrap();
        assert!(plain.has_moved(&path("two")), "it was made anew");
    }
}
