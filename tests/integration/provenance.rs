//! Which commit a policy is from, who signed that, and what it costs to know.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{World, policy};

const AUTHOR: [&str; 4] = ["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"];

/// Commits everything below the policy directory.
fn commit(world: &World, more: &[&str], subject: &str) {
    world.git(&["add", "."]);
    world.git(&[&AUTHOR[..], more, &["commit", "-q", "-m", subject]].concat());
}

#[test]
fn an_intent_tells_the_commit_of_its_file() {
    let world = World::new();
    world.git(&["init", "-q"]);
    for (name, subject) in [("a", "The first"), ("b", "The second")] {
        world.write(&format!("{name}.yaml"), &policy(name, "'self'"));
        commit(&world, &["-c", "commit.gpgsign=false"], subject);
    }
    world.write("b.yaml", &policy("b", "'self' https://cdn.example"));
    world.write("c.yaml", &policy("c", "'self'"));
    world.run(&["apply"]).exits(0);
    let told = world.git(&["log", "--format=%H %cI", "--reverse"]);
    let told: Vec<_> = told.lines().map(|line| line.split_once(' ').unwrap()).collect();
    let intents = world.entries("operation.intent");
    let intent = |name: &str| intents.iter().find(|intent| intent["policy"] == name).unwrap();
    for (name, (revision, time), subject) in [("a", told[0], "The first"), ("b", told[1], "The second")] {
        let intent = intent(name);
        assert_eq!(intent["revision"], revision);
        assert_eq!(intent["author"], "Ada <ada@acme.example>");
        assert_eq!(intent["commitSubject"], subject);
        let committed: jiff::Timestamp = intent["committedAt"].as_str().unwrap().parse().unwrap();
        assert_eq!(committed, time.parse().unwrap());
        assert_eq!(intent["dirty"].as_bool().unwrap_or_default(), name == "b");
        // What is sent names a commit only where it is what was committed.
        let sent = &world.live("default")[name]["metadata"]["sourceRevision"];
        assert_eq!(sent.as_str(), (name == "a").then_some(revision));
    }
    assert!(intent("c").get("revision").is_none(), "it is in no commit");
}

/// With git-sync the folder of a work tree is named by its commit, which no git is needed for.
#[test]
fn git_syncs_link_tells_the_commit() {
    let world = World::new();
    let revision = "0123456789abcdef0123456789abcdef01234567";
    let tree = world.path().join("git").join(revision);
    fs::create_dir_all(&tree).unwrap();
    fs::write(tree.join("a.yaml"), policy("a", "'self'")).unwrap();
    symlink(revision, world.path().join("git/current")).unwrap();
    let mut apply = world.command(&["apply", "--policies", "git/current"]);
    world.run_as(apply.env("PATH", "/nowhere")).exits(0);
    assert_eq!(world.entries("operation.intent")[0]["revision"], revision);
}

#[test]
fn without_git_nothing_is_guessed_and_what_must_be_signed_is_held() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.git(&["init", "-q"]);
    commit(&world, &["-c", "commit.gpgsign=false"], "One");
    let source = "source: { require_signed: true, allowed_signers: signers }\n";
    fs::write(world.path().join("signers"), "").unwrap();
    let plain = fs::read_to_string(world.path().join("chatward.yaml")).unwrap();
    world.write_settings(&format!("{source}{plain}"));
    let mut apply = world.command(&["apply"]);
    world
        .run_as(apply.env("PATH", "/nowhere"))
        .exits(1)
        .says("unsigned")
        .says("in no commit that git tells of");
    world.write_settings(&plain);
    let mut apply = world.command(&["apply"]);
    world.run_as(apply.env("PATH", "/nowhere")).exits(0).says("1 done");
    assert!(world.entries("operation.intent")[0].get("revision").is_none());
}

