//! The ledger through the command line: keys and signatures, files and archives, a state that was lost, one writer.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use chatward::sandbox::{Endpoint, Options};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{World, policy};

fn with_audit(world: &World, audit: &str) {
    world.write_settings(&format!("audit: {audit}\ntenants:\n{}", world.tenant("default", "")));
}

fn edited(world: &World, times: std::ops::Range<usize>) {
    for number in times {
        world.write("a.yaml", &policy("a", &format!("'self' https://edit-{number}.example")));
        world.run(&["apply"]).exits(0);
    }
}

#[test]
fn entries_are_signed_from_the_moment_that_a_key_is_set_and_openssl_agrees() {
    let world = World::new();
    edited(&world, 0..1);
    world.run(&["audit", "keygen", "--out", "key.pem"]).exits(0).says("public:  key.pem.pub");
    world.run(&["audit", "keygen", "--out", "key.pem"]).exits(1).complains("key.pem can't be written");
    let mode = fs::metadata(world.path().join("key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    with_audit(&world, "{ signing_key: { file: key.pem } }");
    edited(&world, 1..2);
    let verify = ["audit", "verify", "--public-key", "key.pem.pub"];
    world
        .run(&verify)
        .exits(0)
        .says("5 are signed, the newest by key ")
        .says("and each signature holds; 5 from before are not.");
    world.run(&["audit", "verify"]).exits(0).says("which --public-key FILE checks");
    let proof = world.run(&[&verify[..], &["-o", "json"]].concat()).json();
    assert_eq!(proof["signatures"]["checked"], true);
    assert_eq!((&proof["signatures"]["signed"], &proof["signatures"]["unsigned"]), (&json!(5), &json!(5)));

    // Without the key nothing goes on, and with another the old one is not enough.
    world.settings(&["default"], "");
    world.run(&["apply"]).exits(1).complains("no key is set to go on with");
    with_audit(&world, "{ signing_key: { env: NO_SUCH_KEY } }");
    world.run(&["apply"]).exits(1).complains("audit.signing_key (NO_SUCH_KEY or NO_SUCH_KEY_FILE)");
    with_audit(&world, "{ signing_key: { file: key.pem.pub } }");
    world.run(&["apply"]).exits(1).complains("not an Ed25519 private key");
    world.run(&["audit", "keygen", "--out", "new.pem"]).exits(0);
    with_audit(&world, "{ signing_key: { file: new.pem } }");
    edited(&world, 2..3);
    world.run(&verify).exits(1).complains("whose public key was not given");
    world.run(&[&verify[..], &["--public-key", "new.pem.pub"]].concat()).exits(0);
    openssl_agrees(&world);
}

/// The newest entry's signature, and keys of openssl's own making.
fn openssl_agrees(world: &World) {
    let openssl =
        |arguments: &[&str]| Command::new("openssl").args(arguments).current_dir(world.path()).output();
    if openssl(&["version"]).is_err() {
        return eprintln!("skipped: there is no openssl to check signatures with");
    }
    let ledger = fs::read_to_string(crate::support::files(&world.state().join("ledger")).remove(0)).unwrap();
    let last: Value = serde_json::from_str(ledger.lines().last().unwrap()).unwrap();
    fs::write(world.path().join("hash"), last["hash"].as_str().unwrap()).unwrap();
    fs::write(world.path().join("signature"), last["signature"].as_str().unwrap()).unwrap();
    let decoded = openssl(&["base64", "-d", "-A", "-in", "signature", "-out", "signature.bin"]).unwrap();
    assert!(decoded.status.success(), "{decoded:?}");
    let check = |key: &str| {
        let arguments = [
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            key,
            "-rawin",
            "-in",
            "hash",
            "-sigfile",
            "signature.bin",
        ];
        openssl(&arguments).unwrap().status.success()
    };
    assert!(check("new.pem.pub") && !check("key.pem.pub"));

    assert!(openssl(&["genpkey", "-algorithm", "ed25519", "-out", "theirs.pem"]).unwrap().status.success());
    assert!(
        openssl(&["pkey", "-in", "theirs.pem", "-pubout", "-out", "theirs.pub"]).unwrap().status.success()
    );
    with_audit(world, "{ signing_key: { file: theirs.pem } }");
    edited(world, 3..4);
    let keys = ["key.pem.pub", "new.pem.pub", "theirs.pub"].map(|key| ["--public-key", key]).concat();
    world.run(&[&["audit", "verify"], &keys[..]].concat()).exits(0);
}

#[test]
fn full_files_are_archived_and_the_rest_goes_on() {
    let world = World::new();
    with_audit(&world, "{ segment_size: 4KiB }");
    world.write("b.yaml", &policy("b", "'self'"));
    edited(&world, 0..12);
    let files = |folder: &str| crate::support::files(&world.path().join(folder)).len();
    let before = files("state/ledger");
    let whole = world.run(&["audit", "show", "--entries", "-o", "json"]).stdout;
    world
        .run(&["audit", "archive", "--to", "old"])
        .exits(0)
        .says("archived old/")
        .says("the payload of default/b is in it");
    assert!(files("old") > 0 && files("state/ledger") + files("old") == before);
    world.run(&["audit", "verify"]).exits(0).says("are not here: --archive DIR proves them with the rest");
    let together = world.run(&["audit", "verify", "--archive", "old", "-o", "json"]).exits(0).json();
    assert_eq!(together["absent"], json!([]));
    assert_eq!(world.run(&["audit", "show", "--archive", "old", "--entries", "-o", "json"]).stdout, whole);
    fs::remove_file(world.state().join("applied.json")).unwrap();
    world.run(&["apply"]).exits(0).says("2 in sync");
    edited(&world, 12..14);
    world.run(&["audit", "verify", "--archive", "old"]).exits(0);
    assert_eq!(world.submits(), 15);
    world.run(&["audit", "verify", "--archive", "nowhere"]).exits(1).complains("nowhere");

    // Beside a running daemon, which can still show and send what it needs.
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["ledger.opened"]);
    world.run(&["audit", "archive", "--to", "old", "-o", "json"]).exits(0);
    world.write("b.yaml", &policy("b", "'self' https://new.example"));
    daemon.logs(&["policy.deployed", "default/b"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    world.run(&["audit", "verify", "--archive", "old"]).exits(0);
}

#[test]
fn a_copy_of_the_head_is_in_every_line_of_a_deploy() {
    let faults = vec!["submit:422:policy=b".parse().unwrap(), "job:stuck:policy=c".parse().unwrap()];
    let world =
        World::with(Options { faults, job_duration: Duration::from_millis(30), ..Options::default() });
    let settings = world.tenant("default", "").replace("deadline: 10s", "deadline: 300ms");
    world.write_settings(&format!("tenants:\n{settings}"));
    for name in ["a", "b", "c"] {
        world.write(&format!("{name}.yaml"), &policy(name, "'self'"));
    }
    let mut daemon = world.start(&["run", "--log-format", "json"]);
    daemon.logs(&["\"pass.ended\""]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    let told = ["policy.submitted", "policy.deployed", "policy.failed", "policy.waiting", "probe.result"];
    let lines = daemon.log.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<Value> = lines.filter(|line| told.iter().any(|event| line["event"] == *event)).collect();
    for event in told {
        assert!(lines.iter().any(|line| line["event"] == event), "{event}: {lines:?}");
    }
    for line in lines {
        let head = line["head"].as_str().unwrap_or_else(|| panic!("no head: {line}"));
        assert!(line["entry"].is_u64(), "{line}");
        world.run(&["audit", "verify", "--head", head]).exits(0);
    }
}

#[test]
fn what_is_shown_is_narrowed_by_event_too() {
    let world = World::new();
    edited(&world, 0..1);
    let entries = world.run(&["audit", "show", "--event", "operation.effect", "-o", "json"]).json();
    assert_eq!((entries.as_array().unwrap().len(), &entries[0]["event"]), (1, &json!("operation.effect")));
    world.run(&["audit", "show", "--event", "operation.eaten"]).exits(64).complains("operation.effect");
}

#[test]
fn a_lost_state_takes_over_what_is_live_as_it_should_be() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.write(&format!("{name}.yaml"), &policy(name, "'self'"));
    }
    world.run(&["apply"]).exits(0);
    fs::remove_dir_all(world.state()).unwrap();
    world.write("b.yaml", &policy("b", "'self' https://new.example"));
    world.write("d.yaml", &policy("d", "'self'"));
    world
        .run(&["apply"])
        .exits(0)
        .complains("the ledger knows nothing of tenant default, which has 3 of 4 policies: 2 are as they should be and are taken over, 2 are sent");
    assert_eq!((world.submits(), world.live("default").len()), (5, 4));
    let causes: Vec<(Value, Value)> = world
        .entries("operation.intent")
        .into_iter()
        .map(|intent| (intent["policy"].clone(), intent["cause"].clone()))
        .collect();
    for (name, cause) in [("a", "state-lost"), ("b", "state-lost"), ("c", "state-lost"), ("d", "new")] {
        assert!(causes.contains(&(name.into(), cause.into())), "{causes:?}");
    }
    world.run(&["apply"]).exits(0).says("4 in sync");
    world.run(&["status"]).exits(0).says("Healthy");
    assert_eq!(world.requests(Endpoint::List).len(), 2, "asked once by each of the two first passes");
}

#[test]
fn a_lost_state_sends_all_to_a_tenant_that_does_not_say_what_it_has() {
    let world = World::with(Options { reads: false, job_duration: Duration::ZERO, ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    fs::remove_dir_all(world.state()).unwrap();
    let mut command = world.command(&["apply"]);
    let output = command.env("CHATWARD_LOG", "chatward=info").output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("it does not say what it has (live: HTTP 405"), "{log}");
    assert!(log.contains("all of 1 are sent"), "{log}");
    assert_eq!(world.submits(), 2);
}

#[test]
fn a_lock_left_by_a_dead_process_holds_nobody_off() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["probe.result"]);
    let held = fs::read_to_string(world.state().join("lock")).unwrap();
    daemon.signal(Signal::KILL);
    daemon.ends();
    assert_eq!(
        fs::read_to_string(world.state().join("lock")).unwrap(),
        held,
        "it still names the dead process"
    );
    world.run(&["apply"]).exits(0).says("1 in sync");
}

#[test]
fn edited_again_while_each_job_runs_the_last_edit_is_live() {
    // Every job takes a while.
    let world = World::with(Options { job_duration: Duration::from_secs(2), ..Options::default() });
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run"]);
    for edit in ["https://first.example", "https://second.example"] {
        // Each edit comes while the job of what was before it runs.
        daemon.logs(&["policy.submitted"]);
        world.write("a.yaml", &policy("a", edit));
    }
    daemon.logs(&["policy.submitted"]);
    daemon.logs(&["policy.deployed"]);
    daemon.logs(&["probe.result"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    let live = &world.live("default")["a"]["securityProfile"]["contentSecurityPolicy"]["directives"];
    assert_eq!(live["script-src"], "https://second.example");
    assert_eq!(world.submits(), 3, "one after the other");
}
