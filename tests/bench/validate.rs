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
    let (mut reading, mut validating) = (Duration::MAX, Duration::MAX);
    // In turns, so that whatever else this machine does weighs on both.
    for _ in 0..RUNS {
        reading = reading.min(spread(&files, threads, |file| read(file).len()));
        validating = validating.min(spread(&files, threads, checked));
    }
    for (name, took) in [("read", reading), ("read and validated", validating)] {
        let each = took.as_secs_f64() * 1e6 * threads as f64 / count as f64;
        let together = count as f64 / took.as_secs_f64();
        println!(
            "{name:>18}: {:6.0} ms, {together:7.0} documents a second, {each:5.1} µs a document and core",
            took.as_secs_f64() * 1e3
        );
    }
    let ratio = validating.as_secs_f64() / reading.as_secs_f64();
    println!("{:>18}: {ratio:.2} (at most {LIMIT})", "ratio");
}

/// How long all files take, each thread taking the next one.
fn spread(files: &[String], threads: usize, work: impl Fn(&str) -> usize + Sync) -> Duration {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    black_box(work(file));
                }
            });
        }
    });
    started.elapsed()
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

/// A document as somebody would write it, each a little different; every fourth one is weak.
fn written(number: usize) -> String {
    let weak = number.is_multiple_of(4);
    let mut text = format!(
        "# Policy {number}: what the chat of shop {number} loads, and from where.\napiVersion: chatward.dev/v1\n\
         kind: WebchatSecurityPolicy\nmetadata:\n  name: shop-{number}\n  tenant: default\n  annotations:\n    \
         team: chat-{}\nspec:\n  targetBrowsers: {{ chrome: 110, firefox: 115, safari: 16.4 }}\n  reportUri: /csp/{number}\n  \
         cspDirectives:\n    default-src: \"'self'\"\n    base-uri: \"'none'\"\n    object-src: \"'none'\"\n    \
         form-action: \"'self'\"\n    frame-ancestors: [\"'self'\", \"https://shop-{number}.example\"]\n",
        number % 7
    );
    for (directive, own, hosts) in [
        ("script-src", "'self'", 10),
        ("style-src", "'self'", 8),
        ("img-src", "'self'", 14),
        ("connect-src", "'self'", 12),
        ("font-src", "'self'", 5),
        ("frame-src", "'self'", 4),
    ] {
        text += &format!("    {directive}:\n      - \"{own}\"\n");
        if weak && directive == "script-src" {
            text += "      - \"'unsafe-inline'\"\n";
        }
        for host in 0..hosts {
            text +=
                &format!("      - https://{directive}-{host}.cdn-{}.example/assets/\n", (number + host) % 50);
        }
    }
    text += "  xssRules: { mode: block, rules: [strip-script-tags, sanitize-event-handlers, block-script-uris] }\n  \
             botDetection:\n    challengeType: hCaptcha\n    rateLimitPerMinute: 20\n    rules:\n      \
             - { name: rapid-fire-detection, threshold: 5, windowSeconds: 10 }\n";
    text
}
