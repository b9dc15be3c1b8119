//! How long a tenant's jobs take, as far as that was seen: a small, bounded sketch that forgets.
//!
//! ```text
//! an end, seen between two polls ─► Durations ─┬─► belief: how likely a job ends in which bucket
//! jobs that still run ────────────► Survivors ─┘
//! ```
//!
//! When a job ended is never known exactly, only between which two polls. So an end is spread over the buckets between
//! them in the proportion that was believed there before (Bayes; one step of an online EM). The upper end would teach
//! the polls' own times, and the midpoint would pull a sharp end apart; this narrows down on a sharp one and stays even
//! on an even one. A little goes to the neighbours, since few ends say nothing that fine. Every end makes older ones
//! count a little less, so a tenant that changes is learnt anew. Of many jobs at once the short ones end first: those
//! that still run tell as much, and are counted as Kaplan and Meier do. All of it is a hint: whatever it says, polls stay
//! in the bounds that are set.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many buckets there are, each longer than the one before by the same factor.
pub const BUCKETS: usize = 64;
/// Where the second bucket would begin if the first began there; the first begins at 0. In seconds.
const SHORTEST: f64 = 0.02;
/// Where the last bucket ends. In seconds.
const LONGEST: f64 = 600.0;
/// How much older ends count after each new one: about the last 256 count.
const FADING: f64 = 1.0 - 1.0 / MEMORY;
const MEMORY: f64 = 256.0;
/// How many ends' worth of belief is spread over all buckets alike, so that nothing is ever thought impossible.
const DOUBT: f64 = 2.0;
/// What of an end goes to each neighbour of its bucket.
const BLUR: f64 = 0.25;
/// No two moments are told apart more finely, in seconds.
const FINEST: f64 = 0.001;

/// How long a tenant's jobs take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Durations([f64; BUCKETS]);

impl Default for Durations {
    fn default() -> Self {
        Self([0.0; BUCKETS])
    }
}

/// A part of the time since a job began, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// How likely a job ends in it; 1 in all.
    pub likely: f64,
}

impl Durations {
    /// Whether nothing is learnt yet.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|weight| *weight == 0.0)
    }

    /// Learns of a job that still ran `after` so long, and had ended `by` then.
    pub fn learn(&mut self, after: Duration, by: Duration) {
        let after = after.as_secs_f64().min(LONGEST - FINEST);
        let by = by.as_secs_f64().min(LONGEST).max(after + FINEST);
        let mut parts = [0.0; BUCKETS];
        for (index, part) in parts.iter_mut().enumerate() {
            let (from, to) = (edge(index), edge(index + 1));
            let overlap = (to.min(by) - from.max(after)).max(0.0);
            *part = self.ends(index) * overlap / (to - from);
        }
        let all: f64 = parts.iter().sum();
        for weight in &mut self.0 {
            *weight *= FADING;
        }
        for (index, part) in parts.into_iter().enumerate().filter(|(_, part)| *part > 0.0) {
            let part = part / all;
            self.0[index] += part * (1.0 - 2.0 * BLUR);
            self.0[index.saturating_sub(1)] += part * BLUR;
            self.0[(index + 1).min(BUCKETS - 1)] += part * BLUR;
        }
    }

    /// What is believed, in order and without gaps: in each bucket, of the jobs that came through it, the part that ended.
    pub fn belief(&self, survivors: &Survivors) -> Vec<Bucket> {
        let mut at_risk =
            self.total() + DOUBT + survivors.0.iter().map(|count| f64::from(*count)).sum::<f64>();
        let mut left = 1.0;
        let bucket = |index: usize| {
            at_risk -= f64::from(survivors.0[index]);
            let ends = self.ends(index);
            // In the last bucket every job ends, as if rounding had not been.
            let likely = if index + 1 == BUCKETS { left } else { left * ends / at_risk };
            at_risk -= ends;
            left -= likely;
            Bucket { from: edge(index), to: edge(index + 1), likely }
        };
        (0..BUCKETS).map(bucket).collect()
    }

    /// How long a job takes in the mean, in seconds: all the time that jobs were seen to run, per end; 0 where none was.
    pub fn mean(&self, survivors: &Survivors) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let time = |index: usize| {
            let middle = (edge(index) + edge(index + 1)) / 2.0;
            self.0[index] * middle + f64::from(survivors.0[index]) * edge(index)
        };
        (0..BUCKETS).map(time).sum::<f64>() / self.total()
    }

    /// How many ends a bucket counts, doubt included.
    fn ends(&self, index: usize) -> f64 {
        self.0[index] + DOUBT / BUCKETS as f64
    }

    fn total(&self) -> f64 {
        self.0.iter().sum()
    }
}

/// Jobs that still run, by the bucket in which they were last seen to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivors([u32; BUCKETS]);

impl Default for Survivors {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Survivors {
    /// Counts a job that still ran after so long.
    pub fn add(&mut self, ran: Duration) {
        let count = &mut self.0[index(ran)];
        *count = count.saturating_add(1);
    }

    /// Counts it no longer.
    pub fn remove(&mut self, ran: Duration) {
        let count = &mut self.0[index(ran)];
        *count = count.saturating_sub(1);
    }
}

/// In which bucket a moment is; what is beyond the last is in the last.
fn index(at: Duration) -> usize {
    let at = at.as_secs_f64();
    (1..BUCKETS).find(|index| edge(*index) > at).map_or(BUCKETS - 1, |index| index - 1)
}

/// Where a bucket begins, and the one before it ends.
fn edge(index: usize) -> f64 {
    match index {
        0 => 0.0,
        _ => SHORTEST * (LONGEST / SHORTEST).powf(index as f64 / BUCKETS as f64),
    }
}

/// Why a list is no sketch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a sketch of durations")]
pub struct NotDurations;

impl TryFrom<Vec<f64>> for Durations {
    type Error = NotDurations;

