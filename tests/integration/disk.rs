//! Disks that are full, read-only or broken, and a ledger that somebody laid hands on: each is a clear error or a named
//! quarantine, never a blind redeploy, never a silent reset.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use chatward::digest::EntryHash;
use chatward::sandbox::Endpoint;
use insta::assert_snapshot;

use crate::support::{Ran, World, files, policy};

/// A small file system of its own at the state directory. It goes with this value.
struct Disk(PathBuf);

impl Disk {
    /// Nothing, with the reason said, where this user can't mount.
    fn at(world: &World, size: &str) -> Option<Self> {
        let path = world.state();
        fs::create_dir(&path).unwrap();
        let options = format!("size={size},mode=700");
        match mount(&["-t", "tmpfs", "-o", &options, "chatward-test", path.to_str().unwrap()]) {
            Ok(()) => Some(Self(path)),
            Err(why) => {
                eprintln!("skipped: no file system can be mounted here: {why}");
                None
            }
        }
    }

    fn remount(&self, options: &str) {
        mount(&["-o", &format!("remount,{options}"), self.0.to_str().unwrap()]).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("mount").args(arguments).output().map_err(|error| error.to_string())?;
    output
        .status
        .success()
        .then_some(())
        .ok_or_else(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

fn many(world: &World, count: usize) {
    for number in 0..count {
        world.write(&format!("p{number}.yaml"), &policy(&format!("p{number}"), "'self'"));
    }
}

/// Everything is live, each by one intent, and nothing was sent that no intent tells of.
fn converges(world: &World, count: usize) {
    let told = |world: &World| -> BTreeSet<String> {
        let intents = world.entries("operation.intent");
        intents.iter().map(|intent| intent["idempotencyKey"].as_str().unwrap().to_owned()).collect()
    };
    let sent = |world: &World| -> BTreeSet<String> {
        world
            .requests(Endpoint::Submit)
            .iter()
            .map(|submit| submit.headers["idempotency-key"].clone())
            .collect()
    };
    world.run(&["apply"]).exits(0);
    assert_eq!(world.live("default").len(), count);
    assert!(sent(world).is_subset(&told(world)), "nothing is sent that the ledger does not tell");
    assert_eq!(sent(world).len(), count, "each was meant once");
    world.run(&["audit", "verify"]).exits(0);
    world.run(&["apply"]).exits(0).says(&format!("{count} in sync"));
}

#[test]
fn a_full_disk_ends_the_pass_and_nothing_is_sent_that_is_not_on_it() {
    let world = World::new();
    let Some(disk) = Disk::at(&world, "96k") else { return };
    many(&world, 60);
    let ran = world.run(&["apply"]);
    ran.exits(1)
        .complains("nothing is recorded any more since a write failed")
        .complains("No space left on device");
    assert!(world.live("default").len() < 60);
    world.run(&["status"]).exits(0);
    world.run(&["apply"]).exits(1).complains("No space left on device");
    disk.remount("size=16m");
    converges(&world, 60);
}

#[test]
fn a_disk_that_is_read_only_is_named_and_can_be_read() {
    let world = World::new();
    let Some(disk) = Disk::at(&world, "4m") else { return };
    many(&world, 2);
    world.run(&["apply"]).exits(0);
    disk.remount("ro");
    world.write("p0.yaml", &policy("p0", "'self' https://new.example"));
    world.run(&["apply"]).exits(1).complains("state/lock: Read-only file system");
    world.run(&["plan"]).exits(0).says("1 to update");
    world.run(&["status"]).exits(0).says("OutOfSync");
    world.run(&["audit", "verify"]).exits(0);
    assert_eq!(world.submits(), 2);
}

#[test]
fn a_sync_that_fails_ends_the_pass_for_good() {
    let world = World::new();
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success())
    {
        return eprintln!("skipped: there is no strace to make a disk fail with");
    }
    many(&world, 10);
    world.run(&["apply"]).exits(0);
    for number in 0..10 {
        world.write(&format!("p{number}.yaml"), &policy(&format!("p{number}"), "'self' https://new.example"));
    }
    let plain = world.command(&["apply"]);
    let mut traced = Command::new("strace");
    traced
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO:when=1+"])
        .arg(plain.get_program());
    traced.args(plain.get_args()).current_dir(world.path());
    traced.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = traced.output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("the ledger can't be used"), "{said}");
    assert!(said.contains("Input/output error"), "{said}");
    assert_eq!(world.submits(), 10, "no intent was surely on disk, so none of the edits was sent");
    world.run(&["apply"]).exits(0);
    assert_eq!(world.submits(), 20);
    world.run(&["audit", "verify"]).exits(0);
}

#[test]
fn a_file_of_a_foreign_owner_is_named() {
    let world = World::new();
    many(&world, 1);
    world.run(&["apply"]).exits(0);
    const NOBODY: u32 = 65_534;
    let as_nobody = |world: &World| {
        let output = world.command(&["apply"]).uid(NOBODY).gid(NOBODY).output();
        output.ok().map(|output| (output.status.code(), String::from_utf8(output.stderr).unwrap()))
    };
    fs::set_permissions(world.path(), fs::Permissions::from_mode(0o777)).unwrap();
    for path in files(world.path()).iter().chain([&world.state(), &world.state().join("ledger")]) {
        if chown(path, Some(NOBODY), Some(NOBODY)).is_err() {
            return eprintln!("skipped: only root can give files away");
        }
    }
    let Some((Some(0), _)) = as_nobody(&world) else {
        return eprintln!("skipped: another user can't run what was built here");
    };
    let segment = files(&world.state().join("ledger")).remove(0);
    chown(&segment, Some(0), Some(0)).unwrap();
    let (code, said) = as_nobody(&world).unwrap();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(".jsonl: Permission denied"), "{said}");
    assert_eq!(world.submits(), 1);
}

