//! What validating costs beside reading: 10,000 documents of about 3 KB, on as many threads as there are cores.
//!
//! `cargo bench --bench validate -- 2000` for 2,000 documents instead.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chatward::finding::SourceText;
use chatward::policy::TenantName;
use chatward::policy::document::{self, Document};
use chatward::validate;
use rustix::time::{ClockId, clock_gettime};

mod documents;

use documents::written;

/// How often each is measured; the quickest counts.
const RUNS: usize = 5;
/// What validating may take, as a multiple of reading alone.
const LIMIT: f64 = 1.5;

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let files: Vec<String> = (0..count).map(written).collect();
    let bytes: usize = files.iter().map(String::len).sum();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let findings: usize = files.iter().take(100).map(|file| checked(file)).sum();
    println!(
        "{count} documents of {} bytes, {threads} threads, {:.1} findings each",
        bytes / count,
        findings as f64 / 100.0
    );
    let (mut reading, mut validating) = (Cost::MAX, Cost::MAX);
    // In turns, so that whatever else this machine does weighs on both.
    for _ in 0..RUNS {
        reading = reading.least(spread(&files, threads, |file| read(file).len()));
        validating = validating.least(spread(&files, threads, checked));
    }
    for (name, cost) in [("read", reading), ("read and validated", validating)] {
        let each = cost.cores.as_secs_f64() * 1e6 / count as f64;
        let rate = count as f64 / cost.together.as_secs_f64();
        let took = cost.together.as_secs_f64() * 1e3;
        println!(
            "{name:>18}: {took:5.0} ms, {rate:6.0} documents a second together; {each:5.1} µs of a core each"
        );
    }
    let cores = validating.cores.as_secs_f64() / reading.cores.as_secs_f64();
    let together = validating.together.as_secs_f64() / reading.together.as_secs_f64();
    println!("{:>18}: {together:.2} together, {cores:.2} per core (at most {LIMIT})", "ratio");
}

/// What a run takes.
#[derive(Clone, Copy)]
struct Cost {
    /// Until the last file is done.
    together: Duration,
    /// Of all cores together, whatever else the machine does.
    cores: Duration,
}

impl Cost {
    const MAX: Self = Self { together: Duration::MAX, cores: Duration::MAX };

    fn least(self, other: Self) -> Self {
        Self { together: self.together.min(other.together), cores: self.cores.min(other.cores) }
    }
}

/// What all files take, each thread taking the next one: until the last is done, and of all cores together.
fn spread(files: &[String], threads: usize, work: impl Fn(&str) -> usize + Sync) -> Cost {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let worker = || {
        let before = used();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            black_box(work(file));
        }
        used().saturating_sub(before)
    };
    let cores = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    Cost { together: started.elapsed(), cores }
}

/// The time that this thread has had on a core.
fn used() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap()
}

/// Reads a file into typed policies.
fn read(file: &str) -> Vec<Document> {
    let tenant: TenantName = "default".parse().unwrap();
    document::parse(&"a.yaml".into(), file.as_bytes(), Some(&tenant))
}

/// The same with every check; how much is found.
fn checked(file: &str) -> usize {
    let source = SourceText::new("a.yaml".into(), file);
    let documents = read(file).into_iter();
    documents
        .map(|document| {
            let found =
                document.policy.as_ref().map_or(0, |policy| validate::validate(policy, &source).len());
            document.findings.len() + found
        })
        .sum()
}
