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
const ROUNDS: usize = 5;

/// Without a token nothing is begun there; with one, every submit hangs.
const BESIDE: [Option<&str>; 3] = [None, Some("any:hang:tenant=a"), Some("submit:hang:tenant=a")];

#[tokio::main]
async fn main() {
    let policies = count(200);
    let mut times = BESIDE.map(|_| Vec::new());
    // In turn, so that whatever else the machine does meets all of them.
    for _ in 0..ROUNDS {
        for (fault, times) in BESIDE.iter().zip(&mut times) {
            times.push(time(policies, *fault).await.as_secs_f64());
        }
    }
    let medians = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    println!("{policies} deploys alone: {:.2} s, the median of {ROUNDS} rounds", medians[0]);
    for (fault, median) in BESIDE.iter().zip(medians).skip(1) {
        println!("beside {}: {median:.2} s, {:.3} times", fault.unwrap(), median / medians[0]);
    }
}

/// How long the deploys of tenant `b` take; beside `a`, if that has a fault.
async fn time(policies: usize, fault: Option<&str>) -> Duration {
    let faults: Vec<Fault> = fault.iter().map(|fault| fault.parse().unwrap()).collect();
    let (_, address) =
        serve(Options { faults, job_duration: Duration::from_secs(1), ..Options::default() }).await;
    let more = "job: { base_delay: 1s, max_delay: 2s, deadline: 60s }";
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
