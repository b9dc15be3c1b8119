//! Hints that the policy directory may have changed.
//!
//! A hint says where to look, never "what": events can be missed, doubled and late, so what is done follows from the next
//! snapshot alone. A burst of events makes one hint, once it has been quiet for [`QUIET`], at the latest [`PATIENCE`] after
//! its first event. The debouncing is ours because a hint needs a few folders at most: the crates for it keep every path,
//! and one of them fails on events that have none, such as that of a queue that ran over.
//!
//! ```text
//! ground (folders, and every link on the way to them) ─► events ┐
//!                        fingerprint of it, now and then ─► poll ┴─► burst ─► hint
//! ```
//!
//! Watched is what a reader would see through: each folder below the directory, and the folder of each component of its
//! path, so that a link on the way may be swapped. Where events can't be had, because a limit is reached or the file
//! system has none, the same ground is looked at again and again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Config, Event, EventHandler, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tracing::info;

mod ground;
mod poll;

use super::scope::Scope;
use ground::Ground;
use poll::Poll;

/// How long nothing must happen before a burst is over.
pub const QUIET: Duration = Duration::from_millis(50);
/// How long a burst that goes on is waited for.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// How changes are heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// By events; by polling where there are none to be had.
    #[default]
    Auto,
    /// By polling: for file systems that have no events, such as those of a network.
    Poll,
}

/// How a directory is watched just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Armed {
    /// Events arrive.
    Events,
    /// It is polled, because that was asked for.
    Polling,
    /// It is polled, because events can't be had.
    Deaf(String),
}

/// Watches a directory.
pub struct Watch {
    root: PathBuf,
    ignored: PathBuf,
    mode: Mode,
    begin: fn(Handler) -> notify::Result<RecommendedWatcher>,
    watcher: Option<(RecommendedWatcher, Ground)>,
    poll: Option<Poll>,
    events: mpsc::Receiver<()>,
    sender: mpsc::Sender<()>,
    /// Where something happened since the last hint.
    scope: Arc<Mutex<Scope>>,
    /// Whether there may be folders that are not watched yet.
    stale: Arc<AtomicBool>,
}

impl Watch {
    /// A watch on a directory, deaf to what happens below `ignored`. It hears nothing before it is armed.
    pub fn new(root: &Path, ignored: &Path, mode: Mode) -> Self {
        // One hint that waits is as good as a thousand.
        let (sender, events) = mpsc::channel(1);
        Self {
            root: root.to_owned(),
            ignored: ignored.canonicalize().unwrap_or_else(|_| ignored.to_owned()),
            mode,
            begin,
            watcher: None,
            poll: None,
            events,
            sender,
            scope: Arc::new(Mutex::new(Scope::nowhere())),
            stale: Arc::default(),
        }
    }

    /// Watches whatever is at the path now, which may be another directory than before. Nothing is done while the same
    /// folders are there. What is read after this is either seen then, or hinted at.
    pub fn arm(&mut self) -> Armed {
        self.watch(true)
    }

    /// The same behind a hint: events tell where there may be other folders, and only then they are looked for. What no
    /// event tells, such as a mount, is left to the next [`arm`](Self::arm).
    pub fn rearm(&mut self) -> Armed {
        self.watch(false)
    }

    fn watch(&mut self, anew: bool) -> Armed {
        if self.mode == Mode::Poll {
            self.poll();
            return Armed::Polling;
        }
        match self.listen(anew) {
            Ok(()) => {
                self.poll = None;
                Armed::Events
            }
            Err(error) => {
                self.watcher = None;
                self.poll();
                Armed::Deaf(why(&error))
            }
        }
    }

    fn poll(&mut self) {
        self.poll.get_or_insert_with(|| Poll::new(&self.root, &self.ignored));
    }

