//! The append-only, hash-chained file of every intent and every effect: write-ahead log and audit log in one.
//!
//! ```text
//! STATE/lock             who writes
//! STATE/applied.json     the checkpoint: what the ledger adds up to, for people and quick starts
//! STATE/ledger/*.jsonl   the entries, one JSON object a line, in segments named by their first sequence
//! ```
//!
//! One writer holds the lock; readers take none and read to the last whole line. [`Ledger::append`] returns once its
//! entries are on disk: one fsync serves all appends that wait for it. After a failed write nothing is appended any
//! more, because what is on disk is then not known.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use crate::digest::EntryHash;
use crate::entry::{Entry, Event};
use crate::state::{Illegal, Position, State};

mod checkpoint;
mod committer;
mod line;
mod lock;
mod scan;
mod segment;
mod verify;

use committer::{Committer, Request};
pub use lock::Holder;
pub use scan::{Scanned, scan};
pub use verify::{Proof, verify};

/// How many bytes a segment holds before the next is begun.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// How many appends may wait at once; a further one waits for its place.
const QUEUE: usize = 4_096;

/// Why the ledger can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file or directory of it can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes.
    #[error("the state directory {} is in use by {holder}", path.display())]
    Locked {
        /// The state directory.
        path: PathBuf,
        /// Who holds it.
        holder: Box<Holder>,
    },
    /// A line is not what was written there.
    #[error("{}, line {line}: {why}", path.display())]
    Broken {
        /// The segment.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// An entry can't follow the ones before it.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// There is less than there was.
    #[error("the ledger ends at entry {found}, but the checkpoint knows entry {expected}: its tail is gone")]
    Cut {
        /// The last entry found.
        found: u64,
        /// The last entry that the checkpoint knows.
        expected: u64,
    },
    /// An outside copy of a head is of no entry here.
    #[error("no entry has the hash {head}: the tail after entry {last} was cut, or this is another ledger")]
    Foreign {
        /// The outside copy.
        head: EntryHash,
        /// The last entry here.
        last: u64,
    },
    /// An earlier write failed.
    #[error("nothing is recorded any more since a write failed: {0}")]
    Stopped(Arc<str>),
}

impl LedgerError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// An appended entry's place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Its sequence.
    pub sequence: u64,
    /// Its hash.
    pub hash: EntryHash,
    /// Where its line begins.
    pub position: Position,
}

/// The wall clock, as the writer asks it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A ledger open for writing.
pub struct Ledger {
    directory: PathBuf,
    state: Arc<RwLock<State>>,
    requests: Option<mpsc::Sender<Request>>,
    committer: Option<JoinHandle<()>>,
    /// Bytes of a line that was being written when an earlier writer ended, moved aside.
    torn: Option<PathBuf>,
    /// The entry that the newest checkpoint reaches to.
    saved: AtomicU64,
    _lock: lock::Lock,
}

impl Ledger {
    /// Takes the lock of a state directory, which is made if there is none, and adds its ledger up.
    ///
    /// # Errors
    /// [`LedgerError::Locked`] names who holds it. A ledger that is broken, cut or tells what can't have happened is
    /// refused: nothing is done on such ground.
    pub fn open(directory: &Path, clock: Clock) -> Result<Self, LedgerError> {
        segment::make_directory(directory)?;
        let lock = lock::Lock::take(directory, clock())?;
        Self::locked(directory, clock, lock)
    }

    /// The same, once nobody else writes. The thread sleeps until then, however long that is.
    ///
    /// # Errors
    /// As [`Ledger::open`], but for the lock.
    pub fn wait(directory: &Path, clock: Clock) -> Result<Self, LedgerError> {
        segment::make_directory(directory)?;
        let lock = lock::Lock::wait(directory, &clock)?;
        Self::locked(directory, clock, lock)
    }

