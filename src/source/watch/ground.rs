//! What has to be watched so that no change of a directory goes unheard.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// How deep folders are looked into, as the reader does.
const MAX_DEPTH: usize = 32;
/// How many links are followed on the way to the directory, as the kernel does.
const MAX_LINKS: usize = 40;

/// The folders below a directory, and the names on the way to it.
///
/// Two grounds are the same where the same path leads to the same folders over the same links.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ground {
    /// Each component of the path and of the links in it, by the folder that it stands in.
    names: BTreeSet<(PathBuf, OsString)>,
    /// What each of those links says: another target is another ground.
    links: BTreeSet<(PathBuf, PathBuf)>,
    /// Where the path leads; `None` where it leads nowhere just now.
    root: Option<PathBuf>,
    /// The folders below that, and those in it that links below it lead into.
    inside: BTreeMap<PathBuf, Identity>,
}

/// Device and inode of a folder: another one may take its path, by a mount or an unmount even without an event.
type Identity = (u64, u64);

impl Ground {
    /// The ground of a path as it is now; what is below `ignored` is left out.
    pub(super) fn of(path: &Path, ignored: &Path) -> Self {
        let mut ground = Self::default();
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        ground.root = ground.walk_to(&absolute, &mut 0);
        if let Some(root) = ground.root.clone() {
            ground.look_into(&root, &root, ignored, 0);
        }
        ground
    }

    /// Every folder to watch.
    pub(super) fn folders(&self) -> BTreeSet<&Path> {
        let parents = self.names.iter().map(|(parent, _)| parent.as_path());
        parents.chain(self.inside()).collect()
    }

    /// The folders whose files may be read.
    pub(super) fn inside(&self) -> impl Iterator<Item = &Path> {
        self.inside.keys().map(PathBuf::as_path)
    }

    /// Whether something of that path may be a change: it is on the way to the directory, or in it.
    pub(super) fn counts(&self, path: &Path) -> bool {
        let in_git = |path: &Path| path.components().any(|part| part == Component::Normal(".git".as_ref()));
        let inside = self.root.as_ref().is_some_and(|root| path.starts_with(root));
        if inside && self.root.as_deref() != Some(path) {
            return !in_git(path);
        }
        let named = path.parent().zip(path.file_name());
        inside
            || named.is_some_and(|(parent, name)| self.names.contains(&(parent.to_owned(), name.to_owned())))
    }

    /// Follows a path component by component, and every link in it. Ends where nothing is.
    fn walk_to(&mut self, path: &Path, links: &mut usize) -> Option<PathBuf> {
        let mut at = PathBuf::from("/");
        for part in path.components() {
            match part {
                Component::ParentDir => {
                    at.pop();
                }
                Component::Normal(name) => {
                    self.names.insert((at.clone(), name.to_owned()));
                    let next = at.join(name);
                    at = match fs::read_link(&next) {
                        Ok(target) => {
                            *links += 1;
                            if *links > MAX_LINKS {
                                return None;
                            }
                            self.links.insert((next, target.clone()));
                            self.walk_to(&at.join(target), links)?
                        }
                        Err(_) => next,
                    };
                }
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        at.is_dir().then_some(at)
    }

    fn look_into(&mut self, root: &Path, folder: &Path, ignored: &Path, depth: usize) {
        if depth > MAX_DEPTH || folder.starts_with(ignored) || self.inside.contains_key(folder) {
            return;
        }
        let Ok(metadata) = fs::metadata(folder) else { return };
        self.inside.insert(folder.to_owned(), (metadata.dev(), metadata.ino()));
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if entry.file_name().as_bytes().starts_with(b".") || !(kind.is_dir() || kind.is_symlink()) {
                continue;
            }
            if kind.is_dir() {
                self.look_into(root, &entry.path(), ignored, depth + 1);
                continue;
            }
            // A link that leads out of the directory is not followed by the reader either.
            let Ok(target) = entry.path().canonicalize() else { continue };
            let folder = if target.is_dir() { Some(target.as_path()) } else { target.parent() };
            if let Some(folder) = folder.filter(|folder| folder.starts_with(root)) {
                self.look_into(root, folder, ignored, depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_on_the_way_and_below_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        fs::create_dir_all(at.join("trees/abc/policies/.versions/1")).unwrap();
        fs::create_dir_all(at.join("trees/abc/policies/default")).unwrap();
        symlink("trees/abc", at.join("link")).unwrap();
        symlink(".versions/1", at.join("trees/abc/policies/current")).unwrap();
        symlink("/", at.join("trees/abc/policies/out")).unwrap();
        symlink("..", at.join("trees/abc/policies/up")).unwrap();

        let ground = Ground::of(&at.join("link/policies"), Path::new("/nowhere"));
        let root = at.join("trees/abc/policies");
        assert_eq!(ground.root, Some(root.clone()));
        let inside = [root.clone(), root.join(".versions/1"), root.join("default")];
        assert_eq!(ground.inside().map(Path::to_owned).collect::<Vec<_>>(), inside);
        for (path, counts) in [
            (at.join("link"), true),
            (at.join("trees/abc"), true),
            (at.join("trees/other"), false),
            (root.clone(), true),
            (root.join("default/a.yaml"), true),
            (root.join(".git/index"), false),
            (at.join("trees/abc/README.md"), false),
        ] {
            assert_eq!(ground.counts(&path), counts, "{}", path.display());
        }
        symlink("trees/def", at.join("tmp-link")).unwrap();
        fs::rename(at.join("tmp-link"), at.join("link")).unwrap();
        let swapped = Ground::of(&at.join("link/policies"), Path::new("/nowhere"));
        assert_eq!(swapped.root, None);
        assert!(swapped.folders().contains(at.join("trees").as_path()), "its coming would be heard");
    }

    #[test]
    fn a_link_to_itself_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        symlink("loop", folder.path().join("loop")).unwrap();
        assert_eq!(Ground::of(&folder.path().join("loop"), Path::new("/nowhere")).root, None);
    }
}
