//! What a machine gives besides files and sockets: the wall clock, fresh ids, chance, and threads that may wait.
//!
//! Passed in, so that a test or a simulation gives its own.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::{JoinError, spawn_blocking};
use uuid::Uuid;

use crate::ledger::Clock;

/// Time, ids, chance and threads.
#[derive(Clone)]
pub struct Host {
    /// The wall clock.
    pub clock: Clock,
    /// A fresh id, never given before.
    pub new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// From 0 to 1, evenly.
    pub chance: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Where work is done that keeps its thread waiting, such as reading files.
    pub waiting: Waiting,
}

/// Where work is done that keeps its thread waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// On threads that are there for that.
    Apart,
    /// On the thread that asks for it: a simulation has no other.
    Here,
}

impl Host {
    /// The machine itself.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(Timestamp::now),
            new_id: Arc::new(Uuid::new_v4),
            chance: Arc::new(fastrand::f64),
            waiting: Waiting::Apart,
        }
    }

    /// Now, by the wall clock.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Does work that keeps its thread waiting.
    ///
    /// # Errors
    /// Where it panicked.
    pub async fn wait_for<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, JoinError> {
        match self.waiting {
            Waiting::Apart => spawn_blocking(work).await,
            Waiting::Here => Ok(work()),
        }
    }
}
