//! How the daemon hears of changes: links that are swapped, mounts, events that are lost or never come, and polling.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use rustix::process::Signal;

use crate::support::{Daemon, World, policy, wrapped};

const BEFORE: &str = "'self'";
const AFTER: &str = "'self' https://cdn.example";

/// A daemon that has deployed all there is, and makes no pass by itself for long.
fn settled(world: &World, arguments: &[&str]) -> Daemon {
    let mut daemon = world.start(&[&["run", "--interval", "1h", "--prune"], arguments].concat());
    daemon.logs(&["pass.ended"]);
    daemon
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
    publish("r1", Some(BEFORE));
    let mut daemon = settled(&world, &["--policies", "git/current/policies"]);
    publish("r2", Some(AFTER));
    fs::remove_dir_all(at.join("r1")).unwrap();
    daemon.logs(&["policy.deployed"]);
    publish("r3", None);
    daemon.logs(&["policy.held", "guard", "holds no policy file"]);
    assert_eq!((world.submits(), world.live("default").len()), (2, 1));
    publish("r4", Some("'self' https://new.example"));
    daemon.logs(&["policy.deployed"]);
}

/// What Kubernetes does with a ConfigMap or a Secret: every file is a link through `..data`, which is renamed over.
#[test]
fn a_config_maps_swap_is_deployed() {
    let world = World::new();
    let publish = |version: &str, names: &[&str], sources: &str| {
        let at = world.policies();
        fs::create_dir(at.join(version)).unwrap();
        for name in names {
            let file = format!("{name}.yaml");
            fs::write(at.join(version).join(&file), policy(name, sources)).unwrap();
            if fs::symlink_metadata(at.join(&file)).is_err() {
                symlink(format!("..data/{file}"), at.join(&file)).unwrap();
            }
        }
        symlink(version, at.join("..data_tmp")).unwrap();
        fs::rename(at.join("..data_tmp"), at.join("..data")).unwrap();
    };
    publish("..2026_1", &["a", "b"], BEFORE);
    let mut daemon = settled(&world, &[]);
    publish("..2026_2", &["a", "b"], AFTER);
    fs::remove_dir_all(world.policies().join("..2026_1")).unwrap();
    daemon.logs(&["drift.report", "2 policies drifted"]);
    daemon.logs(&["pass.ended", "2 of 2"]);
    assert_eq!(world.submits(), 4);
    // Kubelet takes away the links of keys that are gone only after the swap.
    publish("..2026_3", &["a"], AFTER);
    fs::remove_file(world.policies().join("b.yaml")).unwrap();
    daemon.logs(&["policy.deployed", "remove default/b"]);
    assert_eq!(world.live("default").into_keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn the_directory_that_goes_removes_nothing_and_its_return_is_heard() {
    let world = World::new();
    world.write("a.yaml", &policy("a", BEFORE));
    let mut daemon = settled(&world, &[]);
    fs::remove_dir_all(world.policies()).unwrap();
    daemon.logs(&["policy.held", "guard", "can't be read"]);
    fs::write(world.policies(), "a file in its place").unwrap();
    daemon.logs(&["policy.held", "guard", "Not a directory"]);
    fs::remove_file(world.policies()).unwrap();
    world.write("a.yaml", &policy("a", AFTER));
    daemon.logs(&["policy.deployed"]);
    assert_eq!((world.submits(), world.live("default").len()), (2, 1));
}

#[test]
fn what_is_unmounted_removes_nothing() {
    let world = World::new();
    let mount = |arguments: &[&str]| {
        let ran = Command::new(arguments[0]).args(&arguments[1..]).arg(world.policies()).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "none"]) {
        eprintln!("skipped: mounting a file system takes more rights than this test has");
        return;
    }
    world.write("a.yaml", &policy("a", BEFORE));
    let mut daemon = settled(&world, &[]);
    assert!(mount(&["umount"]));
    // Its end makes no event that a watcher is told of, so the next full pass finds it.
    daemon.signal(Signal::HUP);
    daemon.logs(&["policy.held", "guard", "holds no policy file"]);
    assert!(mount(&["mount", "-t", "tmpfs", "none"]));
    world.write("a.yaml", &policy("a", AFTER));
    daemon.signal(Signal::HUP);
    daemon.logs(&["policy.deployed"]);
    world.write("a.yaml", &policy("a", "'self' https://new.example"));
    daemon.logs(&["policy.deployed"]);
    assert_eq!((world.submits(), world.live("default").len()), (3, 1));
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    assert!(mount(&["umount"]));
}

#[test]
fn a_queue_of_events_that_ran_over_is_made_up_for() {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    if limit > 100_000 {
        eprintln!("skipped: it takes {limit} events to make the queue run over here");
        return;
    }
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.write(&format!("{name}.yaml"), &policy(name, BEFORE));
    }
    let mut daemon = settled(&world, &[]);
    daemon.signal(Signal::STOP);
    world.until("it stands still", |_| daemon.state() == 'T');
    for number in 0..limit {
        fs::write(world.policies().join(format!("{number}.tmp")), "").unwrap();
    }
    // There is no room for the events of these any more.
    for name in ["a", "b", "c"] {
        world.write(&format!("{name}.yaml"), &policy(name, AFTER));
    }
    daemon.signal(Signal::CONT);
    daemon.logs(&["drift.report", "3 policies drifted"]);
    daemon.logs(&["pass.ended", "3 of 3"]);
    if !daemon.log.iter().any(|line| line.contains("source.overrun")) {
        daemon.logs(&["source.overrun"]);
    }
    world.write("a.yaml", &policy("a", "'self' https://new.example"));
    daemon.logs(&["policy.deployed"]);
}

