//! What is read of a directory, and what its absence never means: files caught half way, trees that are gone or can't be
//! read, removals that two looks don't agree on, and a state that can't be written.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use chatward::config::{self, Lookup, Overrides, Settings};
use chatward::host::Host;
use chatward::ledger::Ledger;
use chatward::plan::Retry;
use chatward::reconcile::{Reconciler, Report};
use chatward::remote::{HttpTenant, Tokens};
use chatward::source::Scope;
use chatward::source::watch::QUIET;
use rustix::process::Signal;
use tokio_util::sync::CancellationToken;

use crate::support::{Ran, SECRET, World, policy, wrapped};

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

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs chatward as somebody for whom a file's mode counts, which it does not for root; nothing where that can't be had.
fn run_where_modes_count(world: &World, arguments: &[&str]) -> Option<Ran> {
    let plain = world.command(arguments);
    if !rustix::process::geteuid().is_root() {
        return Some(world.run(arguments));
    }
    let without = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"];
    let mut can = wrapped(&without, &Command::new("true"));
    if !can.env("PATH", "/usr/bin:/bin").output().is_ok_and(|ran| ran.status.success()) {
        eprintln!("skipped: root may read everything, and there is no setpriv to run it with less");
        return None;
    }
    Some(world.run_as(&mut wrapped(&without, &plain)))
}

#[test]
fn a_tree_that_is_gone_empty_or_unreadable_removes_nothing() {
    /// What is done to a directory, what is said of it, and how that ends.
    type Way = (&'static str, fn(&Path), &'static str, fn(&Path));
    let aside = |at: &Path| at.with_extension("aside");
    let ways: [Way; 6] = [
        ("removed", |at| fs::rename(at, at.with_extension("aside")).unwrap(), "can't be read", |_| {}),
        (
            "empty",
            |at| {
                fs::rename(at, at.with_extension("aside")).unwrap();
                fs::create_dir(at).unwrap();
            },
            "holds no policy file",
            |at| fs::remove_dir(at).unwrap(),
        ),
        (
            "of other files only",
            |at| {
                fs::rename(at, at.with_extension("aside")).unwrap();
                fs::create_dir(at).unwrap();
                fs::write(at.join("README.md"), "nothing").unwrap();
            },
            "holds no policy file",
            |at| fs::remove_dir_all(at).unwrap(),
        ),
        (
            "a file",
            |at| {
                fs::rename(at, at.with_extension("aside")).unwrap();
                fs::write(at, "a file").unwrap();
            },
            "can't be read",
            |at| fs::remove_file(at).unwrap(),
        ),
        (
            "a link to nowhere",
            |at| {
                fs::rename(at, at.with_extension("aside")).unwrap();
                symlink("nowhere", at).unwrap();
            },
            "can't be read",
            |at| fs::remove_file(at).unwrap(),
        ),
        ("unreadable", |at| mode(at, 0o000), "can't be read", |at| mode(at, 0o700)),
    ];
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("default/b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(0);
    for (what, take, said, give) in ways {
        take(&world.policies());
        let Some(ran) = run_where_modes_count(&world, &["apply", "--prune"]) else { continue };
        ran.exits(1).says("2 held").says("guard").says(said);
        assert_eq!(world.live("default").len(), 2, "{what}");
        give(&world.policies());
        if aside(&world.policies()).exists() {
            fs::rename(aside(&world.policies()), world.policies()).unwrap();
        }
        world.run(&["apply", "--prune"]).exits(0).says("2 in sync, 0 held");
    }
}

#[test]
fn what_cant_be_read_hides_its_policies_and_harms_no_other() {
    let world = World::new();
    world.write("open/a.yaml", &policy("a", "'self'"));
    world.write("shut/b.yaml", &policy("b", "'self'"));
    world.write("c.yaml", &policy("c", "'self'"));
    world.run(&["apply"]).exits(0);
    mode(&world.policies().join("shut"), 0o000);
    mode(&world.policies().join("c.yaml"), 0o000);
    world.write("open/a.yaml", &policy("a", "'self' https://cdn.example"));
    let Some(ran) = run_where_modes_count(&world, &["apply", "--prune"]) else { return };
    ran.exits(4).says("✓ default/a: update").says("Permission denied");
    assert_eq!((world.live("default").len(), world.submits()), (3, 4));
    mode(&world.policies().join("shut"), 0o700);
    mode(&world.policies().join("c.yaml"), 0o600);
    world.run(&["apply", "--prune"]).exits(0).says("3 in sync, 0 held");
}

#[test]
fn a_mass_removal_is_held() {
    let world = World::new();
    for number in 0..10 {
        world.write(&format!("p{number}.yaml"), &policy(&format!("p{number}"), "'self'"));
    }
    world.run(&["apply"]).exits(0);
    for number in 0..4 {
        world.remove(&format!("p{number}.yaml"));
    }
    world
        .run(&["apply", "--prune"])
        .exits(4)
        .says("4 of 10 policies would be removed, over guard.max_removals");
    assert_eq!(world.live("default").len(), 10);
    world.write("p3.yaml", &policy("p3", "'self'"));
    world.run(&["apply", "--prune"]).exits(0).says("3 done");
    assert_eq!(world.live("default").len(), 7);
}

#[test]
fn a_plan_writes_nothing_where_it_must_not() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(0);
    world.write("a.yaml", &policy("a", "'self' https://cdn.example"));
    for indexed in [true, false] {
        let index = world.state().join("index");
        if !indexed {
            fs::remove_file(&index).unwrap();
        }
        mode(&world.state(), 0o500);
        let ran = run_where_modes_count(&world, &["plan", "--detailed-exitcode"]);
        mode(&world.state(), 0o700);
        let Some(ran) = ran else { return };
        ran.exits(2).says("Plan: 0 to create, 1 to update, 0 to remove, 1 in sync, 0 held.");
        assert_eq!(ran.stderr, "", "an index that can't be kept is nobody's business");
        assert_eq!(index.exists(), indexed);
    }
}

