//! What is learnt of a tenant's jobs is kept beside the ledger, and missed by nobody when it is gone.

use std::fs;

use serde_json::Value;

use crate::support::{World, policy};

/// How many ends the file knows of for the tenant, those of long ago counted less.
fn known(world: &World) -> f64 {
    let text = fs::read(world.state().join("durations.json")).unwrap();
    let hints: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(hints["version"], 1);
    hints["tenants"]["default"].as_array().unwrap().iter().filter_map(Value::as_f64).sum()
}

#[test]
fn how_long_jobs_take_is_kept_from_one_run_to_the_next() {
    let world = World::new();
    for round in 1..=2 {
        for number in 0..5 {
            world.write(
                &format!("p{number}.yaml"),
                &policy(&format!("p{number}"), &format!("https://{round}.example")),
            );
        }
        world.run(&["apply"]).exits(0);
        assert_eq!(known(&world).round(), f64::from(round * 5));
    }
}

#[test]
fn a_torn_file_of_durations_is_begun_anew() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    fs::write(world.state().join("durations.json"), "{\"version\":1,\"ten").unwrap();
    world.write("a.yaml", &policy("a", "https://cdn.example"));
    world.run(&["apply"]).exits(0);
    assert_eq!(known(&world).round(), 1.0);
}