    /// Watches the ground as it is now, if it may be another one. The old watcher goes only once the new one hears
    /// everything.
    fn listen(&mut self, anew: bool) -> notify::Result<()> {
        let stale = self.stale.swap(false, Ordering::SeqCst);
        if !stale && !anew && self.watcher.is_some() {
            return Ok(());
        }
        let ground = Ground::of(&self.root, &self.ignored);
        if !stale && self.watcher.as_ref().is_some_and(|(_, armed)| *armed == ground) {
            return Ok(());
        }
        let handler = Handler {
            ground: ground.clone(),
            ignored: self.ignored.clone(),
            stale: Arc::clone(&self.stale),
            scope: Arc::clone(&self.scope),
            sender: self.sender.clone(),
        };
        let mut watcher = (self.begin)(handler)?;
        for folder in ground.folders() {
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                // A folder that went meanwhile is no reason: that it went is heard in the folder that it was in.
                Err(error) if is_gone(&error) => self.stale.store(true, Ordering::SeqCst),
                // Nor is one that can't be read: that it can again is heard there too, or seen by the next full pass.
                Err(error) if !is_limit(&error) => {}
                watched => watched?,
            }
        }
        self.watcher = Some((watcher, ground));
        Ok(())
    }

    /// Waits for the end of the next burst, and tells where to look. Nothing is lost where this is given up half way.
    pub async fn hint(&mut self) -> Scope {
        match &mut self.poll {
            Some(poll) => tokio::select! {
                () = poll.changed() => {}
                _ = self.events.recv() => {}
            },
            None => {
                // The sender lives as long as the watch, so there is always another event to wait for.
                let _ = self.events.recv().await;
            }
        }
        let deadline = Instant::now() + PATIENCE;
        while let Ok(Some(())) = timeout_at(deadline.min(Instant::now() + QUIET), self.events.recv()).await {}
        let mut scope = self.scope.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = std::mem::replace(&mut *scope, Scope::nowhere());
        if self.poll.is_some() { Scope::Everything } else { heard }
    }
}

fn begin(handler: Handler) -> notify::Result<RecommendedWatcher> {
    RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false))
}

/// Whether no more can be watched, whatever it is.
fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn is_limit(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => true,
        notify::ErrorKind::Io(error) => {
            matches!(error.raw_os_error(), Some(errno) if errno == rustix::io::Errno::NOSPC.raw_os_error()
                || errno == rustix::io::Errno::MFILE.raw_os_error())
        }
        _ => false,
    }
}

fn why(error: &notify::Error) -> String {
    if is_limit(error) {
        format!(
            "{error}: inotify's limit is reached, raise fs.inotify.max_user_watches or max_user_instances"
        )
    } else {
        error.to_string()
    }
}

/// Takes events, on the thread of the watcher.
struct Handler {
    ground: Ground,
    ignored: PathBuf,
    stale: Arc<AtomicBool>,
    scope: Arc<Mutex<Scope>>,
    sender: mpsc::Sender<()>,
}

impl EventHandler for Handler {
    fn handle_event(&mut self, event: notify::Result<Event>) {
        let (matters, regroups) = match &event {
            Ok(event) => (self.matters(event), regroups(event)),
            Err(_) => (true, true),
        };
        if event.as_ref().is_ok_and(Event::need_rescan) {
            info!(name: "source.overrun", "there were more events than the kernel keeps, so everything is looked at");
        }
        if matters {
            let mut scope = self.scope.lock().unwrap_or_else(PoisonError::into_inner);
            if regroups {
                self.stale.store(true, Ordering::SeqCst);
                *scope = Scope::Everything;
            }
            // What happened to the directory itself or on the way to it stands in no folder of it, and is told so.
            let paths = event.iter().flat_map(|event| &event.paths).filter(|path| self.counts(path));
            paths.filter_map(|path| path.parent()).for_each(|folder| scope.add(folder));
            drop(scope);
            // A full channel already holds the hint.
            let _ = self.sender.try_send(());
        }
    }
}

impl Handler {
    /// Whether an event may tell of a change. Our own reading makes events too.
    fn matters(&self, event: &Event) -> bool {
        let change = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
            EventKind::Access(_) => false,
            _ => true,
        };
        change && (event.paths.is_empty() || event.paths.iter().any(|path| self.counts(path)))
    }

    fn counts(&self, path: &Path) -> bool {
        self.ground.counts(path) && !path.starts_with(&self.ignored)
    }
}

/// Whether there may be other folders than before, or links that lead to others: one came or can be read now, or events
/// were lost. What goes needs no watch.
fn regroups(event: &Event) -> bool {
    let came = matches!(
        event.kind,
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_) | ModifyKind::Metadata(_))
    );
    let leads = |path: &PathBuf| path.is_dir() || path.is_symlink();
    event.need_rescan() || event.paths.is_empty() || (came && event.paths.iter().any(leads))
}

#[cfg(test)]
mod tests;
