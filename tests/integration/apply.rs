//! One pass after another: only what drifted is sent, once, and what went wrong harms only itself.

use std::time::Duration;

use chatward::sandbox::{Endpoint, Options};

use crate::support::{World, policy};

#[test]
fn of_200_policies_the_one_that_changed_is_sent() {
    let world = World::new();
    for number in 0..200 {
        world.write(&format!("default/p{number}.yaml"), &policy(&format!("p{number}"), "'self'"));
    }
    world.run(&["apply"]).exits(0).says("Apply: 200 done, 0 failed, 0 in progress, 0 in sync, 0 held.");
    assert_eq!((world.submits(), world.live("default").len()), (200, 200));

    world.write("default/p77.yaml", &policy("p77", "'self' https://cdn.example"));
    world.run(&["apply"]).exits(0).says("✓ default/p77: update, done, verified");
    assert_eq!(world.submits(), 201);
    let live = &world.live("default")["p77"];
    let directives = &live["securityProfile"]["contentSecurityPolicy"]["directives"];
    assert_eq!(directives["script-src"], "'self' https://cdn.example");
}

#[test]
fn an_unchanged_tree_sends_nothing_at_all() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    let (requests, entries) = (world.sandbox.requests().len(), world.run(&["audit", "show"]).stdout);
    world.run(&["apply"]).exits(0).says("Apply: 0 done, 0 failed, 0 in progress, 1 in sync, 0 held.");
    assert_eq!(world.sandbox.requests().len(), requests);
    assert_eq!(world.run(&["audit", "show"]).stdout, entries);
}

#[test]
fn another_spelling_of_the_same_policy_is_the_same() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self' https://cdn.example"));
    world.run(&["apply"]).exits(0);
    let spelt = policy("a", "'self' https://cdn.example");
    let comment = format!("# reviewed by security\n{spelt}");
    let list = spelt.replace(r#""'self' https://cdn.example""#, r#"["'self'", "https://cdn.example"]"#);
    for text in [&comment, &list] {
        assert_ne!(*text, spelt);
        world.write("a.yaml", text);
        world.run(&["apply"]).exits(0).says("1 in sync");
    }
    assert_eq!(world.submits(), 1);
}

#[test]
fn a_broken_file_holds_only_itself() {
    let world = World::new();
    world.write("good.yaml", &policy("good", "'self'"));
    world.write("bad.yaml", &policy("bad", "self"));
    world.write("worse.yaml", "apiVersion: [");
    let ran = world.run(&["apply"]);
    ran.exits(4).says("✓ default/good").says("default/bad").says("worse.yaml");
    assert_eq!(world.live("default").keys().collect::<Vec<_>>(), ["good"]);
    let held = world.entries("policy.held");
    assert_eq!(held.len(), 2);
    assert_eq!(held[0]["policy"], "bad");
    assert_eq!(held[0]["reason"], "invalid");
    assert_eq!(held[1]["subjectFile"], "worse.yaml");

    world.run(&["apply"]).exits(4);
    assert_eq!(world.entries("policy.held").len(), 2, "a hold is said once");

    world.write("bad.yaml", &policy("bad", "'self'"));
    world.remove("worse.yaml");
    world.run(&["apply"]).exits(0);
    assert_eq!(world.entries("policy.released").len(), 2);
    assert_eq!(world.live("default").len(), 2);
}

#[test]
fn a_file_that_stops_parsing_removes_nothing() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(0);
    world.write("a.yaml", "apiVersion: [");
    world.run(&["apply", "--prune"]).exits(4);
    assert_eq!(world.live("default").len(), 2);
    std::fs::remove_dir_all(world.policies()).unwrap();
    world.run(&["apply", "--prune"]).exits(1);
    std::fs::create_dir(world.policies()).unwrap();
    world.run(&["apply", "--prune"]).exits(1);
    assert_eq!(world.live("default").len(), 2);
}

#[test]
fn a_removed_file_is_pruned_only_where_that_is_asked_for() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(0);
    world.remove("a.yaml");
    world.run(&["apply"]).exits(0).says("prune-off");
    assert_eq!(world.live("default").len(), 2);
    world.run(&["plan", "--prune"]).exits(0).says("1 to remove");
    world.run(&["apply", "--prune"]).exits(0).says("✓ default/a: remove, done");
    assert_eq!(world.live("default").keys().collect::<Vec<_>>(), ["b"]);
    world.run(&["status"]).exits(0);
    world.run(&["apply", "--prune"]).exits(0).says("0 done, 0 failed, 0 in progress, 1 in sync, 0 held");
}

