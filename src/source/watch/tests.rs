//! Every way in which a directory changes, on the real file system.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::source::Source;

/// A folder for policies, a watch on it, and somebody who looks only where that says.
struct World {
    folder: tempfile::TempDir,
    watch: Watch,
    source: Source,
}

impl World {
    /// Watches `policies` below a folder that was prepared.
    fn new(prepare: impl FnOnce(&Path)) -> Self {
        Self::watching("policies", prepare)
    }

    fn watching(path: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let watch = Watch::new(&folder.path().join(path), &folder.path().join("state"), Mode::Auto);
        let source = reader(&folder.path().join(path));
        let mut world = Self { folder, watch, source };
        assert_eq!(world.watch.arm(), Armed::Events);
        world.source.snapshot();
        world
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Does something, and waits until it is heard: whoever looks where the hint says sees all of it. Then what follows
    /// is heard, too.
    async fn heard(&mut self, what: &str, act: impl FnOnce(&Path)) {
        act(self.folder.path());
        loop {
            let hinted = tokio::time::timeout(Duration::from_secs(20), self.watch.hint()).await;
            let Ok(scope) = hinted else { panic!("not heard: {what}") };
            assert_eq!(self.watch.rearm(), Armed::Events, "{what}");
            // A slow machine may hand on what happened in several bursts.
            let seen = format!("{:?}", self.source.sight(&scope, |_| false));
            if seen == format!("{:?}", reader(self.source.root()).sight(&Scope::Everything, |_| false)) {
                return;
            }
        }
    }

    async fn unheard(&mut self, what: &str, act: impl FnOnce(&Path)) {
        act(self.folder.path());
        let hinted = tokio::time::timeout(QUIET * 4, self.watch.hint()).await;
        assert!(hinted.is_err(), "heard: {what}");
    }
}

fn reader(policies: &Path) -> Source {
    Source::new(policies, ["default".parse().unwrap()].into())
}

fn plain(at: &Path) {
    fs::create_dir_all(at.join("policies/default")).unwrap();
    fs::create_dir_all(at.join("state")).unwrap();
    fs::write(at.join("policies/default/a.yaml"), "one").unwrap();
}

/// Writes a file and takes its name over from another one.
fn replace(at: &Path, text: &str) {
    fs::write(at.with_extension("tmp"), text).unwrap();
    fs::rename(at.with_extension("tmp"), at).unwrap();
}

#[tokio::test]
async fn editors_are_heard_however_they_save() {
    let mut world = World::new(plain);
    world.heard("in place", |at| fs::write(at.join("policies/default/a.yaml"), "two").unwrap()).await;
    world.heard("a new file over it", |at| replace(&at.join("policies/default/a.yaml"), "three")).await;
    world
        .heard("the old one moved aside first", |at| {
            let file = at.join("policies/default/a.yaml");
            fs::rename(&file, file.with_extension("yaml~")).unwrap();
            fs::write(&file, "four").unwrap();
        })
        .await;
    world
        .heard("a change of its mode", |at| {
            let mode = fs::Permissions::from_mode(0o600);
            fs::set_permissions(at.join("policies/default/a.yaml"), mode).unwrap();
        })
        .await;
}

#[tokio::test]
async fn a_change_is_looked_for_in_its_folder() {
    let mut world = World::new(plain);
    let default = world.path("policies/default").canonicalize().unwrap();
    fs::write(default.join("a.yaml"), "two").unwrap();
    assert_eq!(world.watch.hint().await, Scope::Folders([default.clone()].into()));
    fs::write(world.path("beside"), "three").unwrap();
    fs::rename(world.path("beside"), default.join("a.yaml")).unwrap();
    assert_eq!(world.watch.hint().await, Scope::Folders([default].into()), "wherever it came from");
    fs::create_dir(world.path("policies/other")).unwrap();
    assert_eq!(
        world.watch.hint().await,
        Scope::Everything,
        "what is in there may have come before its watch"
    );
}

#[tokio::test]
async fn files_and_folders_come_move_and_go() {
    let mut world = World::new(plain);
    world.heard("a file", |at| fs::write(at.join("policies/b.yaml"), "b").unwrap()).await;
    world
        .heard("folders at once, with a file", |at| {
            fs::create_dir_all(at.join("policies/x/y/z")).unwrap();
            fs::write(at.join("policies/x/y/z/c.yaml"), "c").unwrap();
        })
        .await;
    world.heard("a change in them", |at| fs::write(at.join("policies/x/y/z/c.yaml"), "d").unwrap()).await;
    world
        .heard("a folder moves", |at| fs::rename(at.join("policies/x"), at.join("policies/w")).unwrap())
        .await;
    world.heard("a change in it", |at| fs::write(at.join("policies/w/y/z/c.yaml"), "e").unwrap()).await;
    world
        .heard("a folder comes from elsewhere", |at| {
            fs::create_dir_all(at.join("elsewhere/q")).unwrap();
            fs::rename(at.join("elsewhere"), at.join("policies/from")).unwrap();
        })
        .await;
    world.heard("a change in it", |at| fs::write(at.join("policies/from/q/a.yaml"), "f").unwrap()).await;
    world.heard("a file goes", |at| fs::remove_file(at.join("policies/b.yaml")).unwrap()).await;
    world.heard("a folder goes", |at| fs::remove_dir_all(at.join("policies/w")).unwrap()).await;
}

#[tokio::test]
async fn what_is_no_change_is_not_heard() {
    let mut world = World::new(plain);
    world
        .unheard("reading, the state, and what stands beside", |at| {
            fs::read(at.join("policies/default/a.yaml")).unwrap();
            fs::read_dir(at.join("policies/default")).unwrap().count();
            fs::write(at.join("state/ledger"), "three").unwrap();
            fs::write(at.join("log"), "three").unwrap();
        })
        .await;
    let mut inside = World::watching(".", |at| fs::create_dir_all(at.join(".git/objects")).unwrap());
    inside.unheard("git's own files", |at| fs::write(at.join(".git/objects/x"), "x").unwrap()).await;
    inside.heard("files beside them", |at| fs::write(at.join("a.yaml"), "x").unwrap()).await;
}

/// What Kubernetes does with a ConfigMap or a Secret: files are links through `..data`, which is swapped by a rename.
#[tokio::test]
async fn a_config_maps_swap_is_heard() {
    fn publish(at: &Path, version: &str) {
        let root = at.join("policies");
        fs::create_dir(root.join(version)).unwrap();
        fs::write(root.join(version).join("a.yaml"), version).unwrap();
        symlink(version, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    }
    let mut world = World::new(|at| {
        fs::create_dir(at.join("policies")).unwrap();
        publish(at, "..2026_1");
        symlink("..data/a.yaml", at.join("policies/a.yaml")).unwrap();
    });
    for (before, version) in [("..2026_1", "..2026_2"), ("..2026_2", "..2026_3")] {
        world
            .heard(version, |at| {
                publish(at, version);
                fs::remove_dir_all(at.join("policies").join(before)).unwrap();
            })
            .await;
        assert_eq!(fs::read_to_string(world.path("policies/a.yaml")).unwrap(), version);
    }
}

/// What git-sync does: a link on the way is swapped to another work tree, and the old tree goes.
/// A file that is a link into a folder which nothing else leads to: that folder is watched from the link's coming on.
#[tokio::test]
async fn what_a_link_leads_to_is_watched_however_the_link_came() {
    let mut world = World::new(|at| {
        plain(at);
        for version in [".1", ".2", ".3"] {
            fs::create_dir(at.join("policies").join(version)).unwrap();
            fs::write(at.join("policies").join(version).join("b.yaml"), "b").unwrap();
        }
    });
    world.heard("a link is made", |at| symlink(".1/b.yaml", at.join("policies/b.yaml")).unwrap()).await;
    world.heard("a change behind it", |at| fs::write(at.join("policies/.1/b.yaml"), "c").unwrap()).await;
    world
        .heard("another one is renamed over it", |at| {
            symlink(".2/b.yaml", at.join("policies/.next")).unwrap();
            fs::rename(at.join("policies/.next"), at.join("policies/b.yaml")).unwrap();
        })
        .await;
    world.heard("a change behind that", |at| fs::write(at.join("policies/.2/b.yaml"), "d").unwrap()).await;
    world
        .heard("another one is made in its place", |at| {
            fs::remove_file(at.join("policies/b.yaml")).unwrap();
            symlink(".3/b.yaml", at.join("policies/b.yaml")).unwrap();
        })
        .await;
    world.heard("a change behind this", |at| fs::write(at.join("policies/.3/b.yaml"), "e").unwrap()).await;
}

#[tokio::test]
async fn a_swap_of_a_link_on_the_way_is_heard() {
    fn publish(at: &Path, revision: &str) {
        fs::create_dir_all(at.join("git").join(revision).join("policies/default")).unwrap();
        symlink(revision, at.join("git/tmp-link")).unwrap();
        fs::rename(at.join("git/tmp-link"), at.join("git/current")).unwrap();
    }
    let mut world = World::watching("git/current/policies", |at| publish(at, "r1"));
    for (before, revision) in [("r1", "r2"), ("r2", "r3")] {
        world
            .heard(revision, |at| {
                publish(at, revision);
                fs::remove_dir_all(at.join("git").join(before)).unwrap();
            })
            .await;
        let file = world.path("git").join(revision).join("policies/default/a.yaml");
        world.heard("a change in the new tree", |_| fs::write(file, "a").unwrap()).await;
    }
}

#[tokio::test]
async fn the_directory_itself_goes_and_comes() {
    let mut world = World::new(plain);
    world.heard("it is removed", |at| fs::remove_dir_all(at.join("policies")).unwrap()).await;
    world.heard("it is made again", plain).await;
    world.heard("a change in it", |at| fs::write(at.join("policies/default/a.yaml"), "two").unwrap()).await;
    world
        .heard("another one takes its name", |at| {
            fs::rename(at.join("policies"), at.join("old")).unwrap();
            plain(at);
        })
        .await;
    world.heard("a change in that", |at| fs::write(at.join("policies/default/a.yaml"), "3").unwrap()).await;
    world
        .heard("a file takes its place", |at| {
            fs::remove_dir_all(at.join("policies")).unwrap();
            fs::write(at.join("policies"), "a file").unwrap();
        })
        .await;
    world
        .heard("and makes room again", |at| {
            fs::remove_file(at.join("policies")).unwrap();
            plain(at);
        })
        .await;
    world.heard("a change in it", |at| fs::write(at.join("policies/default/a.yaml"), "4").unwrap()).await;
    world
        .heard("it can't be read any more", |at| {
            fs::set_permissions(at.join("policies"), fs::Permissions::from_mode(0o000)).unwrap();
        })
        .await;
    world
        .heard("and can again", |at| {
            fs::set_permissions(at.join("policies"), fs::Permissions::from_mode(0o755)).unwrap();
        })
        .await;
    world
        .heard("the folder that it is in moves", |at| {
            fs::create_dir(at.join("deep")).unwrap();
            fs::rename(at.join("policies"), at.join("deep/policies")).unwrap();
        })
        .await;
}

#[tokio::test]
async fn a_directory_that_was_never_there_is_heard_when_it_comes() {
    let mut world = World::watching("one/two/policies", |_| {});
    world.heard("the first folder", |at| fs::create_dir(at.join("one")).unwrap()).await;
    world.heard("all of them", |at| fs::create_dir_all(at.join("one/two/policies")).unwrap()).await;
    world.heard("a file", |at| fs::write(at.join("one/two/policies/a.yaml"), "a").unwrap()).await;
}

#[tokio::test]
async fn what_is_below_a_mount_is_heard_once_its_end_was_seen() {
    let mut world = World::new(plain);
    let at = world.path("policies");
    let mount = |arguments: &[&str]| {
        std::process::Command::new(arguments[0])
            .args(&arguments[1..])
            .arg(&at)
            .output()
            .is_ok_and(|ran| ran.status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "none"]) {
        eprintln!("skipped: mounting a file system takes more rights than this test has");
        return;
    }
    // Neither a mount nor its end makes an event that notify tells: the next full pass arms what is there then.
    assert_eq!(world.watch.arm(), Armed::Events);
    world.heard("a file in it", |at| fs::write(at.join("policies/default.yaml"), "a").unwrap()).await;
    assert!(mount(&["umount"]));
    assert_eq!(world.watch.arm(), Armed::Events);
    world.heard("a change below", |at| fs::write(at.join("policies/default/a.yaml"), "b").unwrap()).await;
}

#[tokio::test]
async fn a_burst_is_one_hint_and_one_that_goes_on_is_not_waited_for() {
    let mut world = World::new(plain);
    // More than the kernel's queue takes.
    world
        .heard("very many at once", |at| {
            for index in 0..17_000 {
                File::create(at.join(format!("policies/default/{index}.tmp"))).unwrap();
            }
        })
        .await;
    world.unheard("nothing more", |_| {}).await;

    let file = world.path("policies/default/a.yaml");
    let stop = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&stop);
    let writer = std::thread::spawn(move || {
        while !ended.load(Ordering::SeqCst) {
            File::create(&file).unwrap().write_all(b"again").unwrap();
            std::thread::park_timeout(Duration::from_millis(5));
        }
    });
    let hinted = tokio::time::timeout(PATIENCE * 10, world.watch.hint()).await;
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    assert!(hinted.is_ok(), "a burst without an end is looked at all the same");
}

#[tokio::test]
async fn a_queue_that_ran_over_makes_everything_be_looked_at() {
    let mut world = World::new(plain);
    let ground = Ground::of(&world.path("policies"), &world.path("state"));
    let (sender, stale) = (world.watch.sender.clone(), Arc::clone(&world.watch.stale));
    let scope = Arc::clone(&world.watch.scope);
    let mut handler = Handler { ground, ignored: world.path("state"), stale, scope, sender };
    handler.handle_event(Ok(Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan)));
    world.heard("it ran over", |_| {}).await;
    assert!(!world.watch.stale.load(Ordering::SeqCst), "the folders were watched anew");
}

