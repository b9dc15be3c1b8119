//! What a tenant that accepts connections and never answers costs another: the time that 200 deploys take beside it,
//! against what they take alone.
//!
//! `cargo bench --bench bulkhead -- 50` for 50 policies each.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Duration;

use chatward::remote::{Timeouts, Tuning};
use chatward::sandbox::{Fault, Options};

mod support;

use support::{Tenant, count, done, pass, serve};

/// The more of these, the less does the machine's mood matter.
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() {
    let policies = count(200);
    let alone = median(policies, None).await;
    println!("{policies} deploys alone: {:.2} s", alone.as_secs_f64());
    // Without a token nothing is begun there; with one, every submit hangs.
    for fault in ["any:hang:tenant=a", "submit:hang:tenant=a"] {
        let beside = median(policies, Some(fault)).await;
        let ratio = beside.as_secs_f64() / alone.as_secs_f64();
        println!("beside {fault}: {:.2} s, {ratio:.3} times", beside.as_secs_f64());
    }
}

async fn median(policies: usize, fault: Option<&str>) -> Duration {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(time(policies, fault).await);
    }
    times.sort();
    times[ROUNDS / 2]
}

/// How long the deploys of tenant `b` take; beside `a`, if that has a fault.
async fn time(policies: usize, fault: Option<&str>) -> Duration {
    let faults: Vec<Fault> = fault.iter().map(|fault| fault.parse().unwrap()).collect();
    let (_, address) =
        serve(Options { faults, job_duration: Duration::from_millis(200), ..Options::default() }).await;
    let more = "job: { base_delay: 200ms, max_delay: 1s, deadline: 60s }";
    let a = Tenant { name: "a", policies, more };
    let b = Tenant { name: "b", policies, more };
    let tenants = if fault.is_some() { vec![a, b] } else { vec![b] };
    let (report, last) = pass(address, &tenants, impatient()).await;
    assert_eq!((done(&report, "a"), done(&report, "b")), (0, policies));
    last[&"b".parse().unwrap()]
}

/// Time-outs a tenth of the real ones.
fn impatient() -> Tuning {
    let timeouts = Timeouts {
        connect: Duration::from_millis(500),
        read: Duration::from_secs(1),
        total: Duration::from_secs(3),
    };
    Tuning { timeouts, ..Tuning::default() }
}
