//! The daemon: it sees an edit, survives a kill, and ends as it is asked to.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chatward::sandbox::{Endpoint, Options};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{World, policy};

#[test]
fn an_edit_is_seen_deployed_verified_and_on_record() {
    let world = World::new();
    world.write("default/checkout-chat.yaml", &policy("checkout-chat", "'self' https://old.example"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["daemon.started", "watching policies"]);
    daemon.logs(&["tenant.configured", "tenant default"]);
    daemon.logs(&["ledger.opened", "state/ledger", "state/applied.json"]);
    daemon.logs(&["probe.result", "verified"]);

    world.write("default/checkout-chat.yaml", &policy("checkout-chat", "'self' https://new.example"));
    daemon.logs(&["source.changed"]);
    daemon.logs(&["drift.report", "1 policy drifted"]);
    daemon.logs(&["default/checkout-chat: source; cspDirectives.script-src: - https://old.example, + https://new.example"]);
    let submitted = daemon.logs(&["policy.submitted", "job "]);
    let deployed = daemon.logs(&["policy.deployed", "entry ", "head "]);
    daemon.logs(&["probe.result", "verified, 100 %", "script-injection blocked"]);

    let effect = world.entries("operation.effect").pop().unwrap();
    assert!(deployed.contains(&format!(
        "entry {}, head {}",
        effect["sequence"],
        effect["hash"].as_str().unwrap()
    )));
    assert!(submitted.contains(effect["jobId"].as_str().unwrap()));
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    assert_eq!(world.submits(), 2);
}

#[test]
fn the_json_log_carries_what_the_text_says() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run", "--log-format", "json"]);
    let report: Value = serde_json::from_str(&daemon.logs(&["\"drift.report\""])).unwrap();
    assert_eq!(report["drifted"], 1);
    assert_eq!(report["items"][0]["name"], "a");
    assert_eq!(report["items"][0]["cause"], "new");
    let deployed: Value = serde_json::from_str(&daemon.logs(&["\"policy.deployed\""])).unwrap();
    let effect = &world.entries("operation.effect")[0];
    assert_eq!(deployed["head"], effect["hash"]);
    assert_eq!(deployed["correlation"], effect["correlationId"]);
}

#[test]
fn it_sits_still_while_nothing_changes() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run", "--interval", "1s"]);
    daemon.logs(&["probe.result"]);
    // Once because nothing is known of the tenant yet, and once to see what it has now.
    world.until("what is live is looked at", |world| world.requests(Endpoint::List).len() >= 2);
    let (traffic, entries) = (world.traffic(), world.entries("operation.effect").len());
    // Two passes asked for: the second ends behind the first, so whatever the first had set off would be seen.
    let passes = Instant::now() + Duration::from_secs(3);
    while Instant::now() < passes {
        std::thread::park_timeout(Duration::from_millis(50));
    }
    daemon.signal(Signal::INT);
    assert_eq!(daemon.ends(), Some(0));
    assert_eq!(world.traffic(), traffic);
    assert_eq!(world.entries("operation.effect").len(), entries);
    let said: Vec<_> = daemon
        .log
        .iter()
        .filter(|line| line.contains("drift.report") || line.contains("source.changed"))
        .collect();
    assert_eq!(said.len(), 1, "nothing is said of a pass that found nothing: {said:?}");
}

#[test]
fn a_restart_sends_nothing_and_a_hangup_asks_for_a_pass() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["probe.result"]);
    daemon.signal(Signal::KILL);
    daemon.ends();
    let (traffic, looks) = (world.traffic(), world.requests(Endpoint::List).len());
    let mut command = world.command(&["run"]);
    let mut daemon = world.started(command.env("CHATWARD_LOG", "chatward=debug"));
    daemon.logs(&["pass.ended", "nothing was done"]);
    daemon.signal(Signal::HUP);
    daemon.logs(&["pass.started", "a pass: asked"]);
    daemon.logs(&["pass.ended", "nothing was done"]);
    // A new process looks once at what is live, and that is all.
    assert_eq!((world.requests(Endpoint::List).len(), world.traffic()), (looks + 1, traffic + 1));
}

#[test]
fn killed_while_a_job_runs_it_asks_that_job() {
    let world = World::with(Options { job_duration: Duration::from_secs(2), ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["policy.submitted"]);
    world.until("the job is polled", |world| !world.requests(Endpoint::Job).is_empty());
    daemon.signal(Signal::KILL);
    daemon.ends();
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["policy.deployed"]);
    assert_eq!(world.submits(), 1);
    let asked: BTreeSet<_> =
        world.requests(Endpoint::Job).iter().map(|request| request.path.clone()).collect();
    assert_eq!(asked.len(), 1, "the same job, before and after");
}

/// One policy whose submit arrived at a tenant that lists nothing, and whose daemon was killed before the answer.
pub fn killed_in_a_submit() -> World {
    let faults = vec!["submit:hang:first=1".parse().unwrap()];
    let options = Options { faults, reads: false, job_duration: Duration::ZERO, ..Options::default() };
    let world = World::with(options);
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    world.until("the submit arrives", |world| world.submits() == 1);
    daemon.signal(Signal::KILL);
    daemon.ends();
    world
}

