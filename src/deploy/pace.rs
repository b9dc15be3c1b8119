//! How long to wait before a job is asked again.
//!
//! ```text
//! nothing learnt ─► the base delay, doubled, capped          the tenant's own pause
//! learnt         ─► aimed at where its jobs end, never later     wins over both
//! ```
//!
//! [`pause`] decides, and is pure. A [`Pace`] keeps what was learnt of one tenant for all that work there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Job;
use crate::durations::{Durations, Survivors};
use crate::outcome::Failure;
use crate::remote::JobState;

mod aim;
#[cfg(test)]
mod tests;

pub use aim::Aim;

/// How far an aimed pause strays, as a part of it, so that jobs that began together are not asked together.
const STRAY: f64 = 0.05;

/// What a pause goes by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// How often it was asked.
    pub polls: u32,
    /// How long ago it began, where that is known: not after a restart.
    pub elapsed: Option<Duration>,
    /// The tenant's own pause, if it named one.
    pub retry_after: Option<Duration>,
    /// How long requests wait for their turn now.
    pub queue: Duration,
}

/// The pause before a job is asked. `chance` is from 0 to 1, evenly.
pub fn pause(job: &Job, aim: Option<&Aim>, asked: Asked, chance: f64) -> Duration {
    let chance = chance.clamp(0.0, 1.0);
    match (asked.retry_after, aim, asked.elapsed) {
        (Some(told), _, _) => told,
        (None, Some(aim), Some(elapsed)) => {
            let longest = ceiling(job, elapsed);
            let aimed = aim.pause(elapsed).min(longest.div_f64(1.0 + STRAY));
            let strayed = aimed.mul_f64(1.0 - STRAY + 2.0 * STRAY * chance);
            strayed.max(floor(job)).min(longest)
        }
        _ => doubled(job, asked.polls, chance),
    }
}

/// The base delay doubled each time, capped, and somewhere in the upper half of that.
fn doubled(job: &Job, polls: u32, chance: f64) -> Duration {
    let doubled = job.base_delay.saturating_mul(1 << polls.min(20));
    doubled.min(job.max_delay).mul_f64(0.5 + chance / 2.0)
}

/// The longest pause after so long. Doubling waits as long again as it has waited, and the base delay: with this as its
/// ceiling no aimed poll comes later than the doubled one of the same number may.
fn ceiling(job: &Job, elapsed: Duration) -> Duration {
    job.base_delay.saturating_add(elapsed).min(job.max_delay)
}

/// The shortest aimed pause.
fn floor(job: &Job) -> Duration {
    (job.base_delay / 20).min(job.max_delay)
}

/// A queue as far as it matters: to the next power of two, and none that is shorter than a poll takes.
fn about(queue: Duration) -> Duration {
    match u64::try_from(queue.as_millis()).unwrap_or(u64::MAX / 2).min(u64::MAX / 2) {
        0..16 => Duration::ZERO,
        ms => Duration::from_millis(ms.next_power_of_two()),
    }
}

/// The pace of one tenant, shared by all that work there.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Learnt>);

#[derive(Debug, Default)]
struct Learnt {
    durations: Durations,
    /// The jobs that are watched.
    survivors: Survivors,
    /// Worked out when it is asked for, and anew after something was learnt or where the queue is another.
    aim: Option<(Duration, Arc<Aim>)>,
    /// Whether there is something that [`Pace::take_news`] has not told.
    fresh: bool,
}

impl Learnt {
    fn aim(&mut self, job: &Job, queue: Duration) -> Option<Arc<Aim>> {
        if self.aim.as_ref().is_none_or(|(known, _)| *known != queue) {
            let aim = Aim::new(&self.durations, &self.survivors, job, queue);
            self.aim = aim.map(|aim| (queue, Arc::new(aim)));
        }
        self.aim.as_ref().map(|(_, aim)| Arc::clone(aim))
    }
}

impl Pace {
    /// From what was learnt earlier.
    pub fn new(durations: Durations) -> Self {
        Self(Mutex::new(Learnt { durations, ..Learnt::default() }))
    }

    /// The pause before a job is asked, by what is known now.
    pub fn pause(&self, job: &Job, asked: Asked, chance: f64) -> Duration {
        let aim = self.lock().aim(job, about(asked.queue));
        pause(job, aim.as_deref(), asked, chance)
    }

    /// Watches a job that has just begun.
    pub fn watch(&self) -> Watched<'_> {
        self.lock().survivors.add(Duration::ZERO);
        Watched { pace: self, ran: Duration::ZERO }
    }

    /// Whether something was learnt since this was asked last.
    pub fn take_news(&self) -> bool {
        std::mem::take(&mut self.lock().fresh)
    }

    /// What is known.
    pub fn durations(&self) -> Durations {
        self.lock().durations.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Learnt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job of known age that is waited for. What is seen of it is learnt; dropped, it is waited for no longer.
#[derive(Debug)]
pub struct Watched<'a> {
    pace: &'a Pace,
    /// How long it is known to have run.
    ran: Duration,
}

impl Watched<'_> {
    /// It still ran after so long.
    pub fn ran(&mut self, ran: Duration) {
        let survivors = &mut self.pace.lock().survivors;
        survivors.remove(self.ran);
        survivors.add(ran);
        self.ran = ran;
    }

    /// It had ended by then.
    pub fn ended(self, by: Duration) {
        {
            let mut learnt = self.pace.lock();
            learnt.durations.learn(self.ran, by);
            learnt.aim = None;
            learnt.fresh = true;
        }
        // With its drop it stops counting as one that runs, which takes the lock again.
        drop(self);
    }
}

/// Learns what an answer says of how long the job takes.
pub(super) fn learn(
    watched: &mut Option<(Instant, Watched<'_>)>,
    answer: &Result<JobState, Failure>,
    asked: Instant,
) {
    match answer {
        Ok(JobState::Running { .. }) => {
            if let Some((began, watched)) = watched {
                watched.ran(asked.saturating_duration_since(*began));
            }
        }
        Ok(JobState::Done { .. } | JobState::Failed { .. }) => {
            if let Some((began, watched)) = watched.take() {
                watched.ended(began.elapsed());
            }
        }
        Err(_) => {}
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.pace.lock().survivors.remove(self.ran);
    }
}
