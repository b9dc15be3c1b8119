//! `validate --fix`: what is mechanical is mended in place, and shown first.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::support::{World, policy};

/// A document with lost quotes and a comment.
fn broken() -> String {
    policy("a", "X").replace("\"X\"", "'self' # our own")
}

#[test]
fn a_diff_is_shown_and_changes_nothing() {
    let world = World::new();
    world.write("a.yaml", &broken());
    let before = fs::read_to_string(world.policies().join("a.yaml")).unwrap();
    assert!(before.contains("'self' # our own"), "{before}");
    world.run(&["validate"]).exits(2).says("`chatward validate --fix` mends 1.");
    let ran = world.run(&["validate", "--diff"]);
    ran.exits(2).says("--- a.yaml").says(": 'self' # our own").says(": \"'self'\" # our own");
    assert_eq!(fs::read_to_string(world.policies().join("a.yaml")).unwrap(), before);
    let json = world.run(&["validate", "--diff", "-o", "json"]);
    json.exits(2).complains("+++ a.yaml");
    assert_eq!(json.json()["summary"]["fixable"], 1);
    world.run(&["validate", "--fix", "--diff"]).exits(64);
}

#[test]
fn a_fix_is_written_once_with_everything_else_kept() {
    let world = World::new();
    world.write("a.yaml", &broken());
    let path = world.policies().join("a.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.yaml", world.policies().join("b.txt")).unwrap();
    let before = fs::read_to_string(&path).unwrap();
    world.run(&["validate", "--fix"]).exits(0).says("+++ a.yaml");
    let after = fs::read_to_string(&path).unwrap();
    assert_eq!(after, before.replace("'self' # our own", "\"'self'\" # our own"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    let again = world.run(&["validate", "--fix"]);
    again.exits(0);
    assert!(!again.stdout.contains("+++"), "{}", again.stdout);
    assert_eq!(fs::read_to_string(&path).unwrap(), after);
}
