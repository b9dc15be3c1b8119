//! SIGTERM in every phase: within the grace what is under way ends, and beyond it is on record. The exit code is 0.

use std::time::{Duration, Instant};

use chatward::sandbox::{Endpoint, Options};
use rustix::process::Signal;

use crate::support::{World, policy};

#[test]
fn asked_to_end_in_any_phase_it_ends_what_it_began() {
    for (fault, endpoint, submitted) in [
        ("token:slow=5s:first=1", Endpoint::Token, 0),
        ("submit:slow=5s:first=1", Endpoint::Submit, 1),
        ("job:complete:duration=5s:first=1", Endpoint::Job, 1),
        ("probe:slow=5s:first=1", Endpoint::Probe, 1),
    ] {
        let options = Options {
            faults: vec![fault.parse().unwrap()],
            job_duration: Duration::ZERO,
            ..Options::default()
        };
        let world = World::with(options);
        world.write("a.yaml", &policy("a", "'self'"));
        let mut daemon = world.start(&["run"]);
        world.until("the phase is reached", |world| !world.requests(endpoint).is_empty());
        daemon.signal(Signal::TERM);
        daemon.logs(&["shutdown.started"]);
        assert_eq!(daemon.ends(), Some(0), "{fault}");
        assert_eq!(world.submits(), submitted, "{fault}: nothing is begun after the signal");
        assert_eq!(
            world.entries("policy.verdict").len(),
            submitted,
            "{fault}: and what was begun is verified"
        );
        world.run(&["audit", "verify"]).exits(0);
        world.run(&["apply"]).exits(0);
        assert_eq!(world.submits(), 1, "{fault}");
    }
}

#[test]
fn asked_to_end_between_passes_it_ends_at_once() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["pass.ended"]);
    let asked = Instant::now();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(15), "the grace is not waited for");
}

#[test]
fn beyond_the_grace_a_job_is_left_on_record() {
    let world =
        World::with(Options { faults: vec!["job:stuck:first=1".parse().unwrap()], ..Options::default() });
    let settings = world.tenant("default", "").replace("deadline: 10s", "deadline: 5m");
    world.write_settings(&format!("tenants:\n{settings}"));
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["policy.submitted"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    assert_eq!(world.entries("operation.location").len(), 1);
    let status = world.run(&["status", "-o", "json"]).json();
    assert_eq!(status["policies"][0]["health"], "Progressing");
}