#[test]
fn documents_with_the_same_id_are_all_refused_and_named() {
    let world = World::new();
    world.write("one.yaml", &policy("a", "'self'"));
    world.write("two.yaml", &policy("a", "'self' https://cdn.example"));
    world.write("three.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(4);
    assert_eq!(world.live("default").keys().collect::<Vec<_>>(), ["b"]);
    let ran = world.run(&["validate"]);
    ran.exits(2).says("one.yaml:1:1; neither is taken").says("two.yaml:1:1; neither is taken");
}

#[test]
fn what_the_tenant_refuses_is_not_sent_again_until_it_changes() {
    let faults = vec!["submit:422:first=2".parse().unwrap()];
    let world = World::with(Options { faults, job_duration: Duration::ZERO, ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(1).says("failed");
    world.run(&["apply"]).exits(1).says("held (rejected)");
    assert_eq!(world.submits(), 1);
    world.run(&["apply", "--retry"]).exits(1);
    assert_eq!(world.submits(), 2);
    world.write("a.yaml", &policy("a", "'self' https://cdn.example"));
    world.run(&["apply"]).exits(0);
    let keys: Vec<_> =
        world.requests(Endpoint::Submit).iter().map(|r| r.headers["idempotency-key"].clone()).collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2], "each intent has a key of its own: {keys:?}");
}

#[test]
fn a_failed_job_is_told_in_the_tenants_words() {
    let faults = vec!["job:fail:first=1".parse().unwrap()];
    let world = World::with(Options { faults, job_duration: Duration::ZERO, ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(1).says("failed");
    let effect = &world.entries("operation.effect")[0];
    assert_eq!(effect["outcome"], "failed");
    assert!(effect["error"].as_str().is_some_and(|error| !error.is_empty()), "{effect}");
    // Another `apply` is somebody asking for it: it does not wait for the back-off.
    world.run(&["apply"]).exits(0);
}

#[test]
fn an_unanswered_submit_is_repeated_under_its_key_alone() {
    let faults = vec!["submit:reset:first=1".parse().unwrap()];
    let world = World::with(Options { faults, job_duration: Duration::ZERO, ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    let submits = world.requests(Endpoint::Submit);
    assert_eq!(submits.len(), 2);
    assert_eq!(submits[0].headers["idempotency-key"], submits[1].headers["idempotency-key"]);
    assert_eq!(submits[0].headers["x-cxone-correlation-id"], submits[1].headers["x-cxone-correlation-id"]);
    assert_eq!(submits[0].body, submits[1].body);
    assert_eq!(world.entries("operation.intent").len(), 1);
}

#[test]
fn what_is_sent_is_what_the_contract_says() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    let token = &world.requests(Endpoint::Token)[0];
    let form = String::from_utf8(token.body.clone()).unwrap();
    assert!(
        form.contains("grant_type=client_credentials") && form.contains("client_id=test-client"),
        "{form}"
    );
    let submit = &world.requests(Endpoint::Submit)[0];
    assert_eq!(submit.headers["content-type"], "application/json");
    assert_eq!(submit.headers["accept"], "application/json");
    assert_eq!(submit.headers["user-agent"], concat!("chatward/", env!("CARGO_PKG_VERSION")));
    let body: serde_json::Value = serde_json::from_slice(&submit.body).unwrap();
    assert_eq!(body["metadata"]["updatedBy"], "chatward");
    assert_eq!(body["metadata"]["policyName"], "a");
    let intent = &world.entries("operation.intent")[0];
    assert_eq!(body["metadata"]["policyHash"], intent["digest"]);
    assert_eq!(submit.headers["idempotency-key"], intent["idempotencyKey"].as_str().unwrap());
    for request in world.requests(Endpoint::Job).iter().chain([submit]) {
        assert_eq!(request.headers["x-cxone-correlation-id"], intent["correlationId"].as_str().unwrap());
    }
    for probe in world.requests(Endpoint::Probe) {
        assert!(!probe.headers.contains_key("authorization"), "the bearer goes to its own origin alone");
    }
}
