//! A snapshot is one moment, whatever is done to the directory meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// A directory with the same files in two versions, which are published in turn as trees of ever new names.
struct Published {
    world: tempfile::TempDir,
}

const FILES: usize = 40;

impl Published {
    fn new() -> Self {
        let published = Self { world: tempfile::tempdir().unwrap() };
        for version in ["0", "1"] {
            fs::create_dir(published.path(version)).unwrap();
            for number in 0..FILES {
                let text =
                    document(&format!("p{number}")).replace("'self'", &format!("https://{version}.example"));
                fs::write(published.path(version).join(format!("{number}.yaml")), text).unwrap();
            }
        }
        published
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.path().join(name)
    }

    /// Puts the next tree beside a link, swaps that, and takes the last tree away.
    fn publish(&self, link: &Path, turn: usize) {
        let tree = |turn: usize| link.with_file_name(format!("..tree-{turn}"));
        fs::create_dir(tree(turn)).unwrap();
        for number in 0..FILES {
            let file = format!("{number}.yaml");
            fs::hard_link(self.path(&(turn % 2).to_string()).join(&file), tree(turn).join(&file)).unwrap();
        }
        let next = link.with_file_name("..next");
        symlink(tree(turn).file_name().unwrap(), &next).unwrap();
        fs::rename(next, link).unwrap();
        if turn > 0 {
            fs::remove_dir_all(tree(turn - 1)).unwrap();
        }
    }
}

/// Swaps trees under a reader as fast as it can, in the way of git-sync and of a ConfigMap.
#[test]
fn a_snapshot_is_one_moment_however_links_are_swapped() {
    let published = Published::new();
    let config = published.path("config");
    fs::create_dir(&config).unwrap();
    fs::create_dir(published.path("git")).unwrap();
    for number in 0..FILES {
        symlink(format!("..data/{number}.yaml"), config.join(format!("{number}.yaml"))).unwrap();
    }
    let link = published.path("git/current");
    for (root, link) in [(link.clone(), link), (config.clone(), config.join("..data"))] {
        published.publish(&link, 0);
        let ended = AtomicBool::new(false);
        let (mut seen, mut mixed) = (BTreeSet::new(), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Again and again faster than it can be read, and then slowly enough.
                for (turn, ms) in (1..).zip([0, 0, 1, 2, 4, 8, 16, 64, 256].into_iter().cycle()) {
                    if ended.load(Ordering::SeqCst) {
                        break;
                    }
                    published.publish(&link, turn);
                    std::thread::park_timeout(Duration::from_millis(ms));
                }
            });
            let mut whole = 0;
            while seen.len() < 2 || whole < 20 {
                let snapshot = Source::new(&root, tenants()).snapshot();
                let digests: BTreeSet<_> = snapshot.desired.values().map(|desired| desired.digest).collect();
                if snapshot.void.is_none() {
                    whole += 1;
                    mixed += usize::from((snapshot.desired.len(), digests.len()) != (FILES, 1));
                    seen.extend(digests);
                }
            }
            ended.store(true, Ordering::SeqCst);
        });
        assert_eq!(mixed, 0, "two trees in one snapshot");
    }
}
