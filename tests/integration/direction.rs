//! Whether a change guards better or worse: told in plan, log and audit, and held where the settings ask for that.

use serde_json::json;

use crate::support::{World, policy};

const STRICT: &str = "'self'";
const WEAK: &str = "'self' https://cdn.example";

/// A world in which the strict policy is live, under this guard.
fn world(weakening: &str) -> World {
    let world = World::new();
    world.write_settings(&format!("guard: {{ {weakening} }}\ntenants:\n{}", world.tenant("default", "")));
    world.write("a.yaml", &policy("a", STRICT));
    world.run(&["apply"]).exits(0);
    world
}

fn accepted(script_src: &str, reason: &str) -> String {
    let annotations = format!("  annotations: {{ chatward.dev/accept-weakening: '{reason}' }}\nspec:\n");
    policy("a", script_src).replace("spec:\n", &annotations)
}

#[test]
fn a_weaker_policy_goes_through_with_a_warning() {
    let world = world("max_changes: 50%");
    world.write("a.yaml", &policy("a", WEAK));
    world
        .run(&["plan"])
        .exits(0)
        .says("direction: weakens")
        .says("↓ script-src now allows https://cdn.example");
    let step = &world.run(&["plan", "-o", "json"]).json()["steps"][0];
    assert_eq!(step["direction"], "weakens");
    assert_eq!(
        step["reasons"],
        json!([{ "direction": "weakens", "text": "script-src now allows https://cdn.example" }])
    );
    let warning = "update default/a: weakens: script-src now allows https://cdn.example";
    world.run(&["apply"]).exits(0).complains(warning);
    assert_eq!(world.submits(), 2);
    let deployments = &world.run(&["audit", "show", "-o", "json"]).json()["deployments"];
    assert_eq!(deployments[0]["direction"], json!(null));
    assert_eq!(deployments[1]["direction"], "weakens");
    world.run(&["audit", "verify"]).exits(0);

    world.write("a.yaml", &policy("a", STRICT));
    world.run(&["plan"]).exits(0).says("direction: strengthens");
    let applied = world.run(&["apply"]);
    assert!(!applied.exits(0).stderr.contains("WARN"), "{}", applied.stderr);
}

#[test]
fn nothing_is_warned_of_where_that_is_allowed() {
    let world = world("weakening: allow");
    world.write("a.yaml", &policy("a", WEAK));
    let applied = world.run(&["apply"]);
    assert!(!applied.exits(0).stderr.contains("WARN"), "{}", applied.stderr);
    world.run(&["audit", "show"]).exits(0).says("weakens; script-src now allows");
}

#[test]
fn a_held_change_passes_once_its_document_says_why() {
    let world = world("weakening: hold");
    world.write("a.yaml", &policy("a", WEAK));
    world.run(&["plan"]).exits(0).says("held (weakening)").says("chatward.dev/accept-weakening");
    world.run(&["apply"]).exits(1).complains("script-src now allows https://cdn.example");
    assert_eq!(world.submits(), 1);
    world.run(&["status"]).says("weakening");
    assert_eq!(world.entries("policy.held")[0]["reason"], "weakening");

    world.write("a.yaml", &accepted(WEAK, "SEC-12: the new CDN"));
    world.run(&["plan"]).exits(0).says("accepted: SEC-12: the new CDN");
    world.run(&["apply"]).exits(0);
    assert_eq!(world.submits(), 2);
    assert_eq!(world.entries("policy.released").len(), 1);
    let intent = &world.entries("operation.intent")[1];
    assert_eq!(intent["acceptedWeakening"], "SEC-12: the new CDN");
    assert_eq!(intent["assessment"]["direction"], "weakens");
    let deployments = &world.run(&["audit", "show", "-o", "json"]).json()["deployments"];
    assert_eq!(deployments[1]["acceptedWeakening"], "SEC-12: the new CDN");
    world.run(&["audit", "show"]).exits(0).says("weakens, accepted: SEC-12: the new CDN");
    world.run(&["audit", "verify"]).exits(0);
}

#[test]
fn what_is_both_weaker_and_stronger_is_held_too() {
    let world = world("weakening: hold");
    world.write("a.yaml", &policy("a", "https://cdn.example"));
    world.run(&["plan"]).exits(0).says("held (weakening)").says("direction: mixed");
    world.write("a.yaml", &policy("a", "'none'"));
    world.run(&["apply"]).exits(0);
}
