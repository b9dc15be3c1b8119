//! The writer: stamps, chains and folds entries, and brings them to disk many at a time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot};

use super::disk::{Disk, DiskFile};
use super::{Clock, LedgerError, Recorded, SEGMENT_BYTES, line, segment};
use crate::entry::{Entry, Event, VERSION};
use crate::state::{Position, State};

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
    segment: u64,
    file: Box<dyn DiskFile>,
    length: u64,
    /// Why a write failed. What is on disk is not known then, and a later fsync that succeeds would not say either.
    stopped: Option<Arc<str>>,
}

impl Committer {
    /// Opens the newest segment, or the first.
    pub(super) fn new(
        directory: &Path,
        disk: Arc<dyn Disk>,
        state: Arc<RwLock<State>>,
        clock: Clock,
    ) -> Result<Self, LedgerError> {
        let segment = segment::list(directory)?.last().copied().unwrap_or(1);
        let (file, length) = segment::open(&*disk, directory, segment)?;
        Ok(Self { directory: directory.to_owned(), disk, state, clock, segment, file, length, stopped: None })
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
        if self.stopped.is_none() {
            self.stopped = self.commit(batch).err().map(|error| error.to_string().into());
        }
        if let Some(why) = &self.stopped {
            for request in batch.drain(..) {
                let _ = request.reply.send(Err(LedgerError::Stopped(Arc::clone(why))));
            }
        }
    }

    /// Brings a batch to disk, then answers. After an error the batch holds what was not answered.
    fn commit(&mut self, batch: &mut Vec<Request>) -> Result<(), LedgerError> {
        // Locked until the entries are on disk: nobody sees a state that may not last.
        let shared = Arc::clone(&self.state);
        let mut state = shared.write().unwrap_or_else(PoisonError::into_inner);
        self.rotate(state.head.sequence + 1)?;
        let mut bytes = Vec::new();
        let staged: Vec<Result<Recorded, LedgerError>> =
            batch.iter().map(|request| self.stage(&mut state, &request.event, &mut bytes)).collect();
        let path = segment::path(&self.directory, self.segment);
        let written = self.file.append(&bytes).and_then(|()| self.file.sync());
        written.map_err(|error| LedgerError::io(&path, error))?;
        self.length += bytes.len() as u64;
        drop(state);
        for (request, result) in batch.drain(..).zip(staged) {
            // Whoever stopped waiting finds the entry in the ledger.
            let _ = request.reply.send(result);
        }
        Ok(())
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
        let (line, hash) = line::encode(&entry, None)
            .map_err(|error| LedgerError::io(&self.directory, std::io::Error::other(error)))?;
        let position = Position { segment: self.segment, offset: self.length + bytes.len() as u64 };
        state.fold(&entry, hash, position)?;
        bytes.extend_from_slice(&line);
        Ok(Recorded { sequence: entry.sequence, hash, position })
    }

    /// Begins the next segment once this one is full.
    fn rotate(&mut self, next: u64) -> Result<(), LedgerError> {
        if self.length < SEGMENT_BYTES {
            return Ok(());
        }
        (self.file, self.length) = segment::open(&*self.disk, &self.directory, next)?;
        self.segment = next;
        Ok(())
    }
}
