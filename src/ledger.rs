//! The append-only, hash-chained file of every intent and every effect: write-ahead log and audit log in one.
//!
//! ```text
//! STATE/lock             who writes
//! STATE/applied.json     the checkpoint: what the ledger adds up to, for people and quick starts
//! STATE/applied.lookup   the same, to look one policy up in
//! STATE/ledger/*.jsonl   the entries, one JSON object a line, in segments named by their first sequence
//! STATE/ledger/*.state.json   what all entries before a segment add up to, so that those can be archived
//! ```
//!
//! One writer holds the lock; readers take none and read to the last whole line. [`Ledger::append`] returns once its
//! entries are on disk: one fsync serves all appends that wait for it. After a failed write nothing is appended any
//! more, because what is on disk is then not known.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use tracing::{Instrument as _, debug_span};

use crate::digest::EntryHash;
use crate::entry::{Entry, Event};
use crate::payload::Payload;
use crate::policy::PolicyId;
use crate::state::{Position, State};

mod anchor;
mod archive;
mod batch;
mod checkpoint;
mod committer;
pub mod disk;
mod error;
mod line;
mod lock;
mod lookup;
mod place;
mod scan;
mod segment;
pub mod sign;
mod verify;
mod writer;

pub use archive::{Archived, archive};
use committer::{Committer, Stopped};
use disk::{Disk, RealDisk};
pub use error::LedgerError;
pub use lock::Holder;
pub use scan::{Scanned, scan};
use sign::SigningKey;
pub use verify::{Proof, Terms, verify, verify_each};
use writer::Writer;

/// How many bytes a segment holds before the next is begun.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

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

/// How a ledger is written.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many bytes a segment holds before the next is begun.
    pub segment_bytes: u64,
    /// The key that signs every entry, if one does.
    pub key: Option<Arc<SigningKey>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: SEGMENT_BYTES, key: None }
    }
}

/// A ledger open for writing.
pub struct Ledger {
    directory: PathBuf,
    disk: Arc<dyn Disk>,
    state: Arc<RwLock<State>>,
    writer: Writer,
    /// Bytes of a line that was being written when an earlier writer ended, moved aside.
    torn: Option<PathBuf>,
    /// A checkpoint that can't be used and was moved aside, and why.
    unread: Option<(PathBuf, String)>,
    /// The entry that the newest checkpoint reaches to.
    saved: AtomicU64,
    syncs: Arc<AtomicU64>,
    stopped: Stopped,
    lock: lock::Lock,
}

impl Ledger {
    /// Takes the lock of a state directory, which is made if there is none, and adds its ledger up.
    ///
    /// # Errors
    /// [`LedgerError::Locked`] names who holds it. A ledger that is broken, cut or tells what can't have happened is
    /// refused: nothing is done on such ground.
    pub fn open(directory: &Path, clock: Clock) -> Result<Self, LedgerError> {
        Self::open_with(directory, clock, Options::default())
    }

    /// The same, written as it is asked for.
    ///
    /// # Errors
    /// As [`Ledger::open`]; also where entries are signed, and the options have no key to go on with.
    pub fn open_with(directory: &Path, clock: Clock, options: Options) -> Result<Self, LedgerError> {
        Self::on_thread(directory, clock, options, lock::Lock::take)
    }

    /// The same, once nobody else writes. The caller's thread sleeps until then, however long that is.
    ///
    /// # Errors
    /// As [`Ledger::open_with`], but for the lock.
    pub fn wait(directory: &Path, clock: Clock, options: Options) -> Result<Self, LedgerError> {
        Self::on_thread(directory, clock, options, lock::Lock::wait)
    }