#[tokio::test(start_paused = true)]
async fn where_a_limit_is_reached_it_is_polled() {
    let folder = tempfile::tempdir().unwrap();
    plain(folder.path());
    let mut watch = Watch::new(&folder.path().join("policies"), &folder.path().join("state"), Mode::Auto);
    watch.begin = |_| Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
    let Armed::Deaf(why) = watch.arm() else { panic!("armed") };
    assert!(why.contains("max_user_watches"), "{why}");
    fs::write(folder.path().join("policies/default/a.yaml"), "another").unwrap();
    watch.hint().await;
    watch.begin = begin;
    assert_eq!(watch.arm(), Armed::Events, "once there is room, events are heard again");
}

#[tokio::test(start_paused = true)]
async fn polling_sees_what_changes_while_nobody_waits() {
    let folder = tempfile::tempdir().unwrap();
    plain(folder.path());
    let mut watch = Watch::new(&folder.path().join("policies"), &folder.path().join("state"), Mode::Poll);
    assert_eq!(watch.arm(), Armed::Polling);
    replace(&folder.path().join("policies/default/a.yaml"), "another");
    watch.hint().await;
    assert_eq!(watch.arm(), Armed::Polling);
    let quiet = tokio::time::timeout(Duration::from_secs(60), watch.hint()).await;
    assert!(quiet.is_err(), "nothing changed");
}
