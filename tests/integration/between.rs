//! Two git trees compared, as a pipeline does on a pull request: no state, no credentials, no tenant.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::support::{World, policy};

const STRICT: &str = "'self'";
const WEAK: &str = "'self' https://cdn.example";

/// A repository with two commits: `weak`, `gone` and `same` in the first; `weak` weaker, `gone` gone and `new` new in the second.
fn world() -> World {
    let world = World::new();
    // Credentials that are nowhere to be had: nothing here needs them.
    world.write_settings(
        "tenants:\n  - { name: default, org_id: acme, client_id: { env: NOWHERE }, client_secret: { file: /nowhere } }\n",
    );
    world.git(&["init", "--quiet", ".."]);
    world.write("weak.yaml", &policy("weak", STRICT));
    world.write("deep/gone.yaml", &policy("gone", STRICT));
    world.write("same.yaml", &policy("same", STRICT));
    commit(&world, "before");
    world.write("weak.yaml", &policy("weak", WEAK));
    world.remove("deep/gone.yaml");
    world.write("new.yaml", &policy("new", STRICT));
    world.write("same.yaml", &format!("# a comment deploys nothing\n{}", policy("same", STRICT)));
    commit(&world, "after");
    world
}

fn commit(world: &World, tag: &str) {
    world.git(&["add", "--all", "."]);
    let author = ["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"];
    world.git(&[&author[..], &["commit", "--quiet", "--message", tag]].concat());
    world.git(&["tag", tag]);
}

/// What a plan says of each policy: its name, step or hold, cause and direction.
fn told(plan: &Value) -> Vec<Value> {
    let items = |list: &str, what: &'static str| {
        let items = plan[list].as_array().unwrap().clone();
        items.into_iter().map(move |item| json!([item["name"], item[what], item["cause"], item["direction"]]))
    };
    items("steps", "action").chain(items("held", "reason")).collect()
}

#[test]
fn a_revision_is_compared_with_the_directory_or_with_another_one() {
    let world = world();
    let new = json!(["new", "create", "new", null]);
    let weak = json!(["weak", "update", "source", "weakens"]);
    let held = vec![new.clone(), weak.clone(), json!(["gone", "prune-off", "removed", null])];
    let removed = vec![json!(["gone", "remove", "removed", "weakens"]), new, weak];
    let plan = world.run(&["plan", "--base", "before", "-o", "json"]);
    assert_eq!(told(&plan.exits(0).json()), held);
    assert_eq!(plan.json()["summary"]["inSync"], 1);
    assert_eq!(
        plan.json()["steps"][1]["changes"],
        json!([{ "field": "cspDirectives.script-src", "change": "members", "added": ["https://cdn.example"], "removed": [] }])
    );
    let pruned = world.run(&["plan", "--base", "before", "--prune", "-o", "json"]).exits(0).json();
    assert_eq!(told(&pruned), removed);
    world.run(&["plan", "--base", "before", "--detailed-exitcode"]).exits(2);
    world.run(&["plan", "--base", "HEAD", "--detailed-exitcode"]).exits(0);

    // What is only in the work tree counts for it, and not for the revision.
    world.write("new.yaml", &policy("newer", STRICT));
    let between = ["plan", "--base", "before", "--head", "after", "-o", "json"];
    assert_eq!(told(&world.run(&between).exits(0).json()), held);
    world.run(&["plan", "--base", "after"]).exits(0).says("+ default/newer  create (new)  new.yaml");
    let back = world.run(&["plan", "--base", "after", "--head", "before"]);
    back.exits(0).says("~ default/weak  update (source)  weak.yaml").says("direction: strengthens");

    assert!(!world.state().exists(), "nothing is written");
    assert_eq!(world.traffic(), 0, "nobody is asked");
}

#[test]
fn a_pull_request_gets_a_table() {
    let world = world();
    let ran = world.run(&["plan", "--base", "before", "-o", "markdown"]);
    ran.exits(0)
        .says("**Plan: 1 to create, 1 to update, 0 to remove, 1 in sync, 1 held.**\n\n| | policy |")
        .says("| ~ | `default/weak` | update (source) | **weakens** | `weak.yaml`<br>`cspDirectives.script-src: + https://cdn.example`<br>")
        .says("| ! | `default/gone` | held (prune-off) |");
    // The same of what a daemon would do.
    world.run(&["plan", "-o", "markdown"]).exits(0).says("| + | `default/weak` | create (new) |");
}

#[test]
fn a_tree_is_read_by_the_same_rules_as_a_directory() {
    let world = world();
    world.write("broken.yaml", "kind: [");
    world.write(".hidden.yaml", &policy("hidden", STRICT));
    world.write("shared/base.txt", &policy("linked", STRICT));
    world.write("large.yaml", &format!("{}# {}\n", policy("large", STRICT), "x".repeat(1 << 20)));
    symlink("shared/base.txt", world.policies().join("linked.yaml")).unwrap();
    symlink("../chatward.yaml", world.policies().join("outside.yaml")).unwrap();
    commit(&world, "odd");
    let held = |plan: &Value| -> Vec<Value> {
        plan["held"].as_array().unwrap().iter().map(|item| json!([item["file"], item["reason"]])).collect()
    };
    let of_tree = world.run(&["plan", "--base", "after", "--head", "odd", "-o", "json"]).exits(0).json();
    let of_directory = world.run(&["plan", "--base", "after", "-o", "json"]).exits(0).json();
    assert_eq!(told(&of_tree)[0], json!(["linked", "create", "new", null]));
    assert_eq!(
        held(&of_tree),
        [
            json!(["broken.yaml", "invalid"]),
            json!(["large.yaml", "invalid"]),
            json!(["outside.yaml", "invalid"])
        ]
    );
    assert_eq!(of_tree["steps"], of_directory["steps"]);
    assert_eq!(held(&of_tree), held(&of_directory));
}

#[test]
fn a_base_without_the_directory_makes_everything_new_and_a_head_without_it_says_nothing() {
    let world = World::new();
    world.git(&["init", "--quiet", ".."]);
    fs::write(world.path().join("README.md"), "first\n").unwrap();
    world.git(&["add", "../README.md"]);
    commit(&world, "before");
    world.write("a.yaml", &policy("a", STRICT));
    commit(&world, "after");
    world.run(&["plan", "--base", "before"]).exits(0).says("+ default/a  create (new)");
    let emptied = world.run(&["plan", "--base", "after", "--head", "before", "--prune"]);
    emptied.exits(1).complains("holds no policy file (*.yaml, *.yml) at `before`").says("held (guard)");
}

#[test]
fn what_git_does_not_know_is_told() {
    let world = world();
    for revision in ["nowhere", "--output=/tmp/x", ""] {
        let base = format!("--base={revision}");
        world.run(&["plan", &base]).exits(1).complains("git knows no commit").complains("fetch-depth: 0");
    }
    world.run(&["plan", "--head", "after"]).exits(64);
    world.run(&["plan", "--base", "before", "--live"]).exits(64);
    let outside = World::new();
    outside.write("a.yaml", &policy("a", STRICT));
    outside.run(&["plan", "--base", "HEAD"]).exits(1).complains("git knows no commit `HEAD` in policies");
}
