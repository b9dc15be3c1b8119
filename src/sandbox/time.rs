//! Times of the sandbox are passed in; here they are moved on without leaving their range.

use std::time::Duration;

use jiff::Timestamp;

/// That much later, or the end of time.
pub(super) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// How much time passed; none if the clock was set back.
pub(super) fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or(Duration::ZERO)
}
