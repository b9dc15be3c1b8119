//! What probing shows, and what follows from it: own probes, an endpoint that is down, and the way back. And webhooks: what
//! is registered is what is set.

use std::time::Duration;

use chatward::sandbox::{Endpoint, Options};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{World, policy};

/// Settings of a tenant with more below `verify`.
fn verify(world: &World, more: &str) {
    let text = world.tenant("default", "").replace("/{policy}' }", &format!("/{{policy}}', {more} }}"));
    assert!(text.contains(more));
    world.write_settings(&format!("tenants:\n{text}"));
}

/// A policy that lets script URIs through.
fn weak(name: &str, script_src: &str) -> String {
    policy(name, script_src).replace(", block-script-uris", "")
}

/// The payloads that were probed, in the order of their sending.
fn inputs(world: &World) -> Vec<String> {
    let input = |body: &[u8]| {
        serde_json::from_slice::<Value>(body).unwrap()["testInput"].as_str().unwrap().to_owned()
    };
    world.requests(Endpoint::Probe).iter().map(|request| input(&request.body)).collect()
}

/// A world whose tenant does that.
fn faulty(fault: &str) -> World {
    World::with(Options {
        faults: vec![fault.parse().unwrap()],
        job_duration: Duration::from_millis(30),
        ..Options::default()
    })
}

#[test]
fn own_probes_are_tried_beside_the_standard_ones() {
    let world = World::new();
    let benign = "{ name: benign, payload: '2 < 3 && 5 > 4', expect: allowed }";
    let svg = "{ name: svg, payload: '<svg onload=alert(1)>', expect: blocked }";
    verify(&world, &format!("probes: [{benign}, {svg}]"));
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0).says("✓ default/a: create, done, verified");
    assert_eq!(inputs(&world).len(), 5);
    assert!(inputs(&world).contains(&"2 < 3 && 5 > 4".to_owned()));
    let verdict = world.entries("policy.verdict").remove(0);
    assert_eq!((&verdict["verification"], &verdict["successRate"]), (&json!("verified"), &json!(1.0)));
    assert_eq!(verdict["probes"][3]["name"], "benign");
    assert_eq!(verdict["probes"][3]["expected"], "allowed");
    assert_eq!(verdict["probes"][3]["verdict"], "allowed");
    let shown = world.run(&["audit", "show", "-o", "json"]).json();
    assert_eq!(shown["deployments"][0]["validationResults"][3]["met"], true);

    // Blocking what is harmless is as wrong as letting through what is not.
    let world = World::new();
    verify(&world, "probes: [{ name: control, payload: '<script src=/ours.js>', expect: allowed }]");
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(1).says("default/a: create, done, degraded");
    let verdict = world.entries("policy.verdict").remove(0);
    assert_eq!((&verdict["verification"], &verdict["successRate"]), (&json!("degraded"), &json!(0.75)));

    // Unless so much is not required.
    let world = World::new();
    verify(&world, "required: 0.6");
    world.write("a.yaml", &weak("a", "'self'"));
    world.run(&["apply"]).exits(0).says("verified");
    assert_eq!(world.run(&["status", "-o", "json"]).json()["policies"][0]["health"], "Healthy");
}

#[test]
fn an_endpoint_that_is_down_is_probed_again_and_rolls_nothing_back() {
    let world = faulty("probe:503:after=3:first=6");
    verify(&world, "on_failure: rollback");
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0).says("verified");
    world.write("a.yaml", &policy("a", "'self' https://cdn.example"));
    world.run(&["apply"]).exits(0).says("✓ default/a: update, done, unverified");
    assert_eq!(world.run(&["status", "-o", "json"]).json()["policies"][0]["health"], "Unverified");
    world.run(&["plan"]).says("1 to verify again");
    world.run(&["apply"]).exits(0).says("✓ default/a: verify, done, unverified");
    world.run(&["apply"]).exits(0).says("✓ default/a: verify, done, verified");
    world.run(&["apply"]).exits(0).says("1 in sync");
    assert_eq!((world.submits(), inputs(&world).len()), (2, 12));
    assert_eq!(world.entries("operation.intent").len(), 2);
    let verdicts = world.entries("policy.verdict");
    let each: Vec<&Value> = verdicts.iter().map(|verdict| &verdict["verification"]).collect();
    assert_eq!(each, ["verified", "unverified", "unverified", "verified"]);
}

