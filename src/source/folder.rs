//! The policy files of one folder as a listing finds them: names and metadata, no content.
//!
//! Metadata decides whether a file is read again. It can lie in one case only: a file that is changed twice within one tick
//! of its file system's clock has the same metadata both times. So what was changed shortly before it was looked at is
//! *racy*, as git calls it, and is read again the next time whatever its metadata says.

use rustix::fs::Stat;

/// How long before a look a file must have been left alone to be known by its metadata. The coarsest file systems count
/// in two seconds.
const SETTLES: i64 = 2_000_000_000;

/// What a file system says of a file. Times are in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) changed: i64,
    pub(super) inode: u64,
    pub(super) device: u64,
    pub(super) racy: bool,
}

impl Meta {
    /// What it says at a moment.
    pub(super) fn of(stat: &Stat, now: i64) -> Self {
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        let modified = nanos(stat.st_mtime, stat.st_mtime_nsec.try_into().unwrap_or_default());
        let changed = nanos(stat.st_ctime, stat.st_ctime_nsec.try_into().unwrap_or_default());
        Self {
            size: stat.st_size.try_into().unwrap_or_default(),
            modified,
            changed,
            inode: stat.st_ino,
            device: stat.st_dev,
            racy: modified.max(changed).saturating_add(SETTLES) > now,
        }
    }

    /// Whether a file with this metadata still holds what it held when it had that.
    pub(super) fn proves_same(&self, before: &Self) -> bool {
        !before.racy && Self { racy: false, ..*self } == *before
    }
}

/// A folder's policy files, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Folder {
    /// Its path below the policy directory, which is itself the empty path.
    pub(super) path: Box<str>,
    /// All names, one after another.
    pub(super) names: String,
    /// Where in them each name ends.
    pub(super) ends: Vec<u32>,
    /// What the file system says of each.
    pub(super) metas: Vec<Meta>,
}

impl Folder {
    /// Names and metadata, in the order of names.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Meta)> {
        (0..self.ends.len()).map(|index| (self.name(index), &self.metas[index]))
    }

    /// The name of a file.
    pub(super) fn name(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.names[start..self.ends[index] as usize]
    }

    /// How many files it has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds a file behind the others.
    pub(super) fn push(&mut self, name: &str, meta: Meta) {
        self.names.push_str(name);
        self.ends.push(self.names.len().try_into().unwrap_or(u32::MAX));
        self.metas.push(meta);
    }

    /// The path of a file below the policy directory.
    pub(super) fn file(&self, name: &str) -> String {
        below(&self.path, name)
    }

    /// Whether every file still holds what it held when the folder looked like that.
    pub(super) fn proves_same(&self, before: &Self) -> bool {
        self.ends == before.ends
            && self.names == before.names
            && self.metas.iter().zip(&before.metas).all(|(now, before)| now.proves_same(before))
    }
}

/// A path of a name in a folder.
pub(super) fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: Meta = Meta { size: 1, modified: 2, changed: 3, inode: 4, device: 5, racy: false };

    #[test]
    fn any_other_metadata_and_any_racy_file_is_read_again() {
        assert!(META.proves_same(&META));
        assert!(
            Meta { racy: true, ..META }.proves_same(&META),
            "what matters is how it stood when it was read"
        );
        let others = [
            Meta { size: 0, ..META },
            Meta { modified: 0, ..META },
            Meta { changed: 0, ..META },
            Meta { inode: 0, ..META },
            Meta { device: 0, ..META },
        ];
        for other in others {
            assert!(!other.proves_same(&META), "{other:?}");
        }
        assert!(!META.proves_same(&Meta { racy: true, ..META }));
    }

    #[test]
    fn a_folder_is_the_same_only_with_the_same_files() {
        let folder = |names: &[&str]| {
            let mut folder = Folder { path: "acme".into(), ..Folder::default() };
            names.iter().for_each(|name| folder.push(name, META));
            folder
        };
        let both = folder(&["a.yaml", "b.yaml"]);
        assert_eq!(both.files().map(|(name, _)| name).collect::<Vec<_>>(), ["a.yaml", "b.yaml"]);
        assert_eq!(both.file(both.name(1)), "acme/b.yaml");
        assert!(both.proves_same(&both.clone()));
        for other in
            [folder(&[]), folder(&["a.yaml"]), folder(&["a.yamlb.yaml"]), folder(&["a.yam", "lb.yaml"])]
        {
            assert!(!both.proves_same(&other) && !other.proves_same(&both), "{:?}", other.names);
        }
    }
}
