//! The example policies: they validate without a word, deploy as the README says, and carry their schema.

use std::fs;
use std::path::Path;

use crate::support::World;

fn examples() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/default");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn copy_into(world: &World) -> usize {
    for path in examples() {
        world.write(
            &format!("default/{}", path.file_name().unwrap().to_str().unwrap()),
            &fs::read_to_string(path).unwrap(),
        );
    }
    examples().len()
}

#[test]
fn there_are_three_and_nothing_is_said_about_them() {
    let world = World::new();
    assert!(copy_into(&world) >= 3);
    world.run(&["validate"]).exits(0).says("3 files, 3 policies: ");
    let json = world.run(&["validate", "-o", "json"]).json();
    assert_eq!(json["findings"], serde_json::json!([]));
}

#[test]
fn each_says_what_it_is_for_and_which_schema_it_has() {
    for path in examples() {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().take(3).collect();
        assert_eq!(lines[0], "# yaml-language-server: $schema=../schema.json", "{}", path.display());
        assert!(lines[1].starts_with("# ") && lines[1].len() > 40, "{}", path.display());
    }
}

#[test]
fn the_schema_beside_them_is_the_one_that_is_printed() {
    let world = World::new();
    let printed = world.run(&["schema"]);
    printed.exits(0);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/schema.json");
    let committed = fs::read_to_string(path).unwrap();
    assert_eq!(printed.stdout, committed, "write it anew: chatward schema > policies/schema.json");
    assert_eq!(printed.json()["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn they_deploy_against_a_simulated_tenant_that_outlives_a_restart() {
    let world = World::new();
    let count = copy_into(&world);
    let apply = |arguments: &[&str]| {
        let mut command =
            world.command(&[&["apply", "--sandbox", "--job-duration", "10ms"], arguments].concat());
        let output = command.env_remove("CHATWARD_CONFIG").output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = apply(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("Apply: {count} done")), "{text}");
    let (code, text) = apply(&[]);
    assert_eq!(code, Some(0));
    assert!(text.contains(&format!("Apply: 0 done, 0 failed, 0 in progress, {count} in sync")), "{text}");
    let mut command = world.command(&["plan", "--live", "--sandbox"]);
    let output = command.env_remove("CHATWARD_CONFIG").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("3 in sync, 0 held"), "what was live is live: {text}");
}

/// Every command in a `sh` block of the README, in order, as written.
#[test]
fn the_readme_was_run() {
    let world = World::new();
    copy_into(&world);
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines: Vec<&str> = blocks.flat_map(str::lines).filter(|line| line.starts_with("chatward ")).collect();
    assert!(lines.len() >= 8, "{lines:?}");
    for line in lines {
        let arguments: Vec<&str> = line.split('#').next().unwrap().split_whitespace().skip(1).collect();
        let mut command = world.command(&arguments);
        command.env_remove("CHATWARD_CONFIG").env_remove("CHATWARD_STATE_DIR");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}: {output:?}");
    }
}

/// The settings file of the README is one.
#[test]
fn the_readme_shows_settings_that_work() {
    let world = World::new();
    copy_into(&world);
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut blocks = readme.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let document = blocks.next().unwrap();
    world.write("readme.yaml", &document.replace("checkout-chat", "readme-chat"));
    let secret = world.path().join("secret");
    fs::write(&secret, "fake").unwrap();
    let settings = blocks.next().unwrap().replace("/run/secrets/client-secret", secret.to_str().unwrap());
    world.write_settings(&settings);
    world.run(&["plan"]).exits(0).says("Plan: 4 to create");
    world.run(&["doctor", "--sandbox"]).exits(0);
}
