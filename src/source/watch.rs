//! Hints that the policy directory may have changed.
//!
//! A hint says "look", never "what": events can be missed, doubled and late, so what is done follows from the next
//! snapshot alone. A burst of events makes one hint, once it has been quiet for [`QUIET`], at the latest [`PATIENCE`] after
//! its first event. The debouncing is ours because a hint needs no paths, and the crates for it keep every path.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// How long nothing must happen before a burst is over.
pub const QUIET: Duration = Duration::from_millis(50);
/// How long a burst that goes on is waited for.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Watches a directory.
pub struct Watch {
    root: PathBuf,
    watcher: Option<RecommendedWatcher>,
    events: mpsc::Receiver<()>,
    sender: mpsc::Sender<()>,
    ignored: PathBuf,
}

impl Watch {
    /// A watch on a directory, deaf to what happens below `ignored`.
    pub fn new(root: &Path, ignored: &Path) -> Self {
        // One hint that waits is as good as a thousand.
        let (sender, events) = mpsc::channel(1);
        let ignored = ignored.canonicalize().unwrap_or_else(|_| ignored.to_owned());
        Self { root: root.to_owned(), watcher: None, events, sender, ignored }
    }

    /// Watches whatever is at the path now: the directory, which may be another one than before, and the folder that it is
    /// in, where nothing but its own coming and going counts.
    ///
    /// # Errors
    /// Where events can't be had, with the reason; full passes find every change all the same.
    pub fn arm(&mut self) -> Result<(), notify::Error> {
        let root = self.root.canonicalize();
        let parent = self.root.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).canonicalize().map_err(notify::Error::io)?;
        let mut heard = vec![parent.join(self.root.file_name().unwrap_or_default())];
        heard.extend(root.as_ref().ok().cloned());
        let (sender, ignored) = (self.sender.clone(), self.ignored.clone());
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.as_ref().map_or(true, |event| matters(event, &heard, &ignored)) {
                // A full channel already holds the hint.
                let _ = sender.try_send(());
            }
        })?;
        let armed = match &root {
            Ok(root) => watcher.watch(root, RecursiveMode::Recursive),
            Err(error) => Err(notify::Error::generic(&error.to_string())),
        };
        let parent = watcher.watch(&parent, RecursiveMode::NonRecursive);
        self.watcher = Some(watcher);
        armed.or(parent)
    }

    /// Waits for the end of the next burst.
    pub async fn hint(&mut self) {
        // The sender lives as long as the watch, so there is always another event to wait for.
        if self.events.recv().await.is_none() {
            return std::future::pending().await;
        }
        let deadline = Instant::now() + PATIENCE;
        while let Ok(Some(())) = timeout_at(deadline.min(Instant::now() + QUIET), self.events.recv()).await {}
    }
}

/// Whether an event may tell of a change below one of the paths that are heard. Our own reading makes events too.
fn matters(event: &notify::Event, heard: &[PathBuf], ignored: &Path) -> bool {
    let change = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    };
    let in_git = |path: &Path| path.components().any(|part| part == Component::Normal(".git".as_ref()));
    let counts = |path: &PathBuf| {
        heard.iter().any(|root| path.starts_with(root)) && !path.starts_with(ignored) && !in_git(path)
    };
    change && (event.paths.is_empty() || event.paths.iter().any(counts))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn hinted(watch: &mut Watch) -> bool {
        tokio::time::timeout(Duration::from_secs(10), watch.hint()).await.is_ok()
    }

    #[tokio::test]
    async fn changes_hint_and_reading_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("policies");
        fs::create_dir_all(root.join("default")).unwrap();
        fs::create_dir_all(root.join(".state")).unwrap();
        let mut watch = Watch::new(&root, &root.join(".state"));
        watch.arm().unwrap();

        fs::write(root.join("default/a.yaml"), "one").unwrap();
        assert!(hinted(&mut watch).await, "a new file");
        fs::write(root.join("default/b.tmp"), "two").unwrap();
        fs::rename(root.join("default/b.tmp"), root.join("default/a.yaml")).unwrap();
        assert!(hinted(&mut watch).await, "a rename over it");

        fs::read(root.join("default/a.yaml")).unwrap();
        fs::write(root.join(".state/ledger"), "three").unwrap();
        fs::write(folder.path().join("log"), "three").unwrap();
        let quiet = tokio::time::timeout(QUIET * 4, watch.hint()).await;
        assert!(quiet.is_err(), "reading, the state directory and what stands beside are no hints");

        fs::rename(&root, folder.path().join("gone")).unwrap();
        assert!(hinted(&mut watch).await, "the directory goes");
        fs::create_dir(&root).unwrap();
        assert!(hinted(&mut watch).await, "and comes");
        watch.arm().unwrap();
        fs::write(root.join("c.yaml"), "four").unwrap();
        assert!(hinted(&mut watch).await, "and is watched again");
    }
}