    fn try_from(weights: Vec<f64>) -> Result<Self, NotDurations> {
        let sketch = Self(weights.try_into().map_err(|_| NotDurations)?);
        // More than could ever have been learnt was not: fading keeps all of it below this.
        let fine = sketch.0.iter().all(|weight| *weight >= 0.0) && sketch.total() <= MEMORY + FINEST;
        if fine { Ok(sketch) } else { Err(NotDurations) }
    }
}

impl From<Durations> for Vec<f64> {
    fn from(durations: Durations) -> Self {
        durations.0.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// How likely a job ends between these.
    fn likely(durations: &Durations, from: f64, to: f64) -> f64 {
        let buckets = durations.belief(&Survivors::default()).into_iter();
        buckets.filter(|bucket| bucket.from >= from && bucket.to <= to).map(|bucket| bucket.likely).sum()
    }

    #[test]
    fn buckets_reach_from_nothing_to_ten_minutes() {
        let buckets = Durations::default().belief(&Survivors::default());
        assert_eq!((buckets[0].from, buckets.len()), (0.0, BUCKETS));
        assert!((buckets[BUCKETS - 1].to - LONGEST).abs() < 1e-9);
        assert!(buckets.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].from < pair[0].to));
        assert!(Durations::default().is_empty());
        assert_eq!(Durations::default().mean(&Survivors::default()), 0.0);
        for (at, expected) in [(0.0, 0), (0.02, 0), (0.0236, 1), (599.0, BUCKETS - 1), (1e6, BUCKETS - 1)] {
            assert_eq!(index(seconds(at)), expected, "{at}");
        }
    }

    #[test]
    fn ends_are_learnt_and_forgotten() {
        let mut durations = Durations::default();
        for _ in 0..100 {
            durations.learn(seconds(0.8), seconds(1.2));
        }
        assert!(likely(&durations, 0.5, 2.0) > 0.9, "{durations:?}");
        assert!((durations.mean(&Survivors::default()) - 1.0).abs() < 0.1, "{durations:?}");
        for _ in 0..1500 {
            durations.learn(seconds(9.0), seconds(11.0));
        }
        assert!(likely(&durations, 0.5, 2.0) < 0.05, "{durations:?}");
        assert!((durations.mean(&Survivors::default()) - 10.0).abs() < 0.6, "{durations:?}");
    }

    #[test]
    fn a_wide_sighting_goes_where_narrow_ones_were() {
        let mut durations = Durations::default();
        for _ in 0..64 {
            durations.learn(seconds(0.8), seconds(1.2));
        }
        for _ in 0..64 {
            durations.learn(Duration::ZERO, seconds(5.0));
        }
        assert!(likely(&durations, 0.5, 2.0) > 0.8, "{durations:?}");
    }

    #[test]
    fn those_that_still_run_tell_that_jobs_are_long() {
        let mut durations = Durations::default();
        durations.learn(seconds(0.4), seconds(0.6));
        let mut survivors = Survivors::default();
        (0..99).for_each(|_| survivors.add(seconds(10.0)));
        let soon = |buckets: Vec<Bucket>| -> f64 {
            buckets.iter().filter(|bucket| bucket.to < 9.0).map(|bucket| bucket.likely).sum()
        };
        assert!(soon(durations.belief(&Survivors::default())) > 0.5);
        assert!(soon(durations.belief(&survivors)) < 0.03);
        assert!(durations.mean(&Survivors::default()) < 1.0);
        assert!(durations.mean(&survivors) > 800.0);
    }

    #[test]
    fn what_is_no_sketch_is_refused() {
        let rows = [
            (vec![], false),
            (vec![0.0; BUCKETS], true),
            (vec![1.0; BUCKETS], true),
            (vec![0.0; BUCKETS + 1], false),
            (vec![-1.0; BUCKETS], false),
            (vec![5.0; BUCKETS], false),
            (vec![f64::NAN; BUCKETS], false),
            (vec![f64::INFINITY; BUCKETS], false),
        ];
        for (weights, fine) in rows {
            assert_eq!(Durations::try_from(weights.clone()).is_ok(), fine, "{weights:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_seen_it_stays_a_belief(
            ends in prop::collection::vec((0u64..2_000_000, 0u64..2_000_000), 1..200),
            running in prop::collection::vec(0u64..2_000_000, 0..200),
        ) {
            let mut durations = Durations::default();
            for (after, by) in ends {
                durations.learn(Duration::from_millis(after), Duration::from_millis(by));
            }
            let mut survivors = Survivors::default();
            running.iter().for_each(|ran| survivors.add(Duration::from_millis(*ran)));
            let belief = durations.belief(&survivors);
            let sum: f64 = belief.iter().map(|bucket| bucket.likely).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
            prop_assert!(belief.iter().all(|bucket| bucket.likely > 0.0));
            prop_assert!(durations.mean(&survivors) > 0.0);
            running.iter().for_each(|ran| survivors.remove(Duration::from_millis(*ran)));
            prop_assert_eq!(survivors, Survivors::default());
            let text = serde_json::to_string(&durations).unwrap();
            let read: Durations = serde_json::from_str(&text).unwrap();
            prop_assert!(read.0.iter().zip(durations.0).all(|(read, kept)| (read - kept).abs() < 1e-9));
        }
    }
}
