//! What proving a ledger costs beside hashing its bytes, and how much memory it takes: 1,000,000 entries of 2 KB.
//!
//! `cargo bench --bench audit -- 100000` for 100,000 entries instead.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatward::digest::Digest;
use chatward::entry::Event;
use chatward::host::Host;
use chatward::ledger::{self, Ledger, Terms};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// How many policies the operations are on.
const POLICIES: usize = 1_000;
/// Entries of one operation.
const STEPS: usize = 4;
/// Set for the process that proves a ledger, so that its memory is its own.
const ROLE: &str = "CHATWARD_BENCH_LEDGER";

fn main() {
    if let Some(directory) = std::env::var_os(ROLE) {
        return prove(Path::new(&directory));
    }
    let entries = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let directory = TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(fill(directory.path(), entries));
    let proving = Command::new(std::env::current_exe().unwrap()).env(ROLE, directory.path()).status();
    assert!(proving.unwrap().success());
}

/// Writes so many entries, by operations on policies in turn.
async fn fill(directory: &Path, entries: usize) {
    let ledger = Ledger::open(directory, Arc::clone(&Host::real().clock)).unwrap();
    let bound = json!({"event": "tenant.bound", "tenant": "default", "preset": "tutorial", "origin": "https://a.example"});
    ledger.append(event(&bound)).await.unwrap();
    let started = Instant::now();
    for round in 0..entries.div_ceil(POLICIES * STEPS) {
        for step in 0..STEPS {
            let append = |policy| ledger.append(event(&operation(round, policy, step)));
            futures_util::future::try_join_all((0..POLICIES).map(append)).await.unwrap();
        }
    }
    let count = ledger.read(|state| state.head.sequence);
    let bytes: u64 = files(directory).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    println!(
        "{count} entries of {} bytes in the mean, in {} files, written in {:.1} s",
        bytes / count,
        files(directory).len(),
        started.elapsed().as_secs_f64()
    );
}

fn event(event: &Value) -> Event {
    serde_json::from_value(event.clone()).unwrap()
}

/// One of the entries that a deploy leaves: intent, location, effect, verdict.
fn operation(round: usize, policy: usize, step: usize) -> Value {
    let id = format!("{round:08x}-0000-4000-8000-{policy:012x}");
    let digest = Digest::of(format!("{round} {policy}").as_bytes());
    let mut value = json!({
        "tenant": "default", "policy": format!("policy-{policy}"), "correlationId": id, "digest": digest, "attempts": 3,
    });
    let more = match step {
        0 => json!({
            "event": "operation.intent", "operation": "deploy", "cause": "source", "file": format!("default/{policy}.yaml"),
            "fileHash": digest, "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c", "author": "Ada <ada@acme.example>",
            "idempotencyKey": id, "payload": payload(digest),
        }),
        1 => json!({
            "event": "operation.location", "jobId": id, "submitMs": 120,
            "location": format!("https://acme.api.nicecxone.com/api/v2/webchat/security-policies/jobs/{id}"),
        }),
        2 => {
            json!({"event": "operation.effect", "outcome": "done", "jobId": id, "policyId": id, "durationMs": 4200})
        }
        _ => json!({
            "event": "policy.verdict", "scope": "policy", "verification": "verified", "successRate": 1.0,
            "probes": probes(),
        }),
    };
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

fn probes() -> Vec<Value> {
    let names = ["script-injection", "event-handler-injection", "data-uri-execution"];
    names.map(|name| json!({"name": name, "verdict": "blocked", "latencyMs": 31})).to_vec()
}

/// A payload that makes the entries of an operation 2 KB in the mean.
fn payload(digest: Digest) -> Value {
    let hosts: Vec<String> = (0..40).map(|host| format!("https://host-{host}.cdn.acme.example")).collect();
    let hosts = hosts.join(" ");
    json!({
        "channelType": "webchat",
        "securityProfile": {
            "contentSecurityPolicy": {
                "enabled": true, "reportUri": "/api/v2/security/csp-reports",
                "directives": {"default-src": "'self'", "script-src": hosts, "img-src": hosts, "connect-src": hosts},
            },
            "xssProtection": {"enabled": true, "mode": "block", "filterRules": ["strip-script-tags"]},
            "botDetection": {"enabled": true, "challengeType": "hCaptcha", "rateLimitPerMinute": 15, "rules": []},
        },
        "metadata": {
            "updatedBy": "chatward", "validationTimestamp": "2026-11-01T00:00:00Z", "policyName": "policy",
            "policyHash": digest,
        },
    })
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory.join("ledger")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == "jsonl")).collect();
    files.sort();
    files
}

/// Hashes a ledger's bytes and proves the ledger, in turns; the quickest of each counts.
fn prove(directory: &Path) {
    let (mut hashing, mut proving) = (Cost::MAX, Cost::MAX);
    for _ in 0..3 {
        hashing = hashing.least(Cost::of(|| hash(directory)).0);
        let before = memory();
        let (cost, proof) = Cost::of(|| ledger::verify(directory, &Terms::default()).unwrap());
        proving = proving.least(cost);
        println!(
            "  {} entries proven; at most {} MiB of memory, {} MiB before",
            proof.head.sequence,
            memory() >> 10,
            before >> 10
        );
    }
    for (name, cost) in [("sha256 of all bytes", hashing), ("audit verify", proving)] {
        println!(
            "{name:>20}: {:6.2} s, {:6.2} s of all cores together",
            cost.wall.as_secs_f64(),
            cost.cores.as_secs_f64()
        );
    }
    let ratio = |of: fn(Cost) -> Duration| of(proving).as_secs_f64() / of(hashing).as_secs_f64();
    println!("{:>20}: {:6.2}, {:8.2} of cores", "ratio", ratio(|cost| cost.wall), ratio(|cost| cost.cores));
}

/// What something takes: until it is done, and of all cores together, whatever else the machine does.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cores: Duration,
}

impl Cost {
    const MAX: Self = Self { wall: Duration::MAX, cores: Duration::MAX };

    fn of<T>(work: impl FnOnce() -> T) -> (Self, T) {
        let used = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap();
        let (started, before) = (Instant::now(), used());
        let done = work();
        (Self { wall: started.elapsed(), cores: used() - before }, done)
    }

    fn least(self, other: Self) -> Self {
        Self { wall: self.wall.min(other.wall), cores: self.cores.min(other.cores) }
    }
}

fn hash(directory: &Path) -> u64 {
    let mut buffer = vec![0; 1 << 20];
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    for path in files(directory) {
        let mut file = File::open(path).unwrap();
        loop {
            let read = file.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            bytes += read as u64;
        }
    }
    std::hint::black_box(hash.finalize());
    bytes
}

/// The most memory that this process has had, in KiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
