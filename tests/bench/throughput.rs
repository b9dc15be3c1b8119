//! How long 1,000 changed policies take at a tenant that takes 50 requests a second and whose jobs take 2 s, against the
//! least that it can take: every request that they need at that rate, and one job.
//!
//! `cargo bench --bench throughput -- 200` for 200 policies. A policy needs two requests, its submit and the poll that
//! sees the end; a pass needs one more, for a token. Once with the rate in the settings, and once found out.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::time::Duration;

use chatward::remote::Tuning;
use chatward::sandbox::Options;

mod support;

use support::{Tenant, count, done, pass, serve};

const RATE: u32 = 50;
const JOB: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() {
    let policies = count(1_000);
    let least = (1 + 2 * policies) as f64 / f64::from(RATE) + JOB.as_secs_f64();
    println!(
        "{policies} policies: {} requests at {RATE} a second and a job of 2 s: {least:.1} s",
        1 + 2 * policies
    );
    for (how, more) in
        [("the rate is set", "limits: { requests_per_second: 50 }"), ("the rate is found out", "limits: {}")]
    {
        let options = Options { requests_per_second: Some(RATE), job_duration: JOB, ..Options::default() };
        let (sandbox, address) = serve(options).await;
        let tenant = Tenant { name: "acme", policies, more };
        let (report, took) = pass(address, &[tenant], Tuning::default()).await;
        let requests = sandbox.requests();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for request in &requests {
            *counts.entry(format!("{:?}", request.endpoint)).or_default() += 1;
        }
        let refused = requests.iter().filter(|request| request.status == Some(429)).count();
        let took = took[&"acme".parse().unwrap()].as_secs_f64();
        println!(
            "{how}: {} done in {took:.1} s, {:.2} times the least; {} requests {counts:?}, {refused} answered 429",
            done(&report, "acme"),
            took / least,
            requests.len(),
        );
    }
}