#[test]
fn what_lets_a_probe_through_is_rolled_back_once_and_held() {
    let world = World::new();
    verify(&world, "on_failure: rollback");
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0).says("verified");
    let verified = world.live("default")["a"].clone();

    world.write("a.yaml", &weak("a", "'self' https://new.example"));
    world
        .run(&["apply"])
        .exits(4)
        .says("✓ default/a: update, done, degraded; rollback to ")
        .says(", done, verified");
    assert_eq!(world.live("default")["a"], verified, "byte for byte what was verified");
    assert_eq!(world.submits(), 3);
    let intents = world.entries("operation.intent");
    assert_eq!((&intents[2]["operation"], &intents[2]["cause"]), (&json!("rollback"), &json!("degraded")));
    assert_eq!(intents[2]["digest"], intents[0]["digest"]);
    assert_eq!(intents[2]["previousDigest"], intents[1]["digest"]);
    assert_ne!(intents[2]["idempotencyKey"], intents[0]["idempotencyKey"]);
    world.run(&["audit", "show"]).exits(0).says("rollback");

    // What was rolled back stays away, pass after pass, and is shown as held.
    for _ in 0..2 {
        world.run(&["apply"]).exits(4).says("rolled-back");
    }
    assert_eq!((world.submits(), world.entries("policy.held").len()), (3, 1));
    let row = world.run(&["status", "-o", "json"]).json()["policies"][0].clone();
    assert_eq!((&row["sync"], &row["held"]), (&json!("Held"), &json!("rolled-back")));
    assert_eq!((&row["health"], &row["verification"]), (&json!("Healthy"), &json!("verified")));
    world.run(&["status"]).exits(0).says("rolled-back");

    // A changed file goes; one that is asked for goes, too, and comes back again.
    world.write("a.yaml", &policy("a", "'self' https://new.example"));
    world.run(&["apply"]).exits(0).says("verified");
    world.write("a.yaml", &weak("a", "'self'"));
    world.run(&["apply"]).exits(4).says("; rollback to ");
    world.run(&["apply"]).exits(4);
    let before = world.submits();
    world.run(&["apply", "--retry"]).exits(4).says("; rollback to ");
    assert_eq!(world.submits(), before + 2);
    world.run(&["audit", "verify"]).exits(0);
}

#[test]
fn there_is_no_way_back_without_something_verified_nor_after_a_rollback() {
    // The first policy is verified, and then its endpoint lets everything through.
    let world = faulty("probe:200:after=3");
    verify(&world, "on_failure: rollback");
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0).says("verified");
    world.write("a.yaml", &policy("a", "'self' https://new.example"));
    world.run(&["apply"]).exits(4).says("degraded; rollback to ").says(", done, degraded");
    assert_eq!(world.submits(), 3, "no roll-back after a roll-back");
    world.run(&["apply"]).exits(4);
    assert_eq!(world.submits(), 3);

    world.write("b.yaml", &policy("b", "'self'"));
    let ran = world.run(&["apply"]);
    assert!(!ran.stdout.contains("rollback to"), "{}", ran.stdout);
    assert_eq!(world.submits(), 4);
}

#[test]
fn a_rollback_that_was_asked_for_later_or_was_cut_off_is_made_up_for() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    world.write("a.yaml", &weak("a", "'self' https://new.example"));
    world.run(&["apply"]).exits(1).says("degraded");
    world.run(&["apply"]).exits(0).says("1 in sync");
    verify(&world, "on_failure: rollback");
    world.run(&["apply"]).exits(4).says("verify, done, degraded; rollback to ");
    world.run(&["apply"]).exits(4).says("rolled-back");
    assert_eq!(world.submits(), 3);
}

