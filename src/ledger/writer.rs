//! Who brings entries to disk: a thread, or whoever waits for it.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::committer::{Committer, Request};
use super::{LedgerError, Recorded};
use crate::entry::Event;

/// How many appends may wait at once; a further one waits for its place.
const QUEUE: usize = 4_096;

/// Who brings entries to disk.
pub(super) enum Writer {
    /// A thread, so that a slow disk keeps nobody else waiting.
    Thread { requests: Option<mpsc::Sender<Request>>, thread: Option<JoinHandle<()>> },
    /// Whoever of those that wait is asked first, for all of them.
    Caller(Mutex<(Committer, Vec<Request>)>),
}

impl Writer {
    /// A thread of its own.
    pub(super) fn thread(committer: Committer) -> io::Result<Self> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("ledger".to_owned());
        let thread = thread.spawn(move || committer.run(queue))?;
        Ok(Self::Thread { requests: Some(requests), thread: Some(thread) })
    }

    /// Those who append.
    pub(super) fn caller(committer: Committer) -> Self {
        Self::Caller(Mutex::new((committer, Vec::new())))
    }

    /// Appends an entry, and returns once it is on disk.
    pub(super) async fn append(&self, event: Event) -> Result<Recorded, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let request = Request { event, reply };
        match self {
            Self::Thread { requests, .. } => {
                let requests = requests.as_ref().ok_or_else(ended)?;
                requests.send(request).await.map_err(|_| ended())?;
            }
            Self::Caller(queue) => {
                let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
                lock().1.push(request);
                // Meanwhile others may come, and share the fsync.
                tokio::task::yield_now().await;
                let (committer, batch) = &mut *lock();
                if !batch.is_empty() {
                    committer.serve(batch);
                }
            }
        }
        answer.await.map_err(|_| ended())?
    }
}

fn ended() -> LedgerError {
    LedgerError::Stopped("the writer has ended".into())
}

impl Drop for Writer {
    /// Lets a thread finish what is queued.
    fn drop(&mut self) {
        let Self::Thread { requests, thread } = self else { return };
        *requests = None;
        if let Some(thread) = thread.take() {
            // A writer that panicked has stopped appending, which every append since was told.
            let _ = thread.join();
        }
    }
}
