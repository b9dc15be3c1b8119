//! The ground looked at again and again, where no events tell of changes.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::ground::Ground;

/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// A look takes at most one part in so many of all time, however large the directory is.
const SHARE: u32 = 20;

/// Looks at the names and the metadata below a directory.
pub(super) struct Poll {
    root: PathBuf,
    ignored: PathBuf,
    seen: u64,
    pause: Duration,
}

impl Poll {
    pub(super) fn new(root: &Path, ignored: &Path) -> Self {
        let (root, ignored) = (root.to_owned(), ignored.to_owned());
        let seen = fingerprint(&root, &ignored);
        Self { root, ignored, seen, pause: PAUSE }
    }

    /// Waits until something is not as it was. What changed while nobody waited counts too.
    pub(super) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(self.pause).await;
            let began = Instant::now();
            let (root, ignored) = (self.root.clone(), self.ignored.clone());
            // A look that could not be made tells nothing; the next one will.
            let Ok(now) = tokio::task::spawn_blocking(move || fingerprint(&root, &ignored)).await else {
                continue;
            };
            self.pause = PAUSE.max(began.elapsed() * SHARE);
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }
}

/// A number that is another one, as good as always, where a name or the metadata of a file is.
fn fingerprint(root: &Path, ignored: &Path) -> u64 {
    let ground = Ground::of(root, ignored);
    let mut hasher = DefaultHasher::new();
    for folder in ground.inside() {
        folder.hash(&mut hasher);
        let Ok(entries) = fs::read_dir(folder) else { continue };
        let entries: BTreeSet<_> = entries.flatten().map(|entry| (entry.file_name(), entry.path())).collect();
        for (name, path) in entries {
            name.hash(&mut hasher);
            // Through a link, since it is what the link leads to that is read.
            if let Ok(metadata) = fs::metadata(path) {
                let times =
                    (metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec());
                (times, metadata.len(), metadata.ino(), metadata.dev()).hash(&mut hasher);
            }
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_another_one_after_each_change() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("policies");
        let look = || fingerprint(&root, Path::new("/nowhere"));
        let mut seen = vec![look()];
        let changes: [&dyn Fn(); 5] = [
            &|| fs::create_dir(&root).unwrap(),
            &|| fs::write(root.join("a.yaml"), "one").unwrap(),
            &|| fs::write(root.join("a.yaml"), "other").unwrap(),
            &|| fs::rename(root.join("a.yaml"), root.join("b.yaml")).unwrap(),
            &|| fs::create_dir(root.join("default")).unwrap(),
        ];
        for change in changes {
            change();
            assert_eq!(look(), look(), "the same while nothing changes");
            assert!(!seen.contains(&look()));
            seen.push(look());
        }
    }
}