#[test]
fn a_rollback_that_is_killed_is_carried_on_and_what_it_took_away_stays_away() {
    let world = World::new();
    verify(&world, "on_failure: rollback");
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    world.write("a.yaml", &weak("a", "'self' https://new.example"));
    // Of its submits the first is the update, and the second, the roll-back, is taken but never answered.
    world.sandbox.set_faults(vec!["submit:hang:after=1:first=1:applied=yes".parse().unwrap()]);
    let mut daemon = world.start(&["run"]);
    world.until("the roll-back is sent", |world| world.submits() == 3);
    daemon.signal(Signal::KILL);
    daemon.ends();
    world.run(&["apply"]).exits(0).says("✓ default/a: resume, done, verified");
    world.run(&["apply"]).exits(4).says("rolled-back");
    assert_eq!(world.entries("operation.intent").len(), 3);
    let live = &world.live("default")["a"]["securityProfile"]["contentSecurityPolicy"];
    assert_eq!(live["directives"]["script-src"], "'self'");
}

#[test]
fn what_was_live_before_probing_was_set_up_is_probed() {
    let world = World::new();
    let without = world.tenant("default", "");
    let without: Vec<&str> = without.lines().filter(|line| !line.contains("verify:")).collect();
    world.write_settings(&format!("tenants:\n{}\n", without.join("\n")));
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0).says("✓ default/a: create, done\n");
    world.run(&["apply"]).exits(0).says("1 in sync");
    world.settings(&["default"], "");
    world.run(&["apply"]).exits(0).says("✓ default/a: verify, done, verified");
    world.run(&["apply"]).exits(0).says("1 in sync");
    assert_eq!((world.submits(), inputs(&world).len()), (1, 3));
}

#[test]
fn a_rollback_that_fails_is_not_tried_again() {
    let world = faulty("job:fail:after=2:first=1");
    verify(&world, "on_failure: rollback");
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    world.write("a.yaml", &weak("a", "'self'"));
    world.run(&["apply"]).exits(1).says("degraded; rollback to ").says("failed");
    world.run(&["apply"]);
    assert_eq!(world.submits(), 3);
    assert_eq!(world.run(&["status", "-o", "json"]).json()["policies"][0]["health"], "Degraded");
}

/// Settings with webhooks of these names and addresses.
fn webhooks(world: &World, webhooks: &[(&str, &str)]) {
    let one = |(name, path): &(&str, &str)| {
        format!("{{ name: {name}, url: 'https://siem.example/{path}', secret: {{ env: TEST_SECRET }} }}")
    };
    let all: Vec<String> = webhooks.iter().map(one).collect();
    world.write("a.yaml", &policy("a", "'self'"));
    world.settings(&["default"], &format!("    webhooks: [{}]\n", all.join(", ")));
}

/// What is registered at the tenant: names and addresses, in the order of names.
fn registered(world: &World) -> Vec<(String, String)> {
    let all = world.sandbox.webhooks(&"default".parse().unwrap());
    let path = |url: &str| url.trim_start_matches("https://siem.example/").to_owned();
    let mut all: Vec<_> = all.into_iter().map(|it| (it.name.unwrap(), path(&it.url))).collect();
    all.sort();
    all
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect()
}

#[test]
fn a_changed_webhook_replaces_the_old_one_and_one_that_left_goes() {
    let world = World::new();
    webhooks(&world, &[("siem", "in"), ("ops", "in")]);
    world.run(&["apply"]).exits(0);
    assert_eq!(registered(&world), pairs(&[("ops", "in"), ("siem", "in")]));

    webhooks(&world, &[("siem", "other"), ("ops", "in")]);
    world.run(&["apply"]).exits(0);
    assert_eq!(registered(&world), pairs(&[("ops", "in"), ("siem", "other")]));
    let removed = world.entries("webhook.removed");
    assert_eq!((removed.len(), &removed[0]["webhook"]), (1, &json!("siem")));
    assert_eq!(removed[0]["webhookId"], world.entries("webhook.effect")[0]["webhookId"]);

    webhooks(&world, &[("siem", "other")]);
    world.run(&["apply"]).exits(0);
    assert_eq!(registered(&world), pairs(&[("siem", "other")]));
    assert_eq!(world.run(&["status", "-o", "json"]).json()["tenants"][0]["webhooks"], json!(["siem"]));
    world.run(&["audit", "show", "--entries"]).exits(0).says("webhook.removed");

    let traffic = world.traffic();
    world.run(&["apply"]).exits(0);
    assert_eq!(world.traffic(), traffic, "nothing is left to do");
    webhooks(&world, &[("siem", "a"), ("siem", "b")]);
    world.run(&["apply"]).exits(1).complains("there are two with the name \"siem\"");
    world.run(&["audit", "verify"]);
}