fn settings(world: &World) -> Settings {
    let text = fs::read_to_string(world.path().join("chatward.yaml")).unwrap();
    let env = |name: &str| (name == "TEST_SECRET").then(|| SECRET.to_owned());
    let file = |_: &Path| Err("no files here".to_owned());
    let overrides = Overrides {
        policies: Some(world.policies()),
        state: Some(world.state()),
        prune: true,
        ..Overrides::default()
    };
    config::resolve(Some(&text), overrides, &Lookup { env: &env, file: &file }).unwrap()
}

/// One pass in this process, where time stands still until everybody waits. `between` is done after the first look, half
/// way to the second.
async fn pass(world: &World, between: impl FnOnce()) -> Report {
    let (settings, host) = (settings(world), Host::real());
    let ledger = Ledger::open(&settings.state, Arc::clone(&host.clock)).unwrap();
    let tokens = Arc::new(Tokens::default());
    let remotes: BTreeMap<_, _> = settings
        .tenants
        .iter()
        .map(|(name, tenant)| (name.clone(), HttpTenant::new(tenant, &tokens).unwrap()))
        .collect();
    let mut reconciler = Reconciler::new(settings, ledger, remotes, host, false).await.unwrap();
    let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
    let meanwhile = async {
        tokio::time::sleep(QUIET).await;
        between();
        // Requests are made in real time.
        tokio::time::resume();
    };
    tokio::time::pause();
    let (report, ()) =
        tokio::join!(reconciler.pass((Retry::Due, &Scope::Everything), (&drain, &stop), &()), meanwhile);
    report.unwrap()
}

#[test]
fn a_removal_counts_only_where_two_looks_agree() {
    let world = World::new();
    let others = (0..7).map(|number| format!("p{number}"));
    for name in others.chain(["back", "gone", "late"].map(str::to_owned)) {
        world.write(&format!("{name}.yaml"), &policy(&name, "'self'"));
    }
    world.run(&["apply"]).exits(0);
    world.remove("back.yaml");
    world.remove("gone.yaml");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(pass(&world, || {
        world.write("back.yaml", &policy("back", "'self'"));
        world.remove("late.yaml");
    }));
    let done: Vec<_> = report.results.iter().map(|result| result.id.to_string()).collect();
    assert_eq!(done, ["default/gone"]);
    let live = world.live("default");
    assert!(live.len() == 9 && live.contains_key("back") && live.contains_key("late"), "{:?}", live.keys());
    world.run(&["apply", "--prune"]).exits(0).says("✓ default/late: remove, done");
}
