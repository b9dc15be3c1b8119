//! Who brings entries to disk: a thread of its own, or whoever appends.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::LedgerError;
use super::committer::{Committer, Request};

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

    /// Those who append, for all of them whoever comes first.
    pub(super) fn caller(committer: Committer) -> Self {
        Self::Caller(Mutex::new((committer, Vec::new())))
    }

    /// Hands an entry over.
    pub(super) async fn send(&self, request: Request) -> Result<(), LedgerError> {
        match self {
            Self::Thread { requests, .. } => {
                let requests = requests.as_ref().ok_or_else(ended)?;
                requests.send(request).await.map_err(|_| ended())
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
                Ok(())
            }
        }
    }
}

/// What is said once nobody writes any more.
pub(super) fn ended() -> LedgerError {
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