/// Damage to a state directory, done to a copy of it.
type Damage = fn(&Path);

fn segments(state: &Path) -> Vec<PathBuf> {
    let mut all = files(&state.join("ledger"));
    all.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    all.sort();
    all
}

fn last(state: &Path) -> PathBuf {
    segments(state).pop().unwrap()
}

fn without_shortcuts(state: &Path) {
    for path in files(state).iter().filter(|path| !path.starts_with(state.join("ledger"))) {
        fs::remove_file(path).unwrap();
    }
    for path in
        files(&state.join("ledger")).iter().filter(|path| path.to_str().unwrap().ends_with(".state.json"))
    {
        fs::remove_file(path).unwrap();
    }
}

/// The newest entry as a later chatward would write it.
fn of_a_newer_version(state: &Path) {
    let text = fs::read_to_string(last(state)).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines
        .pop()
        .unwrap()
        .replace("{\"version\":1,", "{\"version\":2,")
        .replace("policy.verdict", "policy.judged");
    let (body, _) = line.split_once(",\"hash\":").unwrap();
    lines.push(format!("{body},\"hash\":\"{}\"}}", EntryHash::of(body.as_bytes())));
    fs::write(last(state), lines.join("\n") + "\n").unwrap();
    fs::remove_file(state.join("applied.json")).unwrap();
}

/// What `apply` and `audit verify` say, without times.
fn told(world: &World) -> String {
    let tell = |ran: &Ran| {
        let said: Vec<&str> =
            ran.stderr.lines().map(|line| line.split_once(" WARN ").map_or(line, |(_, rest)| rest)).collect();
        match ran.code {
            Some(0) => format!("goes on {}", said.join("\n  ")),
            _ => {
                ran.exits(1);
                format!("stops {}", said.join("\n  "))
            }
        }
    };
    let (apply, verify) = (world.run(&["apply"]), world.run(&["audit", "verify"]));
    format!("  apply {}\n  verify {}\n", tell(&apply), tell(&verify))
}

