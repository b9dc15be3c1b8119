//! What is on record: complete, provable, and without a secret.

use std::fs;
use std::path::PathBuf;

use chatward::sandbox::Options;

use crate::support::{World, files, policy};

fn segment(world: &World) -> PathBuf {
    let ledger = world.state().join("ledger");
    fs::read_dir(ledger).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn an_entry_has_everything_that_an_auditor_asks_for() {
    if std::process::Command::new("git").arg("--version").output().is_err() {
        return eprintln!("skipped: there is no git to make a work tree with");
    }
    let world = World::new();
    world.git(&["init", "-q"]);
    world.git(&["config", "user.name", "Sam Security"]);
    world.git(&["config", "user.email", "sam@example.com"]);
    world.write("a.yaml", &policy("a", "'self'"));
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    let revision = world.git(&["rev-parse", "HEAD"]);
    world.run(&["apply"]).exits(0);

    let intent = &world.entries("operation.intent")[0];
    assert_eq!(intent["version"], 1);
    assert_eq!(intent["operation"], "deploy");
    assert_eq!(intent["cause"], "new");
    assert_eq!(intent["file"], "a.yaml");
    assert_eq!(intent["revision"], revision.trim());
    assert_eq!(intent["author"], "Sam Security <sam@example.com>");
    assert_eq!(intent["payload"]["metadata"]["sourceRevision"], revision.trim());
    for member in
        ["sequence", "time", "previousHash", "hash", "digest", "fileHash", "idempotencyKey", "correlationId"]
    {
        assert!(!intent[member].is_null(), "{member}");
    }
    let location = &world.entries("operation.location")[0];
    for member in ["jobId", "location", "attempts", "submitMs"] {
        assert!(!location[member].is_null(), "{member}");
    }
    let effect = &world.entries("operation.effect")[0];
    assert_eq!(effect["outcome"], "done");
    assert!(effect["durationMs"].as_u64().is_some() && !effect["policyId"].is_null());
    let verdict = &world.entries("policy.verdict")[0];
    assert_eq!(verdict["successRate"], 1.0);
    assert_eq!(verdict["probes"].as_array().unwrap().len(), 3);
    assert!(verdict["probes"][0]["latencyMs"].is_u64());

    let summary = world.run(&["audit", "show", "-o", "json"]).json();
    let deployment = &summary["deployments"][0];
    assert_eq!(deployment["policyHash"], intent["digest"]);
    assert_eq!(deployment["successRate"], 1.0);
    assert_eq!(deployment["validationResults"].as_array().unwrap().len(), 3);
    assert!(!deployment["deploymentTimestamp"].is_null());
}

#[test]
fn every_break_of_the_chain_is_named_and_exits_1() {
    type Edit = fn(&mut Vec<String>);
    let edits: &[(&str, Edit, &str)] = &[
        (
            "edited",
            |lines| lines[1] = lines[1].replace("'self'", "*"),
            "line 2: its hash is not that of its bytes",
        ),
        ("removed", |lines| drop(lines.remove(1)), "line 2: entry 3 (operation.location) can't follow"),
        ("reordered", |lines| lines.swap(1, 2), "line 2: entry 3 (operation.location) can't follow"),
        (
            "added",
            |lines| lines.insert(1, lines[1].clone()),
            "line 3: entry 2 (operation.intent) can't follow",
        ),
    ];
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    world.run(&["audit", "verify"]).exits(0);
    let path = segment(&world);
    let whole = fs::read_to_string(&path).unwrap();
    for (what, edit, expected) in edits {
        let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
        edit(&mut lines);
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        let ran = world.run(&["audit", "verify"]);
        assert_eq!(ran.code, Some(1), "{what}");
        ran.complains("the ledger does not hold").complains(expected);
        assert_eq!(world.run(&["audit", "verify", "-o", "json"]).json()["whole"], false);
    }
}

#[test]
fn an_outside_copy_of_the_head_tells_a_cut_tail() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    let proof = world.run(&["audit", "verify", "-o", "json"]).json();
    let head = proof["ledger"]["hash"].as_str().unwrap();
    world.run(&["audit", "verify", "--head", head]).exits(0);
    let path = segment(&world);
    let whole = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = whole.lines().collect();
    lines.pop();
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    // By accident, the checkpoint tells; whoever cuts on purpose cuts that too.
    world.run(&["audit", "verify"]).exits(1).complains("its tail is gone");
    world.run(&["apply"]).exits(1).complains("its tail is gone");
    fs::remove_file(world.state().join("applied.json")).unwrap();
    world.run(&["audit", "verify"]).exits(0);
    world.run(&["audit", "verify", "--head", head]).exits(1).complains("was cut");
}

#[test]
fn the_checkpoint_is_rebuilt_and_changes_nothing() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    let checkpoint = world.state().join("applied.json");
    let text = fs::read_to_string(&checkpoint).unwrap();
    assert!(
        text.contains("\"appliedDigest\"") || text.contains("\"digest\""),
        "a person can read it: {text}"
    );
    fs::remove_file(&checkpoint).unwrap();
    world.run(&["status"]).exits(0).says("Synced");
    fs::write(&checkpoint, &text[..text.len() / 2]).unwrap();
    world.run(&["apply"]).exits(0).says("1 in sync");
    assert_eq!(world.submits(), 1);
}

#[test]
fn what_is_shown_can_be_narrowed() {
    let faults = vec!["submit:422:policy=b".parse().unwrap()];
    let world =
        World::with(Options { faults, job_duration: std::time::Duration::ZERO, ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(4);
    let deployments = |arguments: &[&str]| {
        let all = [&["audit", "show", "-o", "json"], arguments].concat();
        world.run(&all).json()["deployments"].as_array().unwrap().len()
    };
    assert_eq!(deployments(&[]), 2);
    assert_eq!(deployments(&["--policy", "default/a"]), 1);
    assert_eq!(deployments(&["--tenant", "other"]), 0);
    assert_eq!(deployments(&["--failed"]), 1);
    assert_eq!(deployments(&["--since", "2100-01-01T00:00:00Z"]), 0);
    world.run(&["audit", "show", "--failed"]).exits(0).says("rejected");
}

#[test]
fn no_secret_is_written_or_said_anywhere() {
    let world = World::new();
    world.settings(
        &["default"],
        "    webhooks: [{ name: siem, url: 'https://siem.example/in', secret: { env: TEST_SECRET } }]\n",
    );
    world.write("a.yaml", &policy("a", "'self'"));
    let mut command = world.command(&["apply", "-o", "json"]);
    let output = command.env("CHATWARD_LOG", "trace").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let secrets = world.secrets();
    assert!(secrets.len() >= 2, "a bearer, and the secret behind it");
    let mut said = vec![output.stdout, output.stderr];
    for arguments in
        [&["status", "-o", "json"][..], &["audit", "show", "--entries", "-o", "json"], &["doctor"]]
    {
        let ran = world.run(arguments);
        said.extend([ran.stdout.into_bytes(), ran.stderr.into_bytes()]);
    }
    said.extend(files(&world.state()).iter().map(|path| fs::read(path).unwrap()));
    for text in said {
        let text = String::from_utf8_lossy(&text);
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
