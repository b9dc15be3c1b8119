//! The requests so far, for tests to look into: the newest of them, within bounds.

use std::collections::VecDeque;

use super::wire::Recorded;

/// The most requests that are kept.
pub(super) const MAX_REQUESTS: usize = 100_000;
/// The most bytes of bodies that are kept, all together.
const MAX_BODIES: usize = 64 * 1024 * 1024;

/// The log; what is too old goes first.
#[derive(Debug, Default)]
pub(super) struct Log {
    requests: VecDeque<Recorded>,
    bodies: usize,
}

impl Log {
    /// Adds one request.
    pub fn push(&mut self, request: Recorded) {
        self.bodies += request.body.len();
        self.requests.push_back(request);
        while (self.requests.len() > MAX_REQUESTS || self.bodies > MAX_BODIES)
            && let Some(oldest) = self.requests.pop_front()
        {
            self.bodies -= oldest.body.len();
        }
    }

    /// What is kept, oldest first.
    pub fn all(&self) -> Vec<Recorded> {
        self.requests.iter().cloned().collect()
    }
}