#[test]
fn every_damage_is_an_error_or_a_quarantine_with_a_name() {
    let rows: &[(&str, Damage)] = &[
        ("checkpoint deleted", |state| fs::remove_file(state.join("applied.json")).unwrap()),
        ("checkpoint truncated", |state| {
            let text = fs::read(state.join("applied.json")).unwrap();
            fs::write(state.join("applied.json"), &text[..100]).unwrap();
        }),
        ("checkpoint full of garbage", |state| fs::write(state.join("applied.json"), [0xff; 300]).unwrap()),
        ("checkpoint of a newer version", |state| {
            let text = fs::read_to_string(state.join("applied.json")).unwrap();
            fs::write(state.join("applied.json"), text.replacen("\"version\": 1", "\"version\": 9", 1))
                .unwrap();
        }),
        ("last line torn", |state| {
            let mut bytes = fs::read(last(state)).unwrap();
            bytes.extend_from_slice(b"{\"version\":1,\"sequence\":");
            fs::write(last(state), bytes).unwrap();
        }),
        ("newest file cut in the middle of a line", |state| {
            let bytes = fs::read(last(state)).unwrap();
            fs::write(last(state), &bytes[..bytes.len() - 40]).unwrap();
        }),
        ("newest file empty", |state| fs::write(last(state), "").unwrap()),
        ("newest file full of garbage", |state| {
            fs::write(last(state), "\u{1b}[2Jgarbage\n".repeat(9)).unwrap()
        }),
        ("newest entry of a newer version", of_a_newer_version),
        ("every file of the ledger gone", |state| fs::remove_dir_all(state.join("ledger")).unwrap()),
        ("a file with a payload gone", |state| fs::remove_file(&segments(state)[0]).unwrap()),
        ("a file in the middle gone, and nothing to do without", |state| {
            fs::remove_file(&segments(state)[2]).unwrap();
            without_shortcuts(state);
        }),
        ("a file in the middle torn", |state| {
            let path = &segments(state)[2];
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() - 40]).unwrap();
        }),
        ("a file in the middle full of garbage", |state| {
            fs::write(&segments(state)[2], "garbage\n").unwrap()
        }),
    ];
    let world = World::new();
    world.write_settings(&format!(
        "audit: {{ segment_size: 8KiB }}\ntenants:\n{}",
        world.tenant("default", "")
    ));
    world.write("b.yaml", &policy("b", "'self'"));
    for edit in 0..9 {
        world.write("a.yaml", &policy("a", &format!("'self' https://edit-{edit}.example")));
        world.run(&["apply"]).exits(0);
    }
    let (kept, submits) = (world.path().join("kept"), world.submits());
    fs::rename(world.state(), &kept).unwrap();
    let mut all = String::new();
    for (what, damage) in rows {
        assert!(Command::new("cp").arg("-a").arg(&kept).arg(world.state()).status().unwrap().success());
        damage(&world.state());
        all += &format!("{what}\n{}", told(&world)).replace(" \n", "\n");
        assert_eq!(world.submits(), submits, "{what}: nothing is sent again\n{all}");
        fs::remove_dir_all(world.state()).unwrap();
    }
    assert_snapshot!(without_numbers(&all), @r"
    checkpoint deleted
      apply goes on
      verify goes on
    checkpoint truncated
      apply goes on  ledger.checkpoint_set_aside  the checkpoint can't be read, and is now state/applied.json.unread; the ledger was added up instead: EOF while parsing a string at line N column N
      verify goes on
    checkpoint full of garbage
      apply goes on  ledger.checkpoint_set_aside  the checkpoint can't be read, and is now state/applied.json.unread; the ledger was added up instead: expected value at line N column N
      verify goes on
    checkpoint of a newer version
      apply goes on  ledger.checkpoint_set_aside  the checkpoint can't be read, and is now state/applied.json.unread; the ledger was added up instead: it is of version N, and this chatward reads version N
      verify goes on
    last line torn
      apply goes on  ledger.mended  the ledger's last line was half written; its bytes are now in state/ledger/N.torn-N
      verify goes on
    newest file cut in the middle of a line
      apply stops error: the ledger can't be used
        because the ledger ends at entry N, but the checkpoint knows entry N: its tail is gone; put the ledger back from a backup, or move the state directory away as a whole, to begin anew with what the tenants have live
      verify stops error: the ledger does not hold
        because the ledger ends at entry N, but the checkpoint knows entry N: its tail is gone; put the ledger back from a backup, or move the state directory away as a whole, to begin anew with what the tenants have live
    newest file empty
      apply stops error: the ledger can't be used
        because the ledger ends at entry N, but the checkpoint knows entry N: its tail is gone; put the ledger back from a backup, or move the state directory away as a whole, to begin anew with what the tenants have live
      verify stops error: the ledger does not hold
        because the ledger ends at entry N, but the checkpoint knows entry N: its tail is gone; put the ledger back from a backup, or move the state directory away as a whole, to begin anew with what the tenants have live
    newest file full of garbage
      apply stops error: the ledger can't be used
        because state/ledger/N.jsonl, line N: it does not end in its hash
      verify stops error: the ledger does not hold
        because state/ledger/N.jsonl, line N: it does not end in its hash
    newest entry of a newer version
      apply stops error: the ledger can't be used
        because state/ledger/N.jsonl, line N: not an entry: its format is version N, newer than N at line N column N
      verify stops error: the ledger does not hold
        because state/ledger/N.jsonl, line N: not an entry: its format is version N, newer than N at line N column N
    every file of the ledger gone
      apply stops error: the ledger can't be used
        because the ledger ends at entry N, but the checkpoint knows entry N: its tail is gone; put the ledger back from a backup, or move the state directory away as a whole, to begin anew with what the tenants have live
      verify stops error: the ledger does not hold
        because the ledger ends at entry N, but the checkpoint knows entry N: its tail is gone; put the ledger back from a backup, or move the state directory away as a whole, to begin anew with what the tenants have live
    a file with a payload gone
      apply stops error: the ledger can't be used
        because state/ledger/N.jsonl is missing, and the payload of default/b is in it: put it back, from a backup or an archive
      verify stops error: the ledger does not hold
        because state/ledger/N.jsonl is missing, and the payload of default/b is in it: put it back, from a backup or an archive
    a file in the middle gone, and nothing to do without
      apply stops error: the ledger can't be used
        because state/ledger/N.jsonl begins with entry N, but the newest entry before it is N: a file is missing between them; put it back from a backup, or say with --archive where it was archived
      verify stops error: the ledger does not hold
        because state/ledger/N.jsonl begins with entry N, but the newest entry before it is N: a file is missing between them; put it back from a backup, or say with --archive where it was archived
    a file in the middle torn
      apply goes on
      verify stops error: the ledger does not hold
        because state/ledger/N.jsonl, line N: the file ends in the middle of it
    a file in the middle full of garbage
      apply goes on
      verify stops error: the ledger does not hold
        because state/ledger/N.jsonl, line N: it does not end in its hash
    ");
}

/// Each number as N: sizes and boundaries differ by the length of a time stamp.
fn without_numbers(text: &str) -> String {
    let mut told = String::new();
    for c in text.chars() {
        match (c.is_ascii_digit(), told.ends_with('N')) {
            (true, true) => {}
            (true, false) => told.push('N'),
            (false, _) => told.push(c),
        }
    }
    told
}
