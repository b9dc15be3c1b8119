//! A mass change is held and let through by its digest alone, and a reviewed plan is applied as it was reviewed.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Daemon, LISTEN_TOKEN, World, policy};

/// Twelve policies: more than always pass.
const MANY: usize = 12;

fn write(world: &World, count: usize, script_src: &str) {
    for number in 0..count {
        let name = format!("p{number:02}");
        world.write(&format!("{name}.yaml"), &policy(&name, script_src));
    }
}

/// Those policies, live.
fn deployed() -> World {
    let world = World::new();
    write(&world, MANY, "'self'");
    world.run(&["apply"]).exits(0);
    world
}

fn live_script_src(world: &World, name: &str) -> Value {
    let path = "/securityProfile/contentSecurityPolicy/directives/script-src";
    world.live("default")[name].pointer(path).unwrap().clone()
}

/// The digest of the plan that is held, as a program reads it.
fn held_digest(world: &World) -> String {
    let plan = world.run(&["plan", "-o", "json"]).json();
    plan["heldPlans"][0]["digest"].as_str().unwrap().to_owned()
}

/// The digest that a line of the log tells.
fn told_digest(line: &str) -> String {
    let (_, rest) = line.split_once("chatward approve ").unwrap();
    rest.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_mass_change_is_let_through_by_its_digest_alone() {
    let world = deployed();
    write(&world, MANY, "'self' https://cdn.example");
    world
        .run(&["apply"])
        .exits(1)
        .says("its whole plan (12 changes) is held: 12 of 12 policies would change");
    let digest = held_digest(&world);
    world.run(&["plan"]).exits(0).says(&format!("chatward approve {digest} lets exactly that through"));
    let status = world.run(&["status", "-o", "json"]).json();
    assert_eq!(status["tenants"][0]["heldPlan"]["digest"], json!(digest), "{status}");
    assert_eq!(world.submits(), MANY);

    // Another digest, or too little of this one, lets nothing through.
    world.run(&["approve", &"0".repeat(64)]).exits(1).complains("no plan is held under that digest now");
    world.run(&["approve", &digest[..11]]).exits(64).complains("the first 12 or more are enough");
    world.run(&["approve", &digest[..12]]).exits(0).says("Approved: 12 changes at tenant default");
    world.run(&["plan"]).exits(0).says(&format!("plan {digest} was approved")).says("12 to update");
    world.run(&["apply"]).exits(0).says("12 done");
    assert_eq!(world.submits(), 2 * MANY);
    let (approved, released) = (world.entries("plan.approved"), world.entries("plan.released"));
    assert_eq!((approved.len(), released.len()), (1, 1));
    assert_eq!((&approved[0]["digest"], &released[0]["digest"]), (&json!(digest), &json!(digest)));
    assert!(approved[0]["by"]["user"].is_string() && approved[0]["by"]["host"].is_string(), "{approved:?}");

    // It is used up: going back and coming again is the same plan, and is held.
    write(&world, MANY, "'self'");
    world.run(&["apply"]).exits(1);
    world.run(&["approve", &held_digest(&world)]).exits(0);
    world.run(&["apply"]).exits(0);
    write(&world, MANY, "'self' https://cdn.example");
    world.run(&["apply"]).exits(1);
    assert_eq!((held_digest(&world), world.submits()), (digest, 3 * MANY));
}

#[test]
fn what_changed_since_it_was_approved_is_held_again() {
    let world = deployed();
    write(&world, MANY, "'self' https://cdn.example");
    let digest = held_digest(&world);
    world.run(&["approve", &digest]).exits(0);
    world.write("p03.yaml", &policy("p03", "'self' https://evil.example"));
    world.run(&["apply"]).exits(1).says("its whole plan (12 changes) is held");
    assert_ne!(held_digest(&world), digest);
    assert_eq!((world.submits(), world.entries("plan.released").len()), (MANY, 0));
    // What was approved is good once it is that again.
    world.write("p03.yaml", &policy("p03", "'self' https://cdn.example"));
    world.run(&["apply"]).exits(0);
    assert_eq!(world.submits(), 2 * MANY);
}

/// A daemon whose plan is held, and the digest that its log tells.
fn held() -> (World, Daemon, String) {
    let world = World::new();
    write(&world, MANY, "'self'");
    let settings =
        format!("listen_token: {{ env: LISTEN_TOKEN }}\ntenants:\n{}", world.tenant("default", ""));
    world.write_settings(&settings);
    world.run_as(world.command(&["apply"]).env("LISTEN_TOKEN", LISTEN_TOKEN)).exits(0);
    write(&world, MANY, "'self' https://cdn.example");
    let mut daemon = world.started(world.command(&["run"]).env("LISTEN_TOKEN", LISTEN_TOKEN));
    let digest = told_digest(&daemon.logs(&["plan.held", "12 of 12 policies would change"]));
    (world, daemon, digest)
}

#[test]
fn a_daemon_is_asked_for_an_approval_and_makes_a_pass_at_once() {
    let (world, mut daemon, digest) = held();
    let approve = |digest: &str, token: &str| {
        world.run_as(world.command(&["approve", digest]).env("LISTEN_TOKEN", token))
    };
    approve(&digest, "another-token").exits(1).complains("this is not the token");
    approve(&"f".repeat(12), LISTEN_TOKEN).exits(1).complains("no plan is held under that digest now");
    assert_eq!(world.submits(), MANY);

    // The tree changes meanwhile: what was seen is not what is held any more.
    world.write("p03.yaml", &policy("p03", "'self' https://other.example"));
    let changed = told_digest(&daemon.logs(&["plan.held"]));
    assert_ne!(changed, digest);
    approve(&digest, LISTEN_TOKEN).exits(1).complains(&changed);
    approve(&changed[..16], LISTEN_TOKEN).exits(0).says("A pass is made now");
    daemon.logs(&["plan.approved", &changed]);
    daemon.logs(&["plan.released", &changed]);
    world.until("all of it is live", |world| world.submits() == 2 * MANY);
    world.until("to its end", |world| live_script_src(world, "p03") == "'self' https://other.example");
}

#[test]
fn a_reviewed_plan_is_applied_as_it_is() {
    let world = World::new();
    write(&world, 2, "'self'");
    world.run(&["plan", "--out", "plan.json"]).exits(0).complains("applies exactly that");
    let text = fs::read_to_string(world.path().join("plan.json")).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&plan["version"], plan["changes"].as_array().unwrap().len()), (&json!(1), 2));

    // A comment changes no digest, so the plan is still good.
    world.write("p00.yaml", &format!("# reviewed\n{}", policy("p00", "'self'")));
    world.run(&["apply", "--plan", "plan.json"]).exits(0).says("2 done");
    assert_eq!(world.submits(), 2);
    // Once: from then on there is something else to do, which is nothing.
    world
        .run(&["apply", "--plan", "plan.json"])
        .exits(1)
        .complains("plan.json is stale")
        .complains("default/p00: planned was create")
        .complains("now there is nothing to do");
}

