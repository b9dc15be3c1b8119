//! Every answer that a tenant can give, and what is made of it: what is sent, how often, under which key, and what the
//! exit code, the ledger and the status say.

use std::collections::BTreeSet;
use std::time::Duration;

use chatward::sandbox::{Endpoint, Options, Recorded};

use crate::support::{World, policy};

/// One row of "what each answer means", on one policy that was never deployed.
struct Row {
    /// What the tenant does.
    fault: &'static str,
    /// What `apply` exits with.
    code: i32,
    /// Submits that arrive.
    submits: usize,
    /// What the last entry of the operation says: an effect's outcome, or why it waits.
    ends: &'static str,
}

const fn row(fault: &'static str, code: i32, submits: usize, ends: &'static str) -> Row {
    Row { fault, code, submits, ends }
}

fn world(fault: &str) -> World {
    let faults = fault.split(' ').map(|fault| fault.parse().unwrap()).collect();
    let world =
        World::with(Options { faults, job_duration: Duration::from_millis(20), ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    world
}

fn keys(requests: &[Recorded]) -> BTreeSet<&str> {
    requests.iter().map(|request| request.headers["idempotency-key"].as_str()).collect()
}

/// What the ledger says last of the operation.
fn end(world: &World) -> String {
    let ran = world.run(&["audit", "show", "--entries", "-o", "json"]);
    let entries = ran.json();
    let last =
        entries.as_array().unwrap().iter().rev().find_map(|entry| match entry["event"].as_str().unwrap() {
            "operation.effect" => Some(entry["outcome"].as_str().unwrap().to_owned()),
            "operation.waiting" => Some(format!("waiting {}", entry["reason"].as_str().unwrap())),
            _ => None,
        });
    last.unwrap_or_else(|| "nothing".to_owned())
}

#[track_caller]
fn holds(row: &Row) -> World {
    let Row { fault, code, submits, ends } = row;
    let world = world(fault);
    let ran = world.run(&["apply"]);
    let told = format!("{fault}\n{}\n{}", ran.stdout, ran.stderr);
    assert_eq!((ran.code, world.submits()), (Some(*code), *submits), "{told}");
    assert_eq!(end(&world), *ends, "{told}");
    let requests = world.requests(Endpoint::Submit);
    assert!(keys(&requests).len() <= 1, "one intent, one key: {told}");
    let bodies: BTreeSet<&[u8]> = requests.iter().map(|request| request.body.as_slice()).collect();
    assert!(bodies.len() <= 1, "and the same bytes: {told}");
    world
}

#[test]
fn every_answer_to_a_submit() {
    for row in [
        row("submit:401:first=1", 0, 2, "done"),
        row("submit:401", 3, 2, "failed"),
        row("submit:403", 1, 1, "failed"),
        row("submit:400", 1, 1, "rejected"),
        row("submit:404", 1, 1, "rejected"),
        row("submit:409", 1, 1, "rejected"),
        row("submit:413", 1, 1, "rejected"),
        row("submit:415", 1, 1, "rejected"),
        row("submit:422", 1, 1, "rejected"),
        row("submit:408:retry-after=0:first=2", 0, 3, "done"),
        row("submit:425:retry-after=0:first=2", 0, 3, "done"),
        row("submit:429:retry-after=0:first=2", 0, 3, "done"),
        row("submit:500:retry-after=0:first=2", 0, 3, "done"),
        row("submit:502:retry-after=0:first=2", 0, 3, "done"),
        row("submit:503:retry-after=0:first=2", 0, 3, "done"),
        row("submit:504:retry-after=0:first=2", 0, 3, "done"),
        row("submit:429:retry-after=0", 1, 8, "failed"),
        // Five failures in a row open the breaker, and nothing more is sent for now.
        row("submit:503:retry-after=0", 1, 5, "failed"),
        row("submit:reset:first=1", 0, 2, "done"),
        row("submit:reset:applied=no:first=1", 0, 2, "done"),
        row("submit:truncated:first=1", 0, 2, "done"),
        row("submit:huge:first=1", 0, 2, "done"),
        row("submit:redirect=http://127.0.0.1:9/elsewhere", 1, 1, "rejected"),
        row("submit:location=http://127.0.0.1:9/elsewhere", 1, 1, "failed"),
        row("submit:location=//evil.example/job", 1, 1, "failed"),
        row("submit:no-location", 0, 1, "done"),
        row("submit:no-location submit:garbage", 1, 1, "waiting in-doubt"),
        row("submit:200", 0, 1, "done"),
        row("submit:201", 0, 1, "done"),
        row("submit:204", 0, 1, "done"),
    ] {
        holds(&row);
    }
}

#[test]
fn every_answer_of_a_job() {
    for row in [
        row("job:401:first=1", 0, 1, "done"),
        row("job:403", 1, 1, "waiting unavailable"),
        row("job:429:retry-after=0:first=2", 0, 1, "done"),
        row("job:503:retry-after=0:first=2", 0, 1, "done"),
        row("job:reset:first=1", 0, 1, "done"),
        row("job:truncated:first=1", 0, 1, "done"),
        row("job:huge:first=1", 0, 1, "done"),
        row("job:garbage:first=1", 0, 1, "done"),
        row("job:weird-status", 0, 1, "done"),
        row("job:lost:first=1", 0, 2, "done"),
        row("job:lost", 1, 2, "failed"),
        row("job:fail", 1, 1, "failed"),
        row("job:cancel", 1, 1, "failed"),
        row("job:expire", 1, 1, "failed"),
    ] {
        holds(&row);
    }
}

#[test]
fn every_answer_of_the_token_endpoint() {
    for (fault, code, tokens) in [
        ("token:429:retry-after=0:first=2", 0, 3),
        ("token:503:retry-after=0:first=2", 0, 3),
        ("token:reset:first=1", 0, 2),
        ("token:garbage:first=1", 0, 2),
        ("token:huge:first=1", 0, 2),
        ("token:401", 3, 1),
        ("token:400", 3, 1),
        ("token:403", 3, 1),
        ("token:redirect=http://127.0.0.1:9/", 3, 1),
    ] {
        let world = world(fault);
        let ran = world.run(&["apply"]);
        assert_eq!(ran.code, Some(code), "{fault}\n{}\n{}", ran.stdout, ran.stderr);
        assert_eq!(world.requests(Endpoint::Token).len(), tokens, "{fault}");
        let (intents, failures) =
            (world.entries("operation.intent").len(), world.entries("tenant.failed").len());
        assert_eq!((intents, failures), if code == 0 { (1, 0) } else { (0, 1) }, "{fault}");
    }
}

#[test]
fn every_answer_to_a_probe() {
    for (fault, code, verification) in [
        ("probe:403", 0, "verified"),
        ("probe:200", 1, "degraded"),
        ("probe:204", 1, "degraded"),
        ("probe:302", 0, "unverified"),
        ("probe:401", 0, "unverified"),
        ("probe:404", 0, "unverified"),
        ("probe:429", 0, "unverified"),
        ("probe:500", 0, "unverified"),
        ("probe:reset", 0, "unverified"),
    ] {
        let world = world(fault);
        let ran = world.run(&["apply"]);
        assert_eq!(ran.code, Some(code), "{fault}\n{}\n{}", ran.stdout, ran.stderr);
        let verdict = &world.entries("policy.verdict")[0];
        assert_eq!(verdict["verification"], verification, "{fault}");
        assert_eq!(world.requests(Endpoint::Probe).len(), 3, "{fault}: each probe once");
    }
}

#[test]
fn every_answer_to_a_webhooks_registration() {
    for (fault, code, requests, error) in [
        ("webhook:401:first=1", 0, 2, false),
        ("webhook:503:retry-after=0:first=2", 0, 3, false),
        ("webhook:reset:first=1", 0, 2, false),
        ("webhook:403", 4, 1, true),
        ("webhook:409", 4, 1, true),
        ("webhook:422", 4, 1, true),
        ("webhook:501", 4, 1, true),
    ] {
        let world = world(fault);
        let webhook =
            "    webhooks: [{ name: siem, url: 'https://siem.example/in', secret: { env: TEST_SECRET } }]\n";
        world.settings(&["default"], webhook);
        let ran = world.run(&["apply"]);
        assert_eq!(ran.code, Some(code), "{fault}\n{}\n{}", ran.stdout, ran.stderr);
        let registrations = world.requests(Endpoint::RegisterWebhook);
        assert_eq!((registrations.len(), keys(&registrations).len()), (requests, 1), "{fault}");
        assert_eq!(world.entries("webhook.effect")[0]["error"].is_string(), error, "{fault}");
        assert_eq!(world.live("default").len(), 1, "{fault}: the policy goes live all the same");
    }
}

#[test]
fn a_pause_that_the_tenant_asks_for_is_kept() {
    let world = holds(&row("submit:429:retry-after=1:first=1", 0, 2, "done"));
    let submits = world.requests(Endpoint::Submit);
    assert!(submits[1].at.duration_since(submits[0].at).as_secs_f64() >= 1.0);
}

#[test]
fn the_tenants_own_words_are_told_in_all_their_shapes() {
    for body in ["problem", "error", "message", "errors", "plain"] {
        let world = world(&format!("submit:422:body={body}"));
        world.run(&["apply"]).exits(1);
        let effect = &world.entries("operation.effect")[0];
        let words = effect["error"].as_str().unwrap();
        assert!(words.len() > "422 ".len() + 5 && !words.contains('{'), "{body}: {words}");
    }
}

#[test]
fn an_overdue_job_is_asked_again_and_abandoned_after_three_deadlines() {
    let world = world("job:stuck:first=1");
    let settings = world.tenant("default", "").replace("deadline: 10s", "deadline: 200ms");
    world.write_settings(&format!("tenants:\n{settings}"));
    for (pass, ends) in [(1, "waiting overdue"), (2, "waiting overdue"), (3, "abandoned")] {
        world.run(&["apply"]).exits(1);
        assert_eq!((world.submits(), end(&world)), (1, ends.to_owned()), "pass {pass}");
    }
    world.run(&["apply"]).exits(0);
    assert_eq!(keys(&world.requests(Endpoint::Submit)).len(), 2, "a new intent has a new key");
}

#[test]
fn an_operation_is_abandoned_by_hand() {
    let world = world("job:stuck:first=1");
    let settings = world.tenant("default", "").replace("deadline: 10s", "deadline: 200ms");
    world.write_settings(&format!("tenants:\n{settings}"));
    world.run(&["abandon", "default/a"]).exits(1).complains("no operation under way");
    world.run(&["apply"]).exits(1);
    world.run(&["abandon", "default/a"]).exits(0).says("Abandoned: deploy default/a, job ");
    assert_eq!(end(&world), "abandoned");
    world.run(&["apply"]).exits(0);
    assert_eq!(keys(&world.requests(Endpoint::Submit)).len(), 2);
    world.run(&["abandon", "nonsense"]).exits(64);
}

/// A policy whose first job is abandoned while it runs, and ends `after` that.
fn abandoned(after: Duration) -> World {
    let world = world(&format!("job:complete:duration={}ms:first=1", after.as_millis()));
    let settings = world.tenant("default", "").replace("deadline: 10s", "deadline: 100ms");
    world.write_settings(&format!("tenants:\n{settings}"));
    world.run(&["apply"]).exits(1);
    world.run(&["abandon", "default/a"]).exits(0);
    assert_eq!(world.live("default").len(), 0, "it still runs");
    world
}

fn script_src(world: &World) -> String {
    let live = world.live("default");
    live["a"]["securityProfile"]["contentSecurityPolicy"]["directives"]["script-src"].to_string()
}

#[test]
fn an_abandoned_job_that_ends_over_something_newer_is_overtaken_once_more() {
    let world = abandoned(Duration::from_secs(8));
    world.write("a.yaml", &policy("a", "'self' https://cdn.example"));
    world.run(&["apply"]).exits(0);
    assert!(script_src(&world).contains("cdn.example"));
    let polls = world.requests(Endpoint::Job).len();
    world.run(&["plan"]).exits(0).says("1 to watch for a late end.");
    world.run(&["apply"]).exits(0);
    assert_eq!(world.requests(Endpoint::Job).len(), polls + 1, "it is asked once a pass");
    world.until("the old job ends", |world| !script_src(world).contains("cdn.example"));

    world.run(&["apply"]).exits(0).complains("ended after its operation was abandoned");
    assert!(script_src(&world).contains("cdn.example"), "the newest is live again");
    assert_eq!((world.submits(), keys(&world.requests(Endpoint::Submit)).len()), (3, 3));
    assert_eq!(world.entries("operation.late").len(), 1);
    let traffic = world.traffic();
    world.run(&["apply"]).exits(0).says("1 in sync");
    assert_eq!(world.traffic(), traffic, "nothing is asked any more");
    world.run(&["audit", "verify"]).exits(0);
}

#[test]
fn an_abandoned_job_that_brings_what_is_wanted_spares_a_submit() {
    let world = abandoned(Duration::from_secs(4));
    world.until("the job ends", |world| world.live("default").len() == 1);
    world.run(&["apply", "--retry"]).exits(0);
    assert_eq!(world.entries("operation.late")[0]["outcome"], "done");
    world.run(&["apply"]).exits(0).says("1 in sync");
    assert_eq!(world.submits(), 1);
}

#[test]
fn a_submit_that_is_in_doubt_is_resolved_before_anything_else_is_sent() {
    let world = world("submit:no-location submit:garbage");
    world.run(&["apply"]).exits(1);
    world.sandbox.set_faults(Vec::new());
    world.until("its job ends", |world| world.live("default").len() == 1);
    world.write("a.yaml", &policy("a", "'self' https://cdn.example"));
    // It is live, as a live read tells, so only the newer policy is sent.
    world.run(&["apply"]).exits(0);
    assert_eq!((world.submits(), keys(&world.requests(Endpoint::Submit)).len()), (2, 2));
    assert_eq!(world.entries("operation.effect").len(), 2);
}