/// A `git` that counts how often it is run.
fn counting_git(world: &World) -> (PathBuf, impl Fn() -> usize) {
    let (folder, runs) = (world.path().join("counting"), world.path().join("runs"));
    let path = std::env::var("PATH").unwrap();
    let git = path.split(':').map(|folder| Path::new(folder).join("git")).find(|git| git.exists()).unwrap();
    fs::create_dir(&folder).unwrap();
    let script = format!("#!/bin/sh\necho run >> '{}'\nexec '{}' \"$@\"\n", runs.display(), git.display());
    fs::write(folder.join("git"), script).unwrap();
    fs::set_permissions(folder.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let count = move || fs::read_to_string(&runs).map_or(0, |text| text.lines().count());
    (folder, count)
}

#[test]
fn git_is_run_a_few_times_for_all_files_and_not_at_all_for_none() {
    let world = World::new();
    world.git(&["init", "-q"]);
    for number in 0..100 {
        world.write(&format!("p{number}.yaml"), &policy(&format!("p{number}"), "'self'"));
    }
    commit(&world, &["-c", "commit.gpgsign=false"], "All of it");
    let (folder, runs) = counting_git(&world);
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let run = |arguments: &[&str]| world.run_as(world.command(arguments).env("PATH", &path));
    run(&["apply"]).exits(0).says("100 done");
    let first = runs();
    assert!((1..=4).contains(&first), "{first} runs for 100 files");
    run(&["apply"]).exits(0).says("100 in sync");
    run(&["plan"]).exits(0).says("100 in sync");
    assert_eq!(runs(), first, "nothing drifted, nothing asked");
}

#[test]
fn what_nobody_signed_is_held_where_that_is_asked_for() {
    let world = World::new();
    let settings = |source: &str| {
        world.write_settings(&format!("{source}tenants:\n{}", world.tenant("default", "")));
    };
    world.write("a.yaml", &policy("a", "'self'"));
    world.git(&["init", "-q"]);
    commit(&world, &["-c", "commit.gpgsign=false"], "One");
    fs::write(world.path().join("signers"), "").unwrap();
    settings("source: { require_signed: true, allowed_signers: signers }\n");
    world.run(&["plan"]).exits(0).says("unsigned").says("is not signed by an allowed key");
    world.run(&["apply"]).exits(1).says("unsigned");
    assert_eq!(world.submits(), 0);
    settings("");
    world.run(&["apply"]).exits(0).says("1 done");
}

/// Two PGP keys in a keyring of their own; nothing where there is no gpg.
struct Keyring {
    home: PathBuf,
}

impl Keyring {
    fn new(world: &World) -> Option<Self> {
        let ring = Self { home: world.path().join("gnupg") };
        fs::create_dir(&ring.home).unwrap();
        fs::set_permissions(&ring.home, fs::Permissions::from_mode(0o700)).unwrap();
        if !ring.gpg(&["--version"]).is_some_and(|said| said.starts_with("gpg")) {
            eprintln!("skipped: there is no gpg to make keys with");
            return None;
        }
        Some(ring)
    }

    fn gpg(&self, arguments: &[&str]) -> Option<String> {
        let mut gpg = Command::new("gpg");
        gpg.env("GNUPGHOME", &self.home).args(["--batch", "--quiet", "--passphrase", ""]).args(arguments);
        let output = gpg.output().ok()?;
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// Makes a key; its fingerprint.
    fn key(&self, user: &str) -> String {
        self.gpg(&["--quick-generate-key", user, "ed25519", "sign", "never"]).unwrap();
        let listed = self.gpg(&["--with-colons", "--list-keys", user]).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        // The agent of this keyring alone.
        let _ = Command::new("gpgconf").env("GNUPGHOME", &self.home).args(["--kill", "all"]).status();
    }
}

#[test]
fn a_pgp_signature_counts_only_by_an_allowed_key() {
    let world = World::new();
    let Some(ring) = Keyring::new(&world) else { return };
    let (ours, theirs) = (ring.key("ada@acme.example"), ring.key("eve@acme.example"));
    world.git(&["init", "-q"]);
    for (name, key) in [("ours", &ours), ("theirs", &theirs)] {
        world.write(&format!("{name}.yaml"), &policy(name, "'self'"));
        let program = world.path().join("gpg");
        let script = format!("#!/bin/sh\nGNUPGHOME='{}' exec gpg \"$@\"\n", ring.home.display());
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let (program, key) = (format!("gpg.program={}", program.display()), format!("user.signingkey={key}"));
        commit(&world, &["-c", &program, "-c", &key, "-c", "commit.gpgsign=true"], name);
    }
    let source = format!("source: {{ require_signed: true, allowed_pgp_keys: [{ours}] }}\n");
    world.write_settings(&format!("{source}tenants:\n{}", world.tenant("default", "")));
    let run = |arguments: &[&str]| world.run_as(world.command(arguments).env("GNUPGHOME", &ring.home));
    run(&["apply"]).exits(4).says("✓ default/ours").says("unsigned").says("is not signed by an allowed key");
    assert_eq!(world.live("default").into_keys().collect::<Vec<_>>(), ["ours"]);
    assert_eq!(world.entries("operation.intent")[0]["signedBy"], ours);
    world.write("ours.yaml", &policy("ours", "'self' https://cdn.example"));
    run(&["apply"]).exits(1).says("its file was changed since commit");
    assert_eq!(world.submits(), 1, "a signature is of what was committed, not of what stands there");
}
