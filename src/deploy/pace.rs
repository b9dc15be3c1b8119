//! How long to wait before a job is asked again.

use std::time::Duration;

use crate::config::Job;

/// Before the poll of that number, from 0: the base delay doubled each time, capped, and somewhere in the upper half of
/// that by `chance` (0 to 1), so that jobs that began together are not asked together. The tenant's own pause wins.
pub(super) fn pause(job: &Job, poll: u32, retry_after: Option<Duration>, chance: f64) -> Duration {
    if let Some(pause) = retry_after {
        return pause;
    }
    let doubled = job.base_delay.saturating_mul(1 << poll.min(20));
    doubled.min(job.max_delay).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_doubles_to_its_cap() {
        let job = Job::default();
        let seconds = |poll, chance| pause(&job, poll, None, chance).as_secs_f64();
        let rows =
            [(0, 1.0, 2.0), (0, 0.0, 1.0), (1, 1.0, 4.0), (3, 0.5, 12.0), (4, 1.0, 30.0), (99, 1.0, 30.0)];
        for (poll, chance, expected) in rows {
            assert_eq!(seconds(poll, chance), expected, "{poll} {chance}");
        }
        let told = Some(Duration::from_secs(7));
        assert_eq!(pause(&job, 0, told, 0.0), Duration::from_secs(7));
    }
}
