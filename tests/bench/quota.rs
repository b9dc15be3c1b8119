//! How many requests are turned away at a tenant that takes 30 a second, over all endpoints: submits and polls.
//!
//! `cargo bench --bench quota -- 200` for 200 policies instead of 1,000.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

use chatward::remote::Tuning;
use chatward::sandbox::{Options, Recorded};

mod support;

use support::{Tenant, count, done, pass, serve};

const LIMIT: u32 = 30;

#[tokio::main]
async fn main() {
    let policies = count(1_000);
    let options = Options {
        requests_per_second: Some(LIMIT),
        job_duration: Duration::from_secs(1),
        ..Options::default()
    };
    let (sandbox, address) = serve(options).await;
    let tenant = Tenant { name: "acme", policies, more: "job: { base_delay: 2s }" };
    let started = Instant::now();
    let (report, _) = pass(address, &[tenant], Tuning::default()).await;
    let seconds = started.elapsed().as_secs_f64();
    let requests = sandbox.requests();
    let refused = requests.iter().filter(|request: &&Recorded| request.status == Some(429)).count();
    let accepted = requests.len() - refused;
    println!(
        "{} of {policies} policies in {seconds:.1} s: {} requests, {refused} answered 429 ({:.2} %), {:.1} accepted a \
         second of {LIMIT}",
        done(&report, "acme"),
        requests.len(),
        100.0 * refused as f64 / requests.len() as f64,
        accepted as f64 / seconds,
    );
}
