//! A tenant that fails again and again is left alone, on record and in sight.

use std::time::Duration;

use chatward::sandbox::{Endpoint, Options};

use crate::support::{World, policy};

#[test]
fn a_breaker_opens_and_closes_on_record() {
    let world = World::with(Options {
        faults: vec!["submit:503".parse().unwrap()],
        job_duration: Duration::from_millis(30),
        ..Options::default()
    });
    world.settings(&["default"], "    breaker: { failures: 4, open: 1h, max_open: 2h }\n");
    for number in 0..20 {
        world.write(&format!("p{number}.yaml"), &policy(&format!("p{number}"), "'self'"));
    }
    world.run(&["apply"]).exits(1).says("breaker is open until");
    let submits = world.requests(Endpoint::Submit).len();
    assert!((4..=8).contains(&submits), "{submits} submits: those that were under way, and no more");
    let entries = world.entries("tenant.breaker");
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["tenant"], &entries[0]["state"]), (&"default".into(), &"open".into()));
    let why = entries[0]["why"].as_str().unwrap();
    assert!(why.starts_with("4 failures in a row, the last: submit: HTTP 503"), "{why}");
    world.run(&["status"]).says("default: breaker open until 2").says("4 failures in a row");
    world.run(&["audit", "show", "--entries"]).says("tenant.breaker").says("breaker open");

    world.sandbox.set_faults(Vec::new());
    world.run(&["apply"]).exits(0);
    let entries = world.entries("tenant.breaker");
    assert_eq!(entries.last().unwrap()["state"], "closed");
    assert!(!world.run(&["status"]).stdout.contains("breaker"));
}