#[test]
fn a_stale_plan_names_what_differs_and_sends_nothing() {
    let world = deployed();
    write(&world, 2, "'self' https://cdn.example");
    world.run(&["plan", "--out", "plan.json"]).exits(0);
    world.write("p01.yaml", &policy("p01", "'self' https://evil.example"));
    world
        .run(&["apply", "--plan", "plan.json"])
        .exits(1)
        .complains("plan.json is stale")
        .complains("default/p01: planned was update");
    assert_eq!(world.submits(), MANY, "not even the one that is as it was reviewed");
    world.write("p01.yaml", &policy("p01", "'self' https://cdn.example"));
    world.write("p02.yaml", &policy("p02", "'self' https://more.example"));
    world.run(&["apply", "--plan", "plan.json"]).exits(1).complains("default/p02: nothing was planned");
    world.write("p02.yaml", &policy("p02", "'self'"));
    world.run(&["apply", "--plan", "plan.json"]).exits(0).says("2 done");
}

#[test]
fn a_forged_plan_is_refused() {
    let world = deployed();
    write(&world, 1, "'self' https://cdn.example");
    world.run(&["plan", "--out", "plan.json"]).exits(0);
    let path = world.path().join("plan.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"p00\"", "\"p01\"")).unwrap();
    world.run(&["apply", "--plan", "plan.json"]).exits(1).complains("it was changed after it was made");
    fs::write(&path, "{}").unwrap();
    world.run(&["apply", "--plan", "plan.json"]).exits(1).complains("it is no plan");
    world.run(&["apply", "--plan", "nowhere.json"]).exits(1).complains("plan nowhere.json");
    assert_eq!(world.submits(), MANY);
}

#[test]
fn a_reviewed_plan_does_not_pass_the_guard_by_itself() {
    let world = deployed();
    write(&world, MANY, "'self' https://cdn.example");
    world.run(&["plan", "--out", "plan.json"]).exits(0);
    world.run(&["apply", "--plan", "plan.json"]).exits(1).says("its whole plan (12 changes) is held");
    assert_eq!(world.submits(), MANY);
    world.run(&["approve", &held_digest(&world)]).exits(0);
    world.run(&["apply", "--plan", "plan.json"]).exits(0).says("12 done");
}

#[test]
fn more_weakening_changes_than_allowed_hold_the_whole_plan() {
    let world = World::new();
    let settings = format!("guard: {{ max_weakening: 1 }}\ntenants:\n{}", world.tenant("default", ""));
    world.write_settings(&settings);
    write(&world, 3, "'self'");
    world.run(&["apply"]).exits(0);
    write(&world, 1, "'self' https://cdn.example");
    world.run(&["apply"]).exits(0).says("1 done");
    world.write("p01.yaml", &policy("p01", "'self' https://cdn.example"));
    world.write("p02.yaml", &policy("p02", "'self' https://cdn.example"));
    world.write("p00.yaml", &policy("p00", "'none'"));
    world
        .run(&["plan"])
        .exits(0)
        .says("2 of 3 policies would be weaker, over guard.max_weakening (1)")
        .says("its whole plan (3 changes) is held");
    world.run(&["apply"]).exits(1);
    assert_eq!(world.submits(), 4);
}