#[test]
fn a_tenant_that_removes_no_webhooks_is_told_of_once() {
    let world = World::new();
    webhooks(&world, &[("siem", "in")]);
    world.run(&["apply"]).exits(0);
    webhooks(&world, &[("siem", "other")]);
    // The registration goes through; the removal that follows is not offered.
    world.sandbox.set_faults(vec!["webhook:405:after=1".parse().unwrap()]);
    world.run(&["apply"]).exits(0);
    assert_eq!(registered(&world).len(), 2);
    let removed = world.entries("webhook.removed");
    assert_eq!((removed.len(), removed[0]["left"].as_str().unwrap().contains("405")), (1, true));
    world.run(&["apply"]).exits(0);
    assert_eq!(world.entries("webhook.removed").len(), 1);
}

#[test]
fn a_webhook_that_could_not_be_removed_is_by_a_later_pass() {
    let world = World::new();
    webhooks(&world, &[("siem", "in"), ("ops", "in")]);
    world.run(&["apply"]).exits(0);
    webhooks(&world, &[("siem", "other")]);
    world.sandbox.set_faults(vec!["webhook:403:after=1:first=2".parse().unwrap()]);
    world.run(&["apply"]).exits(4).says("HTTP 403");
    assert_eq!(registered(&world), pairs(&[("ops", "in"), ("siem", "in"), ("siem", "other")]));
    world.run(&["apply"]).exits(0);
    assert_eq!(registered(&world), pairs(&[("siem", "other")]));
    assert_eq!(world.requests(Endpoint::RegisterWebhook).len(), 3);

    // Gone already is as good.
    webhooks(&world, &[]);
    world.sandbox.set_faults(vec!["webhook:404".parse().unwrap()]);
    world.run(&["apply"]).exits(0);
    assert_eq!(world.run(&["status", "-o", "json"]).json()["tenants"][0]["webhooks"], json!([]));
}

#[test]
fn in_doubt_the_name_decides_but_never_for_what_was_registered_before() {
    let world = World::new();
    webhooks(&world, &[("siem", "in")]);
    world.run(&["apply"]).exits(0);
    webhooks(&world, &[("siem", "other")]);
    world.sandbox.set_faults(vec!["webhook:hang:first=1:applied=yes".parse().unwrap()]);
    let mut daemon = world.start(&["run"]);
    world.until("the registration arrives", |world| registered(world).len() == 2);
    daemon.signal(Signal::KILL);
    daemon.ends();
    world.sandbox.set_faults(Vec::new());
    world.run(&["apply"]).exits(0);
    assert_eq!(registered(&world), pairs(&[("siem", "other")]));
    let effects = world.entries("webhook.effect");
    assert_eq!(effects.len(), 2);
    assert_ne!(effects[0]["webhookId"], effects[1]["webhookId"]);

    // An answer that can't be read does not say the id; the list does, and the old one can go.
    webhooks(&world, &[("siem", "third")]);
    world.sandbox.set_faults(vec!["webhook:garbage:first=1".parse().unwrap()]);
    world.run(&["apply"]).exits(0);
    assert_eq!(registered(&world), pairs(&[("siem", "third")]));
    assert_eq!(world.entries("webhook.removed").len(), 2);
}

#[test]
fn what_arrived_of_settings_that_are_not_wanted_any_more_goes() {
    for wanted in [&[("siem", "third")] as &[_], &[]] {
        let world = World::new();
        webhooks(&world, &[("siem", "in")]);
        world.run(&["apply"]).exits(0);
        webhooks(&world, &[("siem", "other")]);
        world.sandbox.set_faults(vec!["webhook:hang:first=1:applied=yes".parse().unwrap()]);
        let mut daemon = world.start(&["run"]);
        world.until("the registration arrives", |world| registered(world).len() == 2);
        daemon.signal(Signal::KILL);
        daemon.ends();
        webhooks(&world, wanted);
        world.run(&["apply"]).exits(0);
        assert_eq!(registered(&world), pairs(wanted));
        let traffic = world.traffic();
        world.run(&["apply"]).exits(0);
        assert_eq!(world.traffic(), traffic, "nothing is left to do");
    }
}
