//! When to ask a job, so that polls and the wait for news cost least together. Pure.
//!
//! A poll costs something, and so does every moment between a job's end and the poll that sees it. Of a job that still
//! runs at `t`, with `F` the believed distribution of ends, the cheapest way on from there is
//!
//! ```text
//! cost(t) = min over u > t of   price · (1 − F(t))        a poll, made if the job is still running at t
//!                             + ∫ₜᵘ (u − x) dF(x)         the lag of those that end before u
//!                             + cost(u)                   the way on from u
//! ```
//!
//! The price is a part of the mean duration. Where requests queue for their turn, a poll also keeps each of those behind it
//! waiting for one turn more, which comes to as long as the queue is: so then that is the price, and nearly all jobs are
//! asked once, when they have surely ended.
//!
//! It is worked out backwards over a grid that is fine where ends are likely. Even ends between two times come to gaps
//! that narrow towards the last of them; a sharp end comes to one poll right behind it; where nothing ends, nothing is
//! asked.

use std::time::Duration;

use super::{ceiling, floor};
use crate::config::Job;
use crate::durations::{Bucket, Durations, Survivors};

/// What a poll costs, as a part of the mean duration: so much longer an end may go unseen to save one poll.
const PRICE: f64 = 0.016;
/// Into how many steps of equal likelihood the grid cuts what is likely.
const STEPS: f64 = 256.0;

/// When to ask the jobs of one tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Aim {
    job: Job,
    price: f64,
    grid: Vec<Point>,
}

/// A moment since a job began.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// In seconds.
    at: f64,
    /// How likely a job has ended by then: `F`.
    ended: f64,
    /// `F` summed up to here. With it the lag of a gap is a difference.
    area: f64,
    /// What the cheapest way on from here costs.
    cost: f64,
}

impl Aim {
    /// At where jobs are believed to end, while requests queue for so long; nothing where nothing is learnt.
    pub fn new(durations: &Durations, survivors: &Survivors, job: &Job, queue: Duration) -> Option<Self> {
        if durations.is_empty() {
            return None;
        }
        let mut aim = Self {
            job: *job,
            price: (PRICE * durations.mean(survivors)).max(queue.as_secs_f64()),
            grid: grid(&durations.belief(survivors)),
        };
        for index in (0..aim.grid.len().saturating_sub(1)).rev() {
            aim.grid[index].cost = aim.cheapest(aim.grid[index], index + 1).1;
        }
        Some(aim)
    }

    /// The pause before the next poll of a job that began so long ago and still runs, within floor and ceiling.
    pub fn pause(&self, elapsed: Duration) -> Duration {
        let at = elapsed.as_secs_f64();
        let next = self.grid.partition_point(|point| point.at <= at);
        if next == self.grid.len() {
            return ceiling(&self.job, elapsed);
        }
        Duration::from_secs_f64(self.cheapest(self.point(at), next).0)
    }

    /// The pause after a moment that costs least, and what it costs. `next` is the first moment of the grid after it.
    fn cheapest(&self, from: Point, next: usize) -> (f64, f64) {
        let longest = ceiling(&self.job, Duration::from_secs_f64(from.at)).as_secs_f64();
        let shortest = floor(&self.job).as_secs_f64();
        let poll = self.price * (1.0 - from.ended);
        let cost = |to: &Point| {
            let pause = to.at - from.at;
            let lag = to.area - from.area - from.ended * pause;
            (pause, poll + lag + to.cost)
        };
        let mut best = cost(&self.point(from.at + longest));
        for to in &self.grid[next..] {
            if to.at - from.at > longest {
                break;
            }
            let (pause, cost) = cost(to);
            if pause >= shortest && cost < best.1 {
                best = (pause, cost);
            }
        }
        best
    }

    /// Any moment, between those of the grid.
    fn point(&self, at: f64) -> Point {
        let next = self.grid.partition_point(|point| point.at <= at);
        let (Some(before), after) = (self.grid[..next].last(), self.grid.get(next)) else {
            return Point { at, ended: 0.0, area: 0.0, cost: 0.0 };
        };
        let beyond = at - before.at;
        let Some(after) = after else {
            return Point { at, area: before.area + before.ended * beyond, ..*before };
        };
        let ended = before.ended + (after.ended - before.ended) * beyond / (after.at - before.at);
        let area = before.area + (before.ended + ended) / 2.0 * beyond;
        // The costs from `at` on are those from the next moment of the grid on: near enough, and never worked out twice.
        Point { at, ended, area, cost: after.cost }
    }
}

/// The moments that are thought of: every bucket's end, and between them the finer the likelier.
fn grid(belief: &[Bucket]) -> Vec<Point> {
    let mut last = Point { at: 0.0, ended: 0.0, area: 0.0, cost: 0.0 };
    let mut grid = vec![last];
    for bucket in belief {
        let steps = (bucket.likely * STEPS).ceil().max(1.0);
        let (length, likely) = ((bucket.to - bucket.from) / steps, bucket.likely / steps);
        for _ in 0..steps as usize {
            let ended = (last.ended + likely).min(1.0);
            let area = last.area + (last.ended + ended) / 2.0 * length;
            last = Point { at: last.at + length, ended, area, cost: 0.0 };
            grid.push(last);
        }
    }
    grid
}