    fn locked(directory: &Path, clock: Clock, lock: lock::Lock) -> Result<Self, LedgerError> {
        let torn = segment::mend(directory)?;
        let state = scan::load(directory)?;
        let saved = AtomicU64::new(state.head.sequence);
        let state = Arc::new(RwLock::new(state));
        let committer = Committer::new(directory, Arc::clone(&state), clock)?;
        let (requests, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("ledger".to_owned());
        let committer =
            thread.spawn(move || committer.run(queue)).map_err(|error| LedgerError::io(directory, error))?;
        Ok(Self {
            directory: directory.to_owned(),
            state,
            requests: Some(requests),
            committer: Some(committer),
            torn,
            saved,
            _lock: lock,
        })
    }

    /// Where the bytes of a half-written last line went, if there were any.
    pub fn torn(&self) -> Option<&Path> {
        self.torn.as_deref()
    }

    /// Appends an entry, and returns once it is on disk.
    ///
    /// # Errors
    /// [`LedgerError::Illegal`] where it can't follow; nothing is written then. [`LedgerError::Stopped`] after a write
    /// failed: whether this entry is on disk is not known.
    pub async fn append(&self, event: Event) -> Result<Recorded, LedgerError> {
        let stopped = || LedgerError::Stopped("the writer has ended".into());
        let requests = self.requests.as_ref().ok_or_else(stopped)?;
        let (reply, answer) = oneshot::channel();
        requests.send(Request { event, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Looks at the state. The writer waits meanwhile, so this is for a quick look.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The entry whose line begins there.
    ///
    /// # Errors
    /// Where there is no whole, unaltered line.
    pub fn entry_at(&self, position: Position) -> Result<Entry, LedgerError> {
        entry_at(&self.directory, position)
    }

    /// Writes the checkpoint.
    ///
    /// That costs what there is, not what changed. So a pass that asks while it goes on is put off until a tenth as many
    /// entries as there are policies came since the last one, and only a last one is written `always`.
    ///
    /// # Errors
    /// Where it can't be written; the ledger is whole without it.
    pub fn checkpoint(&self, always: bool) -> Result<(), LedgerError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = state.head.sequence.saturating_sub(self.saved.load(Ordering::Relaxed));
        let policies = state.tenants.values().map(|tenant| tenant.policies.len() as u64).sum::<u64>();
        if fresh == 0 || (!always && fresh < policies / 10) {
            return Ok(());
        }
        checkpoint::save(&self.directory, &state)?;
        self.saved.store(state.head.sequence, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Ledger {
    /// Lets the writer finish what is queued.
    fn drop(&mut self) {
        self.requests = None;
        if let Some(committer) = self.committer.take() {
            // A writer that panicked has stopped appending, which every append since was told.
            let _ = committer.join();
        }
    }
}

/// The entry whose line begins there.
///
/// # Errors
/// Where there is no whole, unaltered line.
pub fn entry_at(directory: &Path, position: Position) -> Result<Entry, LedgerError> {
    let path = segment::path(directory, position.segment);
    let bytes = segment::line_at(&path, position.offset)?;
    let (entry, _) = line::decode(&bytes).map_err(|why| LedgerError::Broken { path, line: 0, why })?;
    Ok(entry)
}

/// The hash of a ledger's newest whole entry, that of no entry where there is none; nothing where it can't be read.
pub fn head(directory: &Path) -> Option<EntryHash> {
    for &first in segment::list(directory).ok()?.iter().rev() {
        if let Some(line) = segment::last_line(&segment::path(directory, first)).ok()? {
            return line::check(&line).ok();
        }
    }
    Some(EntryHash::GENESIS)
}

/// What a ledger adds up to, without taking its lock; an empty state where there is none.
///
/// # Errors
/// As [`Ledger::open`], but for the lock.
pub fn view(directory: &Path) -> Result<State, LedgerError> {
    scan::load(directory)
}

#[cfg(test)]
mod tests;
