//! How fast a tenant is asked: what it was seen to take, a little more with every second, until it turns us away.
//!
//! ```text
//! free ──429──► 0.9 × what was accepted in the second before ──► + 2 % of that each second ──► free, after a quiet minute
//!                   ▲──────────────────429──────────────────────────┘
//! ```
//!
//! The pace is the tenant's, over all its endpoints: where a limit lies can't be seen from outside, and one over all is
//! the common kind. A limit on one endpoint alone is found as well, since every further 429 takes the pace down to where
//! it fits. Pauses stay with the endpoint that asked for one: see [`super::gate`].
//!
//! Pure: moments are passed in, as the time since some start. No crate for token buckets does this: their rate is fixed
//! when they are made, and their waits follow a clock of their own.

use std::collections::VecDeque;
use std::time::Duration;

/// What is counted as accepted before a 429.
const WINDOW: Duration = Duration::from_secs(1);
/// The most answers that are counted in it.
const MAX_COUNTED: usize = 10_000;
/// How much of what was accepted is asked for after a 429.
const CUT: f64 = 0.9;
/// How much of that is added each second.
const STEP: f64 = 0.02;
/// Fewer than so many in a second measure nothing: that first 429 may be due to somebody else.
const TELLING: f64 = 5.0;
/// The slowest pace, in requests a second.
const SLOWEST: f64 = 1.0;
/// After how long without a 429 the pace is free again.
const QUIET: Duration = Duration::from_secs(60);

/// The pace of one tenant.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// Requests a second that are never exceeded.
    ceiling: Option<f64>,
    /// What the tenant's 429s have taught.
    learnt: Option<Learnt>,
    /// When the answers of the last second came that were no 429.
    accepted: VecDeque<Duration>,
    /// When the last request left.
    last: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Learnt {
    /// Requests a second.
    rate: f64,
    /// When the 429 came.
    cut: Duration,
    /// From when on it rises.
    from: Duration,
    rise: Rise,
}

#[derive(Debug, Clone, Copy)]
enum Rise {
    /// By the same step each second: the limit is somewhere near.
    Steps,
    /// Twofold each second: nothing was measured, and the limit may be anywhere.
    Doubling,
}

impl Learnt {
    fn rate(&self, now: Duration) -> f64 {
        let seconds = now.saturating_sub(self.from).as_secs_f64();
        match self.rise {
            Rise::Steps => self.rate * (1.0 + STEP * seconds),
            Rise::Doubling => self.rate * seconds.exp2(),
        }
    }
}

impl Pacer {
    pub fn new(ceiling: Option<u32>) -> Self {
        Self { ceiling: ceiling.map(f64::from), ..Self::default() }
    }

