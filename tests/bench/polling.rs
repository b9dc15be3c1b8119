//! How soon the end of a job is seen, and for how many polls: the learnt pace beside the contract's, in virtual time.
//!
//! Nothing sleeps and nothing is sent. Every row is 200 jobs of one shape, for each of 20 seeds. `learnt` begins with
//! nothing learnt; `known` has seen 200 such jobs before. Ends with 1 where the requirement is not met: jobs of even
//! durations over 0.2–20 s, seen within 10 % of their mean duration with fewer than 6 polls each.
#![allow(clippy::print_stdout)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::process::ExitCode;
use std::time::Duration;

use chatward::config::Job;
use chatward::deploy::pace::{Asked, Pace, Watched, pause};
use fastrand::Rng;

const JOBS: usize = 200;
const SEEDS: u64 = 20;

/// How long the job of that number takes, in seconds.
type Shape = fn(usize, &mut Rng) -> f64;

const SHAPES: [(&str, Shape); 7] = [
    ("even, 0.2–20 s", |_, chance| even(chance, 0.2, 20.0)),
    ("all 1 s", |_, _| 1.0),
    ("around 1 s", |_, chance| even(chance, 0.9, 1.1)),
    ("two groups", |_, chance| match chance.f64() {
        ..0.7 => even(chance, 0.5, 1.0),
        _ => even(chance, 25.0, 35.0),
    }),
    ("doubled half-way", |job, chance| even(chance, 0.2, 20.0) * if job < JOBS / 2 { 1.0 } else { 2.0 }),
    ("long tail", |_, chance| (6.0 * (0.6 * normal(chance)).exp()).min(200.0)),
    ("around a minute", |_, chance| even(chance, 55.0, 65.0)),
];

fn even(chance: &mut Rng, from: f64, to: f64) -> f64 {
    from + (to - from) * chance.f64()
}

/// Box and Muller's.
fn normal(chance: &mut Rng) -> f64 {
    (-2.0 * (1.0 - chance.f64()).ln()).sqrt() * (std::f64::consts::TAU * chance.f64()).cos()
}

/// What many jobs came to.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    jobs: usize,
    polls: u32,
    lag: f64,
    duration: f64,
}

impl Sum {
    fn lag(&self) -> f64 {
        self.lag / self.jobs as f64
    }

    fn part(&self) -> f64 {
        100.0 * self.lag / self.duration
    }

    fn polls(&self) -> f64 {
        f64::from(self.polls) / self.jobs as f64
    }
}

/// A job in flight.
struct Flight<'a> {
    began: Duration,
    ends: Duration,
    polls: u32,
    watched: Option<Watched<'a>>,
}

/// Polls 200 jobs, so many at once, by a pace or by the contract's.
fn simulate(shape: Shape, pace: Option<&Pace>, in_flight: usize, chance: &mut Rng) -> Sum {
    let job = Job::default();
    let next = |elapsed: Duration, polls: u32, chance: f64| {
        let asked = Asked { polls, elapsed: Some(elapsed), ..Asked::default() };
        pace.map_or_else(|| pause(&job, None, asked, chance), |pace| pace.pause(&job, asked, chance))
    };
    // When which job is asked next.
    let mut due = BinaryHeap::new();
    let mut flights: Vec<Flight> = Vec::new();
    let mut sum = Sum::default();
    let mut free = vec![Duration::ZERO; in_flight];
    loop {
        while let (Some(began), true) = (free.pop(), flights.len() < JOBS) {
            let ends = began + Duration::from_secs_f64(shape(flights.len(), chance));
            due.push(Reverse((began + next(Duration::ZERO, 0, chance.f64()), flights.len())));
            flights.push(Flight { began, ends, polls: 0, watched: pace.map(Pace::watch) });
        }
        let Some(Reverse((now, index))) = due.pop() else { return sum };
        let flight = &mut flights[index];
        let elapsed = now - flight.began;
        flight.polls += 1;
        if now < flight.ends {
            flight.watched.iter_mut().for_each(|watched| watched.ran(elapsed));
            due.push(Reverse((now + next(elapsed, flight.polls, chance.f64()), index)));
            continue;
        }
        if let Some(watched) = flight.watched.take() {
            watched.ended(elapsed);
        }
        sum.jobs += 1;
        sum.polls += flight.polls;
        sum.lag += (now - flight.ends).as_secs_f64();
        sum.duration += (flight.ends - flight.began).as_secs_f64();
        free.push(now);
    }
}

/// The same over all seeds.
fn over_seeds(one: impl Fn(&mut Rng) -> Sum) -> Sum {
    (0..SEEDS).map(|seed| one(&mut Rng::with_seed(seed))).fold(Sum::default(), |all, sum| Sum {
        jobs: all.jobs + sum.jobs,
        polls: all.polls + sum.polls,
        lag: all.lag + sum.lag,
        duration: all.duration + sum.duration,
    })
}

fn main() -> ExitCode {
    println!(
        "{JOBS} jobs a row, {SEEDS} seeds, virtual time; lag: from a job's end to the poll that sees it"
    );
    println!(
        "{:18} {:9} {:10} {:>7} {:>9} {:>11}",
        "durations", "at once", "pace", "lag", "of mean", "polls a job"
    );
    let mut met = true;
    for (index, (name, shape)) in SHAPES.into_iter().enumerate() {
        for in_flight in [1, 100] {
            let fixed = over_seeds(|chance| simulate(shape, None, in_flight, chance));
            let learnt = over_seeds(|chance| simulate(shape, Some(&Pace::default()), in_flight, chance));
            let known = over_seeds(|chance| {
                let pace = Pace::default();
                simulate(shape, Some(&pace), in_flight, chance);
                simulate(shape, Some(&pace), in_flight, chance)
            });
            for (pace, sum) in [("contract", fixed), ("learnt", learnt), ("known", known)] {
                let (lag, part, polls) = (sum.lag(), sum.part(), sum.polls());
                println!("{name:18} {in_flight:<9} {pace:10} {lag:>5.2} s {part:>7.1} % {polls:>11.2}");
            }
            met &= index > 0 || (learnt.part() < 10.0 && learnt.polls() < 6.0);
        }
    }
    println!(
        "even durations within 10 % of their mean and 6 polls a job, nothing known before: {}",
        if met { "met" } else { "NOT MET" }
    );
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
