//! How patient a client is. The defaults are the contract's; tests and benchmarks are in more of a hurry.

use std::time::{Duration, SystemTime};

/// How patient a client is. The defaults are the contract's.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// How long each part of a request may take.
    pub timeouts: Timeouts,
    /// How often and how far apart requests are repeated.
    pub pace: Pace,
    /// From 0 to 1, evenly: how much of a pause is waited.
    pub jitter: fn() -> f64,
    /// The wall clock, for a `Retry-After` that is a date.
    pub now: fn() -> SystemTime,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            pace: Pace::default(),
            jitter: fastrand::f64,
            now: SystemTime::now,
        }
    }
}

/// How long each part of a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection, TLS included.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    /// From the first byte sent to the last one read.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(10),
            total: Duration::from_secs(30),
        }
    }
}

/// How often something is tried, and how far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Tries of one operation at one endpoint; at least 1.
    pub tries: u32,
    /// The longest pause after the first try; doubled after each.
    pub base: Duration,
    /// The longest pause of all.
    pub cap: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { tries: 8, base: Duration::from_millis(500), cap: Duration::from_secs(30) }
    }
}

impl Pace {
    /// Exponential back-off with full jitter. `jitter` is from 0 to 1, `tried` at least 1.
    pub(super) fn back_off(&self, tried: u32, jitter: f64) -> Duration {
        let doublings = tried.saturating_sub(1).min(31);
        let longest = self.base.saturating_mul(1 << doublings).min(self.cap);
        longest.mul_f64(jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_to_its_cap_and_jitter_spans_all_of_it() {
        let pace = Pace::default();
        let millis = |tried, jitter| pace.back_off(tried, jitter).as_millis();
        let longest: Vec<u128> = (1..=8).map(|tried| millis(tried, 1.0)).collect();
        assert_eq!(longest, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!((millis(3, 0.0), millis(3, 0.25), millis(u32::MAX, 1.0)), (0, 500, 30000));
    }
}