    /// The same on another disk, and on the thread of those who append: for a simulation.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        directory: &Path,
        clock: Clock,
        options: Options,
    ) -> Result<Self, LedgerError> {
        Self::with(directory, clock, options, disk, lock::Lock::take, |committer| {
            Ok(Writer::caller(committer))
        })
    }

    fn on_thread(
        directory: &Path,
        clock: Clock,
        options: Options,
        lock: lock::Taking,
    ) -> Result<Self, LedgerError> {
        let thread = |committer| Writer::thread(committer).map_err(|error| LedgerError::io(directory, error));
        Self::with(directory, clock, options, Arc::new(RealDisk), lock, thread)
    }

    fn with(
        directory: &Path,
        clock: Clock,
        options: Options,
        disk: Arc<dyn Disk>,
        lock: lock::Taking,
        writer: impl FnOnce(Committer) -> Result<Writer, LedgerError>,
    ) -> Result<Self, LedgerError> {
        segment::make_directory(&*disk, directory)?;
        let lock = lock(directory, &clock)?;
        let unread = checkpoint::set_aside(&*disk, directory)?;
        let (state, torn) = recover(&*disk, directory)?;
        archive::check(&state, |segment| segment::path(directory, segment).exists(), directory)?;
        let saved = AtomicU64::new(state.head.sequence);
        let state = Arc::new(RwLock::new(state));
        let committer = Committer::new(directory, Arc::clone(&disk), Arc::clone(&state), clock, options)?;
        let (syncs, stopped) = (committer.syncs(), committer.stopped());
        let writer = writer(committer)?;
        Ok(Self {
            directory: directory.to_owned(),
            disk,
            state,
            writer,
            torn,
            unread,
            saved,
            syncs,
            stopped,
            lock,
        })
    }

    /// Says beside the lock where its holder answers, so that what needs the ledger can be asked of it.
    ///
    /// # Errors
    /// Where that can't be written.
    pub fn announce(&self, address: SocketAddr) -> Result<(), LedgerError> {
        self.lock.announce(address).map_err(|error| LedgerError::io(&self.directory.join("lock"), error))
    }

    /// Where the bytes of a half-written last line went, if there were any.
    pub fn torn(&self) -> Option<&Path> {
        self.torn.as_deref()
    }

    /// Where a checkpoint that can't be used went, and why it can't be: nothing is lost by that.
    pub fn unread(&self) -> Option<(&Path, &str)> {
        self.unread.as_ref().map(|(path, why)| (path.as_path(), why.as_str()))
    }

    /// How often entries were brought to disk since it was opened.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Appends an entry, and returns once it is on disk.
    ///
    /// # Errors
    /// [`LedgerError::Illegal`] where it can't follow; nothing is written then. [`LedgerError::Stopped`] after a write
    /// failed: whether this entry is on disk is not known.
    pub async fn append(&self, event: Event) -> Result<Recorded, LedgerError> {
        let span = debug_span!("append", event = event.name());
        self.writer.append(event).instrument(span).await
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

    /// The payload of an earlier intent; nothing where it can't be read.
    pub fn payload_at(&self, intent: Position) -> Option<Payload> {
        payload_at(&self.directory, intent)
    }

    /// Writes the checkpoint.
    ///
    /// That costs what there is, not what changed. So a pass that asks while it goes on is put off until a tenth as many
    /// entries as there are policies came since the last one, and only a last one is written `always`.
    ///
    /// # Errors
    /// Where it can't be written; the ledger is whole without it. [`LedgerError::Stopped`] after a write failed: the state
    /// then knows more than the disk may.
    pub fn checkpoint(&self, always: bool) -> Result<(), LedgerError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = self.stopped.get() {
            return Err(LedgerError::Stopped(Arc::clone(why)));
        }
        let fresh = state.head.sequence.saturating_sub(self.saved.load(Ordering::Relaxed));
        let policies = state.tenants.values().map(|tenant| tenant.policies.len() as u64).sum::<u64>();
        if fresh == 0 || (!always && fresh < policies / 10) {
            return Ok(());
        }
        lookup::replace(&self.directory, &state);
        checkpoint::save(&*self.disk, &self.directory, &state)?;
        self.saved.store(state.head.sequence, Ordering::Relaxed);
        Ok(())
    }
}

/// What a ledger adds up to, and where the bytes of it went that a writer that was cut off had not brought to disk.
fn recover(disk: &dyn Disk, directory: &Path) -> Result<(State, Option<PathBuf>), LedgerError> {
    let torn = segment::mend(disk, directory)?;
    match scan::load(directory) {
        Err(broken @ LedgerError::Broken { .. }) => match segment::mend_lost(disk, directory)? {
            Some(lost) => Ok((scan::load(directory)?, Some(lost))),
            None => Err(broken),
        },
        loaded => Ok((loaded?, torn)),
    }
}

/// The entry whose line begins there.
///
/// # Errors
/// Where there is no whole, unaltered line.
pub fn entry_at(directory: &Path, position: Position) -> Result<Entry, LedgerError> {
    let path = segment::path(directory, position.segment);
    let bytes = segment::line_at(&path, position.offset)?;
    let line = line::decode(&bytes).map_err(|why| LedgerError::Broken { path, line: 0, why })?;
    Ok(line.entry)
}

/// The payload of an earlier intent; nothing where it can't be read.
pub fn payload_at(directory: &Path, intent: Position) -> Option<Payload> {
    match entry_at(directory, intent).ok()?.event {
        Event::Intent(intent) => intent.payload,
        _ => None,
    }
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

/// The same, as far as it is about these policies: what is known of others may be missing. That costs what they cost, not
/// what there is.
///
/// # Errors
/// As [`view`].
pub fn view_of(directory: &Path, ids: &BTreeSet<PolicyId>) -> Result<State, LedgerError> {
    lookup::load(directory, ids)?.map_or_else(|| scan::load(directory), Ok)
}

#[cfg(test)]
mod tests;
