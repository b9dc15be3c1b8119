//! What deploys cost in the ledger: how many entries one fsync serves, and how long one deploy waits for its own.
//!
//! `cargo bench --bench deploys -- 200` for 200 deploys instead of 1,000.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatward::entry::{Event, TenantFailed};
use chatward::host::Host;
use chatward::ledger::Ledger;
use chatward::remote::Tuning;
use chatward::sandbox::Options;

#[allow(dead_code)]
mod support;

use support::{Tenant, count, done, recorded_pass, serve};

/// What a deploy waits for: intent, location, effect, verdict.
const ENTRIES: u32 = 4;

#[tokio::main]
async fn main() {
    let policies = count(1_000);
    let (_sandbox, address) =
        serve(Options { job_duration: Duration::from_millis(500), ..Options::default() }).await;
    let more = "limits: { requests_in_flight: 100, jobs_in_flight: 1000 }, job: { base_delay: 100ms, max_delay: 1s, deadline: 60s }";
    let tenants = [Tenant { name: "default", policies, more }];
    let started = Instant::now();
    let (report, _, (entries, syncs)) = recorded_pass(address, &tenants, Tuning::default()).await;
    println!(
        "{} deploys in {:.1} s: {entries} entries, {syncs} fsyncs: {:.1} entries each",
        done(&report, "default"),
        started.elapsed().as_secs_f64(),
        entries as f64 / syncs as f64,
    );
    alone().await;
}

/// One deploy that nobody shares an fsync with.
async fn alone() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(directory.path(), Arc::clone(&Host::real().clock)).unwrap();
    let bound = serde_json::json!({"event": "tenant.bound", "tenant": "default", "preset": "tutorial", "origin": "x"});
    ledger.append(serde_json::from_value(bound).unwrap()).await.unwrap();
    let mut took: Vec<Duration> = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        for _ in 0..ENTRIES {
            let error = "x".repeat(1_000);
            let failed = TenantFailed { tenant: "default".parse().unwrap(), error };
            ledger.append(Event::TenantFailed(failed)).await.unwrap();
        }
        took.push(started.elapsed());
    }
    took.sort_unstable();
    let milliseconds = |share: usize| took[took.len() * share / 100].as_secs_f64() * 1e3;
    println!(
        "one deploy alone waits for {ENTRIES} fsyncs: {:.2} ms in the median, {:.2} ms at the 99th percentile",
        milliseconds(50),
        milliseconds(99)
    );
}
