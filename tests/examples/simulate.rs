//! Runs many seeds of the simulation, or replays one: `cargo run --release --example simulate -- --seeds 100000`.
//!
//! `--seeds N` runs the seeds from `--from S` (0) on, over all cores, and prints each that fails. `--seed N` replays one, and
//! prints all that happened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../simulation/mod.rs"]
mod simulation;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use simulation::{Course, run};

fn argument(name: &str) -> Option<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)?.parse().ok()
}

fn main() -> ExitCode {
    match argument("--seed") {
        Some(seed) => replay(seed),
        None => many(argument("--from").unwrap_or(0), argument("--seeds").unwrap_or(1_000)),
    }
}

fn replay(seed: u64) -> ExitCode {
    let run = run(seed, None, true);
    run.trace.iter().for_each(|line| println!("{line}"));
    println!("{:?}", run.course);
    if run.found.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn many(from: u64, count: u64) -> ExitCode {
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
                    let run = run(seed, None, false);
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
