//! The writer: stamps, chains, signs and folds entries, and brings them to disk many at a time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot};

use super::disk::{Disk, DiskFile};
use super::{Clock, LedgerError, Options, Recorded, anchor, line, segment};
use crate::entry::{Entry, Event, Signing, VERSION};
use crate::state::{Position, State};

/// Why a write failed, once one has. What is on disk is not known then, and a later fsync that succeeds would not say either.
pub(super) type Stopped = Arc<OnceLock<Arc<str>>>;

/// The most entries that one fsync serves.
const BATCH: usize = 1_000;

/// An entry to append, and who waits for it.
pub(super) struct Request {
    pub(super) event: Event,
    pub(super) reply: oneshot::Sender<Result<Recorded, LedgerError>>,
}

/// Owns the newest segment.
pub(super) struct Committer {
    directory: PathBuf,
    disk: Arc<dyn Disk>,
    state: Arc<RwLock<State>>,
    clock: Clock,
    options: Options,
    segment: u64,
    file: Box<dyn DiskFile>,
    length: u64,
    /// How often entries were brought to disk.
    syncs: Arc<AtomicU64>,
    stopped: Stopped,
}

impl Committer {
    /// Opens the newest segment, or the first. Where another key signs from now on, or the first one, that is on record
    /// before anything else.
    pub(super) fn new(
        directory: &Path,
        disk: Arc<dyn Disk>,
        state: Arc<RwLock<State>>,
        clock: Clock,
        options: Options,
    ) -> Result<Self, LedgerError> {
        let segment = segment::list(directory)?.last().copied().unwrap_or(1);
        let (file, length) = segment::open(&*disk, directory, segment)?;
        let directory = directory.to_owned();
        let signing = state.read().unwrap_or_else(PoisonError::into_inner).signing;
        let key = options.key.as_ref().map(|key| key.id());
        let (syncs, stopped) = Default::default();
        let mut committer =
            Self { directory, disk, state, clock, options, segment, file, length, syncs, stopped };
        match (signing, key) {
            (Some(signing), None) => return Err(LedgerError::KeyMissing { key: signing }),
            (_, Some(key)) if signing != Some(key) => {
                committer
                    .write(&[&Event::Signing(Signing { key })])?
                    .into_iter()
                    .collect::<Result<Vec<_>, _>>()?;
            }
            _ => {}
        }
        Ok(committer)
    }

    /// Counts how often entries are brought to disk.
    pub(super) fn syncs(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.syncs)
    }

    /// Says why nothing is recorded any more, once that is so.
    pub(super) fn stopped(&self) -> Stopped {
        Arc::clone(&self.stopped)
    }

    /// Serves appends until nobody can ask for one any more.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
            self.serve(&mut batch);
        }
    }

    /// Answers everybody in a batch: once their entries are on disk, or that nothing is recorded any more.
    pub(super) fn serve(&mut self, batch: &mut Vec<Request>) {
        if self.stopped.get().is_none() {
            // Why not is in `stopped`.
            let _ = self.commit(batch);
        }
        if let Some(why) = self.stopped.get() {
            for request in batch.drain(..) {
                let _ = request.reply.send(Err(LedgerError::Stopped(Arc::clone(why))));
            }
        }
    }

    /// Brings a batch to disk, then answers. After an error the batch holds what was not answered.
    fn commit(&mut self, batch: &mut Vec<Request>) -> Result<(), LedgerError> {
        let written = self.write(&batch.iter().map(|request| &request.event).collect::<Vec<_>>())?;
        for (request, result) in batch.drain(..).zip(written) {
            // Whoever stopped waiting finds the entry in the ledger.
            let _ = request.reply.send(result);
        }
        Ok(())
    }

    /// Brings events to disk; what each comes to is nothing to go by before.
    fn write(&mut self, events: &[&Event]) -> Result<Vec<Result<Recorded, LedgerError>>, LedgerError> {
        // Locked until the entries are on disk. After a failure the state is ahead of the disk, and `stopped` says so before
        // anybody sees it.
        let shared = Arc::clone(&self.state);
        let mut state = shared.write().unwrap_or_else(PoisonError::into_inner);
        self.write_to(&mut state, events).inspect_err(|error| {
            let _ = self.stopped.set(error.to_string().into());
        })
    }

    fn write_to(
        &mut self,
        state: &mut State,
        events: &[&Event],
    ) -> Result<Vec<Result<Recorded, LedgerError>>, LedgerError> {
        let mut bytes = Vec::new();
        self.rotate(state, &mut bytes)?;
        let staged = events.iter().map(|event| self.stage(state, event, &mut bytes)).collect();
        let path = segment::path(&self.directory, self.segment);
        let written = self.file.append(&bytes).and_then(|()| self.file.sync());
        written.map_err(|error| LedgerError::io(&path, error))?;
        self.length += bytes.len() as u64;
        self.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(staged)
    }

    /// Adds an entry to the state and its line to the bytes; neither where it can't follow.
    fn stage(&self, state: &mut State, event: &Event, bytes: &mut Vec<u8>) -> Result<Recorded, LedgerError> {
        let entry = Entry {
            version: VERSION,
            sequence: state.head.sequence + 1,
            time: (self.clock)(),
            event: event.clone(),
            previous_hash: state.head.hash,
        };
        let (line, hash) = line::encode(&entry, self.options.key.as_deref())
            .map_err(|error| LedgerError::io(&self.directory, std::io::Error::other(error)))?;
        let position = Position { segment: self.segment, offset: self.length + bytes.len() as u64 };
        state.fold(&entry, hash, position)?;
        bytes.extend_from_slice(&line);
        Ok(Recorded { sequence: entry.sequence, hash, position })
    }

    /// Begins the next segment once this one is full. It begins with an anchor, so that those before it can be archived.
    fn rotate(&mut self, state: &mut State, bytes: &mut Vec<u8>) -> Result<(), LedgerError> {
        if self.length >= self.options.segment_bytes {
            let next = state.head.sequence + 1;
            (self.file, self.length) = segment::open(&*self.disk, &self.directory, next)?;
            self.segment = next;
        }
        if self.length == 0 && self.segment > 1 {
            let anchor = anchor::write(&*self.disk, &self.directory, self.segment, state)?;
            self.stage(state, &Event::Anchor(anchor), bytes)?;
        }
        Ok(())
    }
}
