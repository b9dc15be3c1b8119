//! A wall clock that jumps by a day, forth and back: only time stamps move.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use chatward::sandbox::{Endpoint, Options};
use rustix::process::Signal;

use crate::support::{World, policy};

/// What fakes the time of a process; nothing, with the reason said, where it is not installed.
fn library() -> Option<PathBuf> {
    let places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let found = places
        .iter()
        .map(|place| Path::new(place).join("faketime/libfaketimeMT.so.1"))
        .find(|it| it.exists());
    if found.is_none() {
        eprintln!("skipped: there is no libfaketime to set the clock with");
    }
    found
}

/// By the wall clock alone, as an administrator or NTP sets it; the offset may change while it runs.
fn at(command: &mut Command, library: &Path, file: &Path) {
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1");
}

#[test]
fn a_day_forth_or_back_keeps_the_token_and_the_order_of_entries() {
    let Some(library) = library() else { return };
    let world = World::new();
    let clock = world.path().join("clock");
    fs::write(&clock, "+0").unwrap();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut command = world.command(&["run"]);
    at(&mut command, &library, &clock);
    let mut daemon = world.started(&mut command);
    daemon.logs(&["probe.result"]);
    for (number, offset) in ["+1d", "-1d", "+0"].iter().enumerate() {
        fs::write(&clock, offset).unwrap();
        world.write("a.yaml", &policy("a", &format!("'self' https://edit-{number}.example")));
        daemon.logs(&["policy.deployed"]);
        daemon.logs(&["probe.result"]);
    }
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    assert_eq!(
        (world.submits(), world.requests(Endpoint::Token).len()),
        (4, 1),
        "one token did for all of it"
    );
    let days: Vec<String> = world
        .entries("operation.intent")
        .iter()
        .map(|intent| intent["time"].as_str().unwrap()[..10].to_owned())
        .collect();
    assert!(days[0] < days[1] && days[2] < days[0], "the audit tells the wall clock: {days:?}");
    world.run(&["audit", "verify"]).exits(0);
}

#[test]
fn a_back_off_from_a_day_ahead_is_not_waited_for_and_a_key_from_there_is_still_good() {
    let Some(library) = library() else { return };
    let faults =
        vec!["job:fail:first=1".parse().unwrap(), "submit:hang:policy=b:first=1:applied=no".parse().unwrap()];
    let world =
        World::with(Options { faults, reads: false, job_duration: Duration::ZERO, ..Options::default() });
    let clock = world.path().join("clock");
    fs::write(&clock, "+25h").unwrap();
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'"));
    let mut command = world.command(&["run"]);
    at(&mut command, &library, &clock);
    let mut daemon = world.started(&mut command);
    daemon.logs(&["policy.failed", "default/a"]);
    world.until("the other submit arrives", |world| world.submits() == 2);
    daemon.signal(Signal::KILL);
    daemon.ends();
    // The clock is right now.
    let mut daemon = world.start(&["run"]);
    world.until("both are live", |world| world.live("default").len() == 2);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    let effects = world.entries("operation.effect");
    assert!(effects.iter().all(|effect| effect["outcome"] != "abandoned"), "{effects:?}");
    world.run(&["audit", "verify"]).exits(0);
}
