//! A snapshot is one moment, whatever is done to the directory meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Swaps trees under a reader as fast as it can, in the way of git-sync and of a ConfigMap.
#[test]
fn a_snapshot_is_one_moment_however_links_are_swapped() {
    let world = tempfile::tempdir().unwrap();
    let path = |name: &str| world.path().join(name);
    fs::create_dir(path("config")).unwrap();
    for version in ["one", "two"] {
        for tree in [path(version), path("config").join(format!("..{version}"))] {
            fs::create_dir(&tree).unwrap();
            for number in 0..40 {
                let text =
                    document(&format!("p{number}")).replace("'self'", &format!("https://{version}.example"));
                fs::write(tree.join(format!("{number}.yaml")), text).unwrap();
            }
        }
    }
    for number in 0..40 {
        symlink(format!("..data/{number}.yaml"), path("config").join(format!("{number}.yaml"))).unwrap();
    }
    let swap = |link: &Path, target: &str| {
        let next = link.with_file_name("..next");
        symlink(target, &next).unwrap();
        fs::rename(next, link).unwrap();
    };
    for (root, link, targets) in [
        (path("link"), path("link"), ["one", "two"]),
        (path("config"), path("config/..data"), ["..one", "..two"]),
    ] {
        swap(&link, targets[0]);
        let ended = AtomicBool::new(false);
        let (mut seen, mut mixed) = (BTreeSet::new(), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Again and again faster than it can be read, and then slowly enough.
                for (turn, ms) in (0..2).cycle().zip([1, 1, 2, 4, 8, 16, 64, 256].into_iter().cycle()) {
                    if ended.load(Ordering::SeqCst) {
                        break;
                    }
                    swap(&link, targets[turn]);
                    std::thread::park_timeout(Duration::from_millis(ms));
                }
            });
            let mut whole = 0;
            while seen.len() < 2 || whole < 10 {
                let snapshot = Source::new(&root, tenants()).snapshot();
                let digests: BTreeSet<_> = snapshot.desired.values().map(|desired| desired.digest).collect();
                if snapshot.void.is_none() {
                    whole += 1;
                    mixed += usize::from((snapshot.desired.len(), digests.len()) != (40, 1));
                    seen.extend(digests);
                }
            }
            ended.store(true, Ordering::SeqCst);
        });
        assert_eq!(mixed, 0, "two trees in one snapshot");
    }
}
