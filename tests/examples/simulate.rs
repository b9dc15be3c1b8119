//! Runs many seeds of the simulation, or replays one: `cargo run --release --example simulate -- --seeds 100000`.
//!
//! `--seeds N` runs the seeds from `--from S` (0) on, over all cores, and prints each that fails. `--seed N` replays one, and
//! prints all that happened. `--sabotage fsync` (or another of `Sabotage`) plants a bug first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../simulation/mod.rs"]
mod simulation;

use std::fmt::Debug;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use simulation::{Course, Sabotage, run};

fn argument<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    Some(arguments.nth(1)?.parse().unwrap())
}

fn main() -> ExitCode {
    let sabotage = argument("--sabotage").map(|name: String| {
        let named = |sabotage: &&Sabotage| format!("{sabotage:?}").eq_ignore_ascii_case(&name);
        *Sabotage::ALL.iter().find(named).unwrap()
    });
    match argument("--seed") {
        Some(seed) => replay(seed, sabotage),
        None => many(argument("--from").unwrap_or(0), argument("--seeds").unwrap_or(1_000), sabotage),
    }
}

fn replay(seed: u64, sabotage: Option<Sabotage>) -> ExitCode {
    let run = run(seed, sabotage, true);
    run.trace.iter().for_each(|line| println!("{line}"));
    println!("{:?}", run.course);
    if run.found.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn many(from: u64, count: u64, sabotage: Option<Sabotage>) -> ExitCode {
    let (next, started) = (AtomicU64::new(from), Instant::now());
    let total = Mutex::new((Course::default(), 0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count {
                        return;
                    }
                    let run = run(seed, sabotage, false);
                    let mut total = total.lock().unwrap();
                    total.0 = total.0.and(run.course);
                    if let Err(violation) = run.found {
                        total.1 += 1;
                        println!("seed {seed}: {violation}");
                    }
                }
            });
        }
    });
    let (course, failed) = total.into_inner().unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let Course { lives, deaths, passes, requests, writes, .. } = course;
    println!(
        "{count} seeds in {seconds:.1} s, {failed} failed: {lives} lives, {deaths} deaths, {passes} passes, \
         {requests} requests, {writes} writes"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
