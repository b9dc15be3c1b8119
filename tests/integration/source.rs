//! Where policies come from: half-written files, swapped links, machines without events, and commits that nobody signed.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use rustix::process::Signal;

use crate::support::{Daemon, World, policy};

#[test]
fn a_file_that_is_caught_half_way_is_held_until_it_is_whole() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run", "--interval", "1h", "--prune"]);
    daemon.logs(&["probe.result"]);
    let whole = policy("a", "'self' https://cdn.example");
    world.write("a.yaml", &whole[..whole.len() / 2]);
    daemon.logs(&["policy.held", "invalid"]);
    assert_eq!((world.submits(), world.live("default").len()), (1, 1), "nothing is sent, nothing is removed");
    world.write("a.yaml", &whole);
    daemon.logs(&["policy.deployed"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    assert_eq!(world.submits(), 2);
}

/// What git-sync does: a link to the new tree is renamed over the old link, and the old tree goes.
#[test]
fn a_swapped_link_is_deployed_and_an_emptied_one_removes_nothing() {
    let world = World::new();
    let at = world.path().join("git");
    let publish = |revision: &str, sources: Option<&str>| {
        fs::create_dir_all(at.join(revision).join("policies")).unwrap();
        if let Some(sources) = sources {
            fs::write(at.join(revision).join("policies/a.yaml"), policy("a", sources)).unwrap();
        }
        symlink(revision, at.join("tmp-link")).unwrap();
        fs::rename(at.join("tmp-link"), at.join("current")).unwrap();
    };
    publish("r1", Some("'self'"));
    let mut daemon =
        world.start(&["run", "--interval", "1h", "--prune", "--policies", "git/current/policies"]);
    daemon.logs(&["probe.result"]);
    publish("r2", Some("'self' https://cdn.example"));
    fs::remove_dir_all(at.join("r1")).unwrap();
    daemon.logs(&["policy.deployed"]);
    publish("r3", None);
    daemon.logs(&["policy.held", "guard", "holds no policy file"]);
    assert_eq!((world.submits(), world.live("default").len()), (2, 1));
    publish("r4", Some("'self' https://new.example"));
    daemon.logs(&["policy.deployed"]);
}

/// A user namespace has limits of its own: in one without watches there are no events.
#[test]
fn without_events_the_directory_is_polled() {
    let without = |program: &Command| {
        let mut command = Command::new("unshare");
        let deaf = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"";
        command.args(["--user", "--map-root-user", "sh", "-c", deaf, "sh"]).arg(program.get_program());
        command.args(program.get_args());
        command.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = program.get_current_dir() {
            command.current_dir(folder);
        }
        command
    };
    if !without(&Command::new("true"))
        .env("PATH", "/usr/bin:/bin")
        .output()
        .is_ok_and(|ran| ran.status.success())
    {
        eprintln!("skipped: no user namespace can be made here, so inotify can't be limited");
        return;
    }
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = Daemon::start(&mut without(&world.command(&["run", "--interval", "1h"])));
    daemon.logs(&["source.polled", "max_user_instances"]);
    daemon.logs(&["probe.result"]);
    world.write("a.yaml", &policy("a", "'self' https://cdn.example"));
    daemon.logs(&["policy.deployed"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    let said = daemon.log.iter().filter(|line| line.contains("source.polled")).count();
    assert_eq!(said, 1, "it is said once");
}

#[test]
fn what_nobody_signed_is_held_where_that_is_asked_for() {
    let world = World::new();
    let settings = |source: &str| {
        world.write_settings(&format!("{source}tenants:\n{}", world.tenant("default", "")));
    };
    world.write("a.yaml", &policy("a", "'self'"));
    world.git(&["init", "-q"]);
    world.git(&["add", "."]);
    let author = ["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"];
    world.git(&[&author[..], &["commit", "-q", "--no-gpg-sign", "-m", "One"]].concat());
    fs::write(world.path().join("signers"), "").unwrap();
    settings("source: { require_signed: true, allowed_signers: signers }\n");
    world.run(&["plan"]).exits(0).says("unsigned").says("is not signed by an allowed key");
    world.run(&["apply"]).exits(1).says("unsigned");
    assert_eq!(world.submits(), 0);
    settings("");
    world.run(&["apply"]).exits(0).says("1 done");
}