/// A file that has another name outside the directory, and is changed by that: no event tells of it.
#[test]
fn what_no_event_told_is_found_by_the_next_full_pass() {
    let world = World::new();
    world.write("a.yaml", &policy("a", BEFORE));
    let outside = world.path().join("outside.yaml");
    fs::hard_link(world.policies().join("a.yaml"), &outside).unwrap();
    let mut daemon = settled(&world, &[]);
    fs::write(&outside, policy("a", AFTER)).unwrap();
    daemon.signal(Signal::HUP);
    daemon.logs(&["policy.deployed"]);
    assert!(!daemon.log.iter().any(|line| line.contains("source.changed")), "no event told of it");
}

#[test]
fn polling_hears_of_changes_without_any_event() {
    let world = World::new();
    world.write("a.yaml", &policy("a", BEFORE));
    let mut daemon = settled(&world, &["--watch", "poll"]);
    world.write("a.yaml", &policy("a", AFTER));
    daemon.logs(&["source.changed"]);
    daemon.logs(&["policy.deployed"]);
    assert!(
        !daemon.log.iter().any(|line| line.contains("source.polled")),
        "it was asked for, so it is no warning"
    );
}

/// A user namespace has limits of its own: in one without watches there are no events.
#[test]
fn without_events_the_directory_is_polled() {
    let deaf = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"";
    let without = |program: &Command| {
        wrapped(&["unshare", "--user", "--map-root-user", "sh", "-c", deaf, "sh"], program)
    };
    let mut can = without(&Command::new("true"));
    if !can.env("PATH", "/usr/bin:/bin").output().is_ok_and(|ran| ran.status.success()) {
        eprintln!("skipped: no user namespace can be made here, so inotify can't be limited");
        return;
    }
    let world = World::new();
    world.write("a.yaml", &policy("a", BEFORE));
    let mut daemon = world.started(&mut without(&world.command(&["run", "--interval", "1h"])));
    daemon.logs(&["source.polled", "max_user_instances"]);
    daemon.logs(&["probe.result"]);
    world.write("a.yaml", &policy("a", AFTER));
    daemon.logs(&["policy.deployed"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    let said = daemon.log.iter().filter(|line| line.contains("source.polled")).count();
    assert_eq!(said, 1, "it is said once");
}
