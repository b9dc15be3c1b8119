//! What a machine gives besides files and sockets: the wall clock, fresh ids, and chance.
//!
//! Passed in, so that a test or a simulation gives its own.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::ledger::Clock;

/// Time, ids and chance.
#[derive(Clone)]
pub struct Host {
    /// The wall clock.
    pub clock: Clock,
    /// A fresh id, never given before.
    pub new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// From 0 to 1, evenly.
    pub chance: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl Host {
    /// The machine itself.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(Timestamp::now),
            new_id: Arc::new(Uuid::new_v4),
            chance: Arc::new(fastrand::f64),
        }
    }

    /// Now, by the wall clock.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
