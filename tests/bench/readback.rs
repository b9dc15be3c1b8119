//! What one look at a tenant's 1,000 live policies takes, by listings of 100, against one GET for each of them.
//!
//! `cargo bench --bench readback -- 200` for 200 policies. Both over real HTTP against a simulated tenant in this process, in
//! turns: the look as the daemon makes it, with its limits; the other side as a client that knows all ids already and does
//! nothing else, with as many requests at once as the look may have. Declarative tools that read their objects one by one
//! do that, so the ratio is what listing saves at no distance. Requests tell what it saves at any.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatward::remote::{HttpTenant, ReadTenant as _, Tokens, Tuning};
use chatward::sandbox::{Endpoint, Options, Sandbox};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use uuid::Uuid;

#[allow(dead_code)]
mod support;

use support::{Tenant, count, done, pass, serve, settings};

/// Turns of each side.
const ROUNDS: usize = 9;

/// How many requests at once, on both sides: what is allowed where nothing is set.
const AT_ONCE: usize = 5;

#[tokio::main]
async fn main() {
    let policies = count(1_000);
    let (sandbox, address) = serve(Options { job_duration: Duration::ZERO, ..Options::default() }).await;
    let more = "limits: { requests_in_flight: 5 }, job: { base_delay: 10ms }";
    let tenants = [Tenant { name: "default", policies, more }];
    let (report, _) = pass(address, &tenants, Tuning::default()).await;
    assert_eq!(done(&report, "default"), policies);

    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), address, &tenants);
    let tenant = &settings.tenants[&"default".parse().unwrap()];
    assert_eq!(tenant.limits.requests_in_flight, AT_ONCE);
    let remote = HttpTenant::new(tenant, &Arc::new(Tokens::default())).unwrap();
    let base = tenant.base_url.as_ref().unwrap().as_str().trim_end_matches('/').to_owned();
    let path = format!("{base}{}", tenant.wire.policies_path);
    let ids: Vec<String> =
        remote.live(Uuid::nil()).await.unwrap().into_iter().filter_map(|policy| policy.policy_id).collect();
    assert_eq!(ids.len(), policies);
    let client = reqwest::Client::new();
    let (bearer, correlation) = (bearer(&sandbox), Uuid::nil().to_string());

    let (mut looks, mut gets) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (took, requests) = timed(&sandbox, Endpoint::List, async {
            assert_eq!(remote.live(Uuid::nil()).await.unwrap().len(), policies);
        })
        .await;
        assert_eq!(requests, policies.div_ceil(100));
        looks.push(took);
        let (took, requests) = timed(&sandbox, Endpoint::Get, async {
            let get = |id: &String| {
                let request = client
                    .get(format!("{path}/{id}"))
                    .header("authorization", &bearer)
                    .header(&tenant.wire.correlation_header, &correlation);
                async move { serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()) }
            };
            let read: Vec<Result<Value, _>> =
                stream::iter(&ids).map(get).buffer_unordered(AT_ONCE).collect().await;
            for policy in read {
                let policy = policy.unwrap();
                assert!(policy["policy"].is_object(), "{policy}");
            }
        })
        .await;
        assert_eq!(requests, policies);
        gets.push(took);
    }
    let (look, get) = (median(looks), median(gets));
    println!(
        "{policies} policies, the median of {ROUNDS}: one look {:.1} ms with {} requests, one GET each {:.1} ms with {policies}",
        look * 1e3,
        policies.div_ceil(100),
        get * 1e3,
    );
    println!(
        "one GET each takes {:.1} times as long, and {:.0} times as many requests",
        get / look,
        policies as f64 / policies.div_ceil(100) as f64
    );
}

/// How long something takes, and how many requests of a kind come of it.
async fn timed(sandbox: &Sandbox, endpoint: Endpoint, what: impl Future<Output = ()>) -> (f64, usize) {
    let so_far = || sandbox.requests().iter().filter(|request| request.endpoint == endpoint).count();
    let (before, started) = (so_far(), Instant::now());
    what.await;
    let took = started.elapsed().as_secs_f64();
    (took, so_far() - before)
}

/// What the look was let in with.
fn bearer(sandbox: &Sandbox) -> String {
    let requests = sandbox.requests();
    let listing = requests.iter().rev().find(|request| request.endpoint == Endpoint::List).unwrap();
    listing.headers["authorization"].clone()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
