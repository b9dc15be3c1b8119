//! The rest of the command line: plans, schemas, completions, doctor, the sandbox on its own, and bad usage.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{World, policy};

#[test]
fn a_plan_shows_fields_and_says_whether_something_is_pending() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self' https://old.example"));
    world.run(&["plan"]).exits(0).says("+ default/a  create (new)").says("Plan: 1 to create");
    world.run(&["plan", "--detailed-exitcode"]).exits(2);
    world.run(&["apply"]).exits(0);
    world.run(&["plan", "--detailed-exitcode"]).exits(0);
    world.write("a.yaml", &policy("a", "'self' https://new.example").replace("mode: block", "mode: report"));
    let ran = world.run(&["plan", "--non-zero-exit-code"]);
    ran.exits(2)
        .says("~ default/a  update (source)  a.yaml")
        .says("- https://old.example")
        .says("+ https://new.example")
        .says("block → report")
        .says("Plan: 0 to create, 1 to update, 0 to remove, 0 in sync, 0 held.");
    assert_eq!(
        ran.stdout.lines().last().unwrap(),
        "Plan: 0 to create, 1 to update, 0 to remove, 0 in sync, 0 held."
    );
    assert!(!ran.stdout.contains('\u{1b}'), "no colours where there is no terminal");
    let json = world.run(&["plan", "-o", "json"]).json();
    assert_eq!(json["summary"]["update"], 1);
    assert_eq!(json["steps"][0]["changes"][0]["field"], "cspDirectives.script-src");
    let mut coloured = world.command(&["plan"]);
    let output = coloured.env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(output.stdout.contains(&0x1b));
}

#[test]
fn man_pages_are_made_of_the_help() {
    let world = World::new();
    world.run(&["man"]).exits(0).says(".TH chatward 1").says("GitOps for webchat security policies");
    world.run(&["man", "audit", "show"]).exits(0).says(".TH chatward-audit-show 1").says("\\-\\-failed");
    world.run(&["man", "aply"]).exits(1).complains("chatward has no verb `aply`");
    world.run(&["man", "--out", "share/man1"]).exits(0);
    for page in ["chatward.1", "chatward-plan.1", "chatward-audit-verify.1"] {
        let text = std::fs::read_to_string(world.path().join("share/man1").join(page)).unwrap();
        assert!(text.contains(&format!(".TH {} 1", page.trim_end_matches(".1"))), "{text}");
    }
}

#[test]
fn bad_usage_exits_64() {
    let world = World::new();
    for arguments in [&["aply"][..], &["plan", "--nope"], &["apply", "--fault", "x", "--sandbox"], &[]] {
        world.run(arguments).exits(64);
    }
    world.run(&["--help"]).exits(0).says("Exit codes:").says("chatward run --sandbox");
    world.run(&["--version"]).exits(0).says(env!("CARGO_PKG_VERSION"));
    world.run(&["plan", "--help"]).exits(0).says("Contacts no tenant");
}

#[test]
fn bad_settings_are_told_with_their_file() {
    let world = World::new();
    world.write_settings("tenants:\n  - nam: default\n");
    world
        .run(&["plan"])
        .exits(1)
        .complains("chatward.yaml")
        .complains("unknown field `nam`")
        .complains("line 2");
}

#[test]
fn doctor_says_what_is_in_place_and_what_is_unverified() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world
        .run(&["doctor"])
        .exits(0)
        .says("default: credentials")
        .says("gave a token")
        .says("could not be confirmed")
        .says("1 files, 1 policies")
        .says("clock");
    let json = world.run(&["doctor", "-o", "json"]).json();
    assert!(json["checks"].as_array().unwrap().iter().all(|check| check["level"] != "failed"), "{json}");
    std::fs::remove_dir_all(world.policies()).unwrap();
    world.run(&["doctor"]).exits(1).says("failed");
}

#[test]
fn completions_are_printed_for_every_shell() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        world.run(&["completions", shell]).exits(0).says("chatward");
    }
}

#[test]
fn the_sandbox_on_its_own_says_how_to_reach_it() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut command = world.command(&["sandbox", "--listen", "127.0.0.1:0", "--job-duration", "10ms"]);
    let mut sandbox = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut exports = Vec::new();
    for line in BufReader::new(sandbox.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line == "chatward apply" {
            break;
        }
        let line = line.trim_start_matches("export ").to_owned();
        exports.extend(line.split(' ').filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name.to_owned(), value.trim_matches('\'').to_owned()))
        }));
    }
    assert!(exports.len() >= 5, "{exports:?}");
    let mut apply = world.command(&["apply"]);
    let output = apply.env_remove("CHATWARD_CONFIG").envs(exports).output().unwrap();
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("✓ default/a: create, done, verified"), "{text}");
}

#[test]
fn the_daemon_says_where_everything_is_at_once() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let started = Instant::now();
    let mut command = world.command(&["run", "--sandbox"]);
    let mut daemon = world.started(command.env_remove("CHATWARD_CONFIG"));
    daemon.logs(&["watching policies"]);
    daemon.logs(&["tenant default, simulated, at http://127.0.0.1:"]);
    daemon.logs(&["state and audit in state"]);
    // A promise to whoever starts it, with room for a machine that builds at the same time.
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
