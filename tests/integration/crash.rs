//! Killed at random moments, while policies are being changed: nothing is lost, and nothing is done twice.
//!
//! A few kills are part of every run. All of them:
//! `CHATWARD_TEST_KILLS=50 CHATWARD_TEST_POLICIES=300 cargo test --release --test integration killed_at_random -- --nocapture`
//! The seed is printed; `CHATWARD_TEST_SEED` takes one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chatward::sandbox::{Endpoint, Options};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{World, policy};

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Policies whose every edit is a digest of its own.
struct Policies<'a> {
    world: &'a World,
    edits: Vec<u64>,
    chance: fastrand::Rng,
}

impl Policies<'_> {
    fn name(number: usize) -> String {
        format!("p{number}")
    }

    fn source(&self, number: usize) -> String {
        format!("'self' https://edit-{}.example", self.edits[number])
    }

    fn edit(&mut self, number: usize) {
        self.edits[number] += 1;
        let name = Self::name(number);
        self.world.write(&format!("{name}.yaml"), &policy(&name, &self.source(number)));
    }

    fn edit_some(&mut self) {
        for _ in 0..self.edits.len() / 10 + 1 {
            let number = self.chance.usize(..self.edits.len());
            self.edit(number);
        }
    }
}

#[test]
fn killed_at_random_moments_it_loses_nothing_and_does_nothing_twice() {
    let (kills, count) = (variable("CHATWARD_TEST_KILLS", 8), variable("CHATWARD_TEST_POLICIES", 40));
    let seed = variable("CHATWARD_TEST_SEED", fastrand::u64(..1 << 32));
    eprintln!("{kills} kills over {count} policies, CHATWARD_TEST_SEED={seed}");
    let world = World::with(Options {
        job_duration: Duration::from_millis(120),
        // Answers that never come, some of what was done and some of what was not.
        faults: ["submit:reset:every=23", "submit:reset:applied=no:every=29", "job:reset:every=31"]
            .map(|fault| fault.parse().unwrap())
            .to_vec(),
        ..Options::default()
    });
    let tenant = world.tenant("default", "    limits: { requests_in_flight: 20, jobs_in_flight: 30 }\n");
    world.write_settings(&format!("guard: {{ max_changes: 100% }}\ntenants:\n{tenant}"));
    let chance = fastrand::Rng::with_seed(seed);
    let mut policies = Policies { world: &world, edits: vec![0; count as usize], chance };
    (0..count as usize).for_each(|number| policies.edit(number));

    for _ in 0..kills {
        let mut daemon = world.start(&["run"]);
        let lines = policies.chance.u32(0..120);
        let edits_at = policies.chance.u32(0..120);
        for line in 0..lines {
            if line == edits_at {
                policies.edit_some();
            }
            // Once everything is done it says nothing more, and is killed while it waits.
            if daemon.line(Duration::from_secs(3)).is_none() {
                break;
            }
        }
        std::thread::park_timeout(Duration::from_micros(policies.chance.u64(0..20_000)));
        daemon.signal(Signal::KILL);
        assert_eq!(daemon.ends(), None, "killed, and not ended by itself:\n{}", daemon.log.join("\n"));
        world.run(&["audit", "verify"]).exits(0);
        policies.edit_some();
    }
    // What has failed by a fault is tried again.
    let mut ran = world.run(&["apply"]);
    for _ in 0..5 {
        if ran.code != Some(0) {
            ran = world.run(&["apply"]);
        }
    }
    ran.exits(0);
    converged(&policies);
    exactly_once(&world);
    let traffic = world.traffic();
    world.run(&["apply"]).exits(0).says(&format!("{count} in sync"));
    assert_eq!(world.traffic(), traffic, "nothing is left to do");
}

/// What is live is what the files say.
fn converged(policies: &Policies<'_>) {
    let live = policies.world.live("default");
    for number in 0..policies.edits.len() {
        let name = Policies::name(number);
        let directives = &live[&name]["securityProfile"]["contentSecurityPolicy"]["directives"];
        assert_eq!(directives["script-src"], policies.source(number), "{name}");
    }
    let status = policies.world.run(&["status", "-o", "json"]).json();
    for policy in status["policies"].as_array().unwrap() {
        assert_eq!((&policy["sync"], &policy["health"]), (&"Synced".into(), &"Healthy".into()), "{policy}");
    }
}

/// By the tenant's own log: nothing was sent that was not meant first, and nothing was meant twice.
fn exactly_once(world: &World) {
    world.run(&["audit", "verify"]).exits(0);
    let intents: BTreeMap<String, Value> = world
        .entries("operation.intent")
        .into_iter()
        .map(|intent| (intent["idempotencyKey"].as_str().unwrap().to_owned(), intent))
        .collect();
    let mut bodies: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut digests: BTreeMap<String, String> = BTreeMap::new();
    for submit in world.requests(Endpoint::Submit) {
        let key = submit.headers["idempotency-key"].clone();
        let intent =
            intents.get(&key).unwrap_or_else(|| panic!("the tenant saw {key}, and the ledger does not tell"));
        let body: Value = serde_json::from_slice(&submit.body).unwrap();
        assert_eq!(body["metadata"]["policyHash"], intent["digest"]);
        let first = bodies.entry(key.clone()).or_insert_with(|| submit.body.clone());
        assert_eq!(*first, submit.body, "the same bytes under the same key");
        let policy = format!("{} {}", intent["policy"], intent["digest"]);
        assert_eq!(*digests.entry(policy).or_insert(key.clone()), key, "one digest, one key");
    }
    let effects = world.entries("operation.effect");
    let ended: BTreeSet<_> = effects.iter().map(|effect| effect["correlationId"].as_str().unwrap()).collect();
    assert_eq!(ended.len(), effects.len(), "an operation ends once");
    let open = intents.values().filter(|intent| !ended.contains(intent["correlationId"].as_str().unwrap()));
    assert_eq!(open.count(), 0, "and each has ended");
}