    /// Takes the turn of one request.
    ///
    /// # Errors
    /// When the next turn is, if it is not now.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if let (Some(last), Some(rate)) = (self.last, self.rate(now)) {
            let turn = last + Duration::from_secs_f64(1.0 / rate);
            if turn > now {
                return Err(turn);
            }
        }
        self.last = Some(now);
        Ok(())
    }

    /// An answer came that was no 429.
    pub fn accepted(&mut self, now: Duration) {
        self.forget(now);
        if self.accepted.len() == MAX_COUNTED {
            self.accepted.pop_front();
        }
        self.accepted.push_back(now);
    }

    /// A 429 came for a request that left at `sent`; its endpoint is left alone until `until`.
    pub fn throttled(&mut self, sent: Duration, now: Duration, until: Duration) {
        let before = self.learnt.filter(|learnt| now < learnt.from + QUIET);
        // What left before the last cut was too fast by a pace that is no more.
        if before.is_some_and(|learnt| sent < learnt.cut) {
            return;
        }
        self.forget(now);
        let measured = CUT * self.accepted.len() as f64;
        // In the second behind a pause little was asked, and so little was accepted.
        let known = before.map_or(0.0, |learnt| learnt.rate(now).min(self.ceiling.unwrap_or(f64::MAX)) / 2.0);
        let rate = measured.max(known).max(SLOWEST);
        self.learnt = Some(match before {
            None if measured < TELLING => Learnt { rate: TELLING, cut: now, from: now, rise: Rise::Doubling },
            _ => Learnt { rate, cut: now, from: until, rise: Rise::Steps },
        });
    }

    /// Requests a second; nothing if they are free.
    pub fn rate(&self, now: Duration) -> Option<f64> {
        let learnt = self.learnt.filter(|learnt| now < learnt.from + QUIET).map(|learnt| learnt.rate(now));
        match (learnt, self.ceiling) {
            (Some(learnt), Some(ceiling)) => Some(learnt.min(ceiling)),
            (one, other) => one.or(other),
        }
    }

    fn forget(&mut self, now: Duration) {
        while self.accepted.front().is_some_and(|&then| then + WINDOW <= now) {
            self.accepted.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A pacer after so many accepted requests, evenly over the second before `at`, and then a 429 without a pause.
    fn cut(ceiling: Option<u32>, accepted: u64, at: Duration) -> Pacer {
        let mut pacer = Pacer::new(ceiling);
        for number in 0..accepted {
            pacer.accepted(at - ms(999) + Duration::from_secs_f64(0.9 * number as f64 / accepted as f64));
        }
        pacer.throttled(at, at, at);
        pacer
    }

    #[test]
    fn the_pace_is_what_was_accepted_and_rises_until_it_is_free() {
        /// After so many seconds, so many requests a second.
        type Seen<'a> = &'a [(u64, Option<f64>)];
        let rows: &[(u64, Option<u32>, Seen<'_>)] = &[
            (30, None, &[(0, Some(27.0)), (1, Some(27.54)), (10, Some(32.4)), (59, Some(58.86)), (60, None)]),
            (30, Some(28), &[(0, Some(27.0)), (10, Some(28.0)), (60, Some(28.0))]),
            (6, None, &[(0, Some(5.4)), (50, Some(10.8))]),
            (5, None, &[(0, Some(5.0)), (1, Some(10.0)), (5, Some(160.0)), (60, None)]),
            (0, None, &[(0, Some(5.0))]),
        ];
        for (accepted, ceiling, expected) in rows {
            let pacer = cut(*ceiling, *accepted, ms(5000));
            for (seconds, rate) in *expected {
                let seen = pacer.rate(ms(5000 + seconds * 1000));
                let same = match (seen, rate) {
                    (Some(seen), Some(rate)) => (seen - rate).abs() < 1e-9,
                    (seen, rate) => seen == *rate,
                };
                assert!(same, "{accepted} accepted, after {seconds} s: {seen:?}");
            }
        }
    }

    #[test]
    fn turns_are_evenly_spaced_and_idle_time_is_not_saved_up() {
        let mut free = Pacer::new(None);
        assert_eq!((free.take(ms(0)), free.take(ms(0))), (Ok(()), Ok(())));
        let mut pacer = Pacer::new(Some(10));
        let rows = [
            (0, Ok(())),
            (0, Err(ms(100))),
            (99, Err(ms(100))),
            (100, Ok(())),
            (1000, Ok(())),
            (1001, Err(ms(1100))),
        ];
        for (at, expected) in rows {
            assert_eq!(pacer.take(ms(at)), expected, "at {at} ms");
        }
    }

    #[test]
    fn one_burst_of_429s_is_one_cut_and_a_pause_is_no_measure() {
        let mut pacer = cut(None, 30, ms(5000));
        // It was on its way when the first 429 came.
        pacer.throttled(ms(4999), ms(5100), ms(6100));
        assert_eq!(pacer.rate(ms(5000)), Some(27.0));
        // The one that goes first after a pause: nothing else was accepted in that second.
        pacer.throttled(ms(7000), ms(7000), ms(9000));
        let halved = pacer.rate(ms(7000)).unwrap();
        assert!((halved - 27.0 * 1.04 / 2.0).abs() < 1e-9, "{halved}");
        assert_eq!(pacer.rate(ms(9000)), Some(halved), "it does not rise in the pause");
        assert!(pacer.rate(ms(9000 + 59_999)).is_some());
        assert_eq!(pacer.rate(ms(9000 + 60_000)), None);
    }

    /// Ten minutes against a token bucket that holds one second's worth, always asking as fast as the pace lets.
    fn share(limit: f64, in_flight: u64, latency: Duration) -> (f64, f64) {
        let (mut pacer, mut level, mut at) = (Pacer::new(None), limit, Duration::ZERO);
        let (mut refilled, mut sent, mut refused) = (Duration::ZERO, 0u32, 0u32);
        let mut under_way: VecDeque<(Duration, bool)> = VecDeque::new();
        let mut paused = Duration::ZERO;
        let end = ms(600_000);
        while at < end {
            while let Some(&(left, taken)) = under_way.front().filter(|(left, _)| *left + latency <= at) {
                under_way.pop_front();
                let now = left + latency;
                if taken {
                    pacer.accepted(now);
                } else {
                    paused = paused.max(now + ms(1000));
                    pacer.throttled(left, now, now + ms(1000));
                }
            }
            if (under_way.len() as u64) < in_flight && at >= paused && pacer.take(at).is_ok() {
                level = (level + (at - refilled).as_secs_f64() * limit).min(limit);
                refilled = at;
                let taken = level >= 1.0;
                level -= f64::from(taken);
                under_way.push_back((at, taken));
                sent += 1;
                refused += u32::from(!taken);
            } else {
                at += ms(1);
            }
        }
        (f64::from(refused) / f64::from(sent), f64::from(sent - refused) / end.as_secs_f64() / limit)
    }

    #[test]
    fn few_are_turned_away_and_most_of_the_limit_is_used() {
        for limit in [5.0, 10.0, 30.0, 100.0] {
            for (in_flight, latency) in [(5, 2), (5, 20), (20, 100)] {
                let (refused, used) = share(limit, in_flight, ms(latency));
                // So many at once can't come to more than that.
                let reach = (in_flight as f64 / latency as f64 * 1000.0 / limit).min(1.0);
                assert!(refused < 0.05, "{limit}/s, {in_flight} of {latency} ms: {refused}");
                assert!(used > 0.8 * reach, "{limit}/s, {in_flight} of {latency} ms: {used} of {reach}");
            }
        }
    }
}