#[test]
fn killed_before_the_answer_it_resends_under_the_same_key() {
    let world = killed_in_a_submit();
    // The file has changed since: the older operation is resolved first, and then the newest goes.
    world.write("a.yaml", &policy("a", "'self' https://cdn.example"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["policy.deployed"]);
    daemon.logs(&["policy.deployed"]);
    let submits = world.requests(Endpoint::Submit);
    assert_eq!(submits.len(), 3);
    assert_eq!(submits[0].headers["idempotency-key"], submits[1].headers["idempotency-key"]);
    assert_eq!(submits[0].body, submits[1].body);
    assert_ne!(submits[1].headers["idempotency-key"], submits[2].headers["idempotency-key"]);
    let live = &world.live("default")["a"]["securityProfile"]["contentSecurityPolicy"]["directives"];
    assert_eq!(live["script-src"], "'self' https://cdn.example");
}

#[test]
fn in_doubt_a_live_read_tells() {
    let faults = vec!["submit:hang:first=1".parse().unwrap()];
    let world = World::with(Options { faults, job_duration: Duration::ZERO, ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    world.until("the submit takes effect", |world| world.submits() == 1 && world.live("default").len() == 1);
    daemon.signal(Signal::KILL);
    daemon.ends();
    world.run(&["apply"]).exits(0).says("resume, done");
    assert_eq!(world.submits(), 1, "what is live already is not sent again");
}

#[test]
fn in_doubt_a_removal_is_asked_for_again_while_the_policy_is_live() {
    let faults = vec!["delete:hang:first=1:applied=no".parse().unwrap()];
    let world = World::with(Options { faults, job_duration: Duration::ZERO, ..Options::default() });
    for name in ["a", "b"] {
        world.write(&format!("{name}.yaml"), &policy(name, "'self'"));
    }
    world.run(&["apply"]).exits(0);
    world.remove("a.yaml");
    let mut daemon = world.start(&["run", "--prune"]);
    world.until("the removal is asked for", |world| world.requests(Endpoint::Delete).len() == 1);
    daemon.signal(Signal::KILL);
    daemon.ends();
    world.run(&["apply", "--prune"]).exits(0).says("resume, done");
    assert_eq!(world.live("default").into_keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn asked_to_end_it_lets_the_job_finish() {
    let world = World::with(Options { job_duration: Duration::from_secs(1), ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["policy.submitted"]);
    daemon.signal(Signal::TERM);
    daemon.logs(&["shutdown.started"]);
    daemon.logs(&["policy.deployed"]);
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn asked_twice_it_leaves_the_job_on_record() {
    let faults = vec!["job:stuck:first=1".parse().unwrap()];
    let world = World::with(Options { faults, ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["policy.submitted"]);
    daemon.signal(Signal::TERM);
    daemon.logs(&["shutdown.started"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    let status = world.run(&["status", "-o", "json"]).json();
    assert_eq!(status["policies"][0]["health"], "Progressing");
    assert_eq!(status["policies"][0]["sync"], "OutOfSync");
    assert_eq!(world.entries("operation.location").len(), 1);
}

#[test]
fn asked_twice_it_waits_for_no_answer_and_resolves_it_at_the_next_start() {
    for fault in ["submit:hang:first=1", "token:hang:first=1", "probe:hang:first=3"] {
        let world = World::with(Options { faults: vec![fault.parse().unwrap()], ..Options::default() });
        world.write("a.yaml", &policy("a", "'self'"));
        let mut daemon = world.start(&["run"]);
        let (endpoint, count) = match &fault[..5] {
            "submi" => (Endpoint::Submit, 1),
            "token" => (Endpoint::Token, 1),
            _ => (Endpoint::Probe, 3),
        };
        world.until("the requests arrive", |world| world.requests(endpoint).len() == count);
        let asked = Instant::now();
        daemon.signal(Signal::TERM);
        daemon.logs(&["shutdown.started"]);
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.ends(), Some(0), "{fault}");
        assert!(asked.elapsed() < Duration::from_secs(8), "{fault}: the request alone would take 10 s");
        world.run(&["apply"]).exits(0);
        let keys: BTreeSet<_> =
            world.requests(Endpoint::Submit).iter().map(|r| r.headers["idempotency-key"].clone()).collect();
        assert_eq!(keys.len(), 1, "{fault}");
        world.run(&["status"]).exits(0).says("Healthy");
        assert_eq!(
            world.entries("policy.verdict").len(),
            1,
            "{fault}: what was not probed then is probed now"
        );
    }
}

#[test]
fn a_second_writer_is_told_who_writes_and_readers_are_let_in() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["probe.result"]);
    world.run(&["apply"]).exits(1).complains("in use by `chatward run`, process ").complains("SIGHUP");
    world.run(&["plan"]).exits(0).says("Plan: 0 to create, 0 to update, 0 to remove, 1 in sync, 0 held.");
    world.run(&["status"]).exits(0).says("Synced");
    world.run(&["audit", "verify"]).exits(0).says("The ledger is whole");
    let mut standby = world.start(&["run", "--standby"]);
    standby.logs(&["ledger.standby", "waiting for `chatward run`"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    standby.logs(&["daemon.started"]);
}

#[test]
fn a_cancelled_apply_exits_5() {
    let faults = vec!["job:stuck".parse().unwrap()];
    let world = World::with(Options { faults, ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    let mut apply = world.start(&["apply"]);
    apply.logs(&["policy.submitted"]);
    apply.signal(Signal::INT);
    apply.logs(&["shutdown.started"]);
    apply.signal(Signal::INT);
    assert_eq!(apply.ends(), Some(5));
}
