//! What was deployed of a policy, compared and brought back, by the ledger alone.

use crate::support::{World, policy};

const ID: &str = "default/checkout-chat";

/// A policy that was deployed, opened up, and deployed again.
fn edited() -> World {
    let world = World::new();
    for script_src in ["'self'", "'self' https://cdn.example"] {
        world.write("checkout.yaml", &policy("checkout-chat", script_src));
        world.run(&["apply"]).exits(0);
    }
    world
}

/// The digests that it had, oldest first.
fn digests(world: &World) -> Vec<String> {
    let ran = world.run(&["history", ID, "-o", "json"]);
    let deployments = ran.exits(0).json();
    let all = deployments["deployments"].as_array().or(deployments.as_array()).unwrap();
    all.iter().map(|deployment| deployment["policyHash"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_operation_is_listed_and_two_digests_are_compared() {
    let world = edited();
    let told = world.run(&["history", ID]);
    told.exits(0).says("2 operations").says("weakens").says("done");
    let digests = digests(&world);
    assert_eq!(digests.len(), 2);
    let (old, new) = (&digests[0][..8], &digests[1][..8]);
    world.run(&["diff", ID, old, new]).exits(0).says("+ https://cdn.example").says("direction: weakens");
    world.run(&["diff", ID, new, old]).exits(0).says("- https://cdn.example").says("direction: strengthens");
    world.run(&["diff", ID, new, new]).exits(0).says("no difference");
    world.run(&["diff", ID, "00000000", new]).exits(1).complains("was never meant to have the digest");
    world.run(&["diff", ID, "0", new]).exits(1).complains("too short");
    world
        .run(&["history", "default/nobody"])
        .exits(1)
        .complains("nothing was ever deployed of default/nobody");
}

#[test]
fn what_was_removed_comes_back_as_it_was() {
    let world = edited();
    // Another one stays, since an empty directory removes nothing.
    world.write("sales.yaml", &policy("sales-chat", "'self'"));
    world.remove("checkout.yaml");
    world.run(&["apply", "--prune"]).exits(0);
    assert!(!world.live("default").contains_key("checkout-chat"));

    let digests = digests(&world);
    let restored = world.run(&["restore", ID]);
    restored.exits(0).says(&digests[1]).says("https://cdn.example");
    world.write("checkout.yaml", &restored.stdout);
    world.run(&["apply"]).exits(0);
    let applied = world.run(&["status", "-o", "json"]).json();
    let row =
        applied["policies"].as_array().unwrap().iter().find(|row| row["name"] == "checkout-chat").unwrap();
    assert_eq!((&row["appliedDigest"], &row["sync"]), (&digests[1].as_str().into(), &"Synced".into()));

    let older = world.run(&["restore", ID, "--digest", &digests[0][..10]]);
    assert!(!older.exits(0).stdout.contains("https://cdn.example"));
    world.run(&["restore", "default/nobody"]).exits(1).complains("default/nobody was never live");
}
