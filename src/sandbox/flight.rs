//! How many requests are under way at once, and were at the most.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count, shared by every handle.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Counts>);

#[derive(Default)]
struct Counts {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// One request under way, for as long as it lives.
pub(super) struct Flight(Arc<Counts>);

impl Flights {
    /// A request begins.
    pub(super) fn begin(&self) -> Flight {
        let now = self.0.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(now, Ordering::SeqCst);
        Flight(Arc::clone(&self.0))
    }

    /// The most that there were at once.
    pub(super) fn most(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}
