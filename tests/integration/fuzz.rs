//! A short run of what the fuzzer runs at length: example documents and headers, mutated.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;

#[path = "../fuzz/targets.rs"]
mod targets;

/// How long each target is tried.
const BUDGET: Duration = Duration::from_secs(2);
/// What CSP and YAML are made of.
const TOKENS: &[&str] = &[
    "'",
    "\"",
    ";",
    ",",
    ":",
    "-",
    " ",
    "\n",
    "\t",
    "\r",
    "*",
    "&a ",
    "*a",
    "[",
    "]",
    "{",
    "}",
    "#",
    "|",
    "<<: ",
    "? ",
    "---\n",
    "'none'",
    "'nonce-",
    "'sha256-",
    "https://",
    "*.",
    ":*",
    "default-src ",
    "script-src ",
    "sandbox ",
    "%3B",
    "é",
    "\u{feff}",
    "\u{202e}",
    "\0",
    "true",
    "!!str ",
    "self",
    "report-uri ",
    "'strict-dynamic'",
];
const HEADERS: &[&str] = &[
    "default-src 'self'; script-src 'nonce-abc123==' 'strict-dynamic' https: 'unsafe-inline'; object-src 'none'",
    "default-src 'none', script-src *.example.com:443/a/b https://[::1]; sandbox allow-scripts; report-uri /csp",
    "Content-Security-Policy: trusted-types a b 'none'; require-trusted-types-for 'script'; frame-ancestors data:\n",
];

fn seeds() -> Vec<Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let folders = fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let documents = files.iter().map(|file| fs::read(file).unwrap());
    documents.chain(HEADERS.iter().map(|header| header.as_bytes().to_vec())).collect()
}

fn mutated(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut bytes = random.choice(seeds).unwrap().clone();
    for _ in 0..random.usize(1..8) {
        let at = random.usize(0..=bytes.len());
        let end = (at + random.usize(0..20)).min(bytes.len());
        match random.u8(0..5) {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(at..end, random.choice(TOKENS).unwrap().bytes())),
            2 => drop(
                bytes.splice(at..at, random.choice(TOKENS).unwrap().repeat(random.usize(1..40)).into_bytes()),
            ),
            3 => bytes.extend_from_within(at..end),
            _ => bytes.insert(at, random.u8(..)),
        }
    }
    bytes
}

/// The seed of a failure is printed; `CHATWARD_FUZZ_SEED` runs it again.
#[test]
fn mutated_documents_and_headers_break_nothing() {
    let seeds = seeds();
    let chosen = std::env::var("CHATWARD_FUZZ_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    for (name, target) in targets::ALL {
        let started = Instant::now();
        let mut tried = 0;
        while tried < 50 || started.elapsed() < BUDGET {
            let seed = chosen.unwrap_or_else(|| fastrand::u64(..));
            let input = mutated(&seeds, &mut Rng::with_seed(seed));
            if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
                panic!("CHATWARD_FUZZ_SEED={seed} breaks {name} with {:?}", String::from_utf8_lossy(&input));
            }
            tried += 1;
        }
    }
}
