//! Tries what is read of a directory, and what is not, on the real file system.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::time::Duration;

use super::*;

mod commits;
mod moment;

fn tenants() -> BTreeSet<TenantName> {
    ["default".parse().unwrap()].into()
}

fn document(name: &str) -> String {
    format!(
        "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: {{ name: {name} }}\n\
         spec: {{ cspDirectives: {{ default-src: \"'self'\" }} }}\n"
    )
}

fn ids(snapshot: &Snapshot) -> Vec<String> {
    snapshot.desired.keys().map(ToString::to_string).collect()
}

#[test]
fn every_policy_file_is_read_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    for folder in ["default", ".git", "..2026"] {
        fs::create_dir(path(folder)).unwrap();
    }
    fs::write(path("default/a.yaml"), document("a")).unwrap();
    fs::write(path("b.yml"), document("b")).unwrap();
    fs::write(path(".hidden.yaml"), document("hidden")).unwrap();
    fs::write(path(".git/c.yaml"), document("c")).unwrap();
    fs::write(path("notes.txt"), document("notes")).unwrap();
    fs::write(outside.path().join("out.yaml"), document("out")).unwrap();
    fs::write(path("..2026/d.yaml"), document("d")).unwrap();
    symlink("..2026/d.yaml", path("d.yaml")).unwrap();
    symlink(outside.path().join("out.yaml"), path("out.yaml")).unwrap();
    symlink(root.path(), path("default/up")).unwrap();
    let snapshot = Source::new(root.path(), tenants()).snapshot();
    assert_eq!(ids(&snapshot), ["default/a", "default/b", "default/d"]);
    assert_eq!(snapshot.void, None);
}

#[test]
fn a_directory_that_says_nothing_says_so() {
    let root = tempfile::tempdir().unwrap();
    let empty = Source::new(root.path(), tenants()).snapshot();
    assert!(empty.void.as_ref().unwrap().contains("holds no policy file"));
    let gone = Source::new(&root.path().join("gone"), tenants()).snapshot();
    assert!(gone.void.as_ref().unwrap().contains("can't be read"));
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(Source::new(&file, tenants()).snapshot().void.is_some());
}

#[test]
fn a_file_with_the_same_bytes_is_not_parsed_again() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a.yaml"), document("a")).unwrap();
    let mut source = Source::new(root.path(), tenants());
    source.snapshot();
    let read = |source: &Source| source.known.as_ref().unwrap().shelves[0].spans.clone();
    let before = read(&source);
    fs::write(root.path().join("a.yaml"), document("a")).unwrap();
    assert_eq!(ids(&source.snapshot()), ["default/a"]);
    assert_eq!(read(&source), before, "what it holds is known already");
    fs::write(root.path().join("a.yaml"), document("b")).unwrap();
    assert_eq!(ids(&source.snapshot()), ["default/b"]);
}

/// What is said of the directory, not of a document.
fn codes(snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let at = |finding: &crate::finding::Finding| finding.place.as_ref().unwrap().to_string();
    let findings = snapshot.findings();
    let of_system = findings.iter().filter(|finding| finding.code.id.starts_with("CW9"));
    of_system.map(|finding| (finding.code.id, at(finding))).collect()
}

#[test]
fn what_is_no_file_is_told_and_never_opened() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    fs::write(path("a.yaml"), document("a")).unwrap();
    // Opening this would wait for a writer, for ever.
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path("pipe\n.yaml"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket.yaml")).unwrap();
    symlink("/etc/hostname", path("out.yaml")).unwrap();
    symlink("nowhere", path("lost.yaml")).unwrap();
    fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"\xff.yaml")), document("b")).unwrap();
    let snapshot = Source::new(root.path(), tenants()).snapshot();
    assert_eq!(ids(&snapshot), ["default/a"]);
    let expected = [
        ("CW9003", "lost.yaml:1:1"),
        ("CW9005", "out.yaml:1:1"),
        ("CW9004", "pipe\\n.yaml:1:1"),
        ("CW9004", "socket.yaml:1:1"),
        ("CW9006", "\u{fffd}.yaml:1:1"),
    ];
    assert_eq!(codes(&snapshot), expected.map(|(code, at)| (code, at.to_owned())));
    assert!(snapshot.could_hide(&"default/b".parse().unwrap()).is_some(), "none of it is a removal");
}

#[test]
fn a_config_map_is_read_once_and_its_swap_is_seen() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    for (version, policy) in [("..2025", "old"), ("..2026", "new")] {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("a.yaml"), document(policy)).unwrap();
    }
    symlink("..2025", path("..data")).unwrap();
    symlink("..data/a.yaml", path("a.yaml")).unwrap();
    let mut source = Source::new(root.path(), tenants());
    assert_eq!(ids(&source.snapshot()), ["default/old"]);
    let handle = Root::open(root.path()).unwrap();
    let listing = Listing::of(&handle, now()).unwrap();
    assert!(!listing.links.iter().any(|link| link.has_moved(&handle)));
    symlink("..2026", path("..data_tmp")).unwrap();
    fs::rename(path("..data_tmp"), path("..data")).unwrap();
    assert!(
        listing.links.iter().any(|link| link.has_moved(&handle)),
        "what was listed is no longer one moment"
    );
    assert_eq!(ids(&source.snapshot()), ["default/new"]);
}

#[test]
fn a_link_adds_only_what_is_not_read_under_its_own_name() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    fs::create_dir_all(path("real/deep")).unwrap();
    fs::create_dir(path(".hidden")).unwrap();
    fs::write(path("real/deep/a.yaml"), document("a")).unwrap();
    fs::write(path(".hidden/b.yaml"), document("b")).unwrap();
    fs::write(path("c.txt"), document("c")).unwrap();
    symlink("real", path("also")).unwrap();
    symlink("real/deep/a.yaml", path("a.yaml")).unwrap();
    symlink(".hidden", path("shown")).unwrap();
    symlink(".hidden/b.yaml", path("b.yaml")).unwrap();
    symlink("c.txt", path("c.yaml")).unwrap();
    symlink("..", path("real/deep/up")).unwrap();
    let snapshot = Source::new(root.path(), tenants()).snapshot();
    assert_eq!(ids(&snapshot), ["default/a", "default/b", "default/c"]);
    assert_eq!(snapshot.unusable, []);
    let files: Vec<_> = snapshot.desired.values().map(|desired| desired.origin.file.to_string()).collect();
    assert_eq!(files, ["real/deep/a.yaml", "shown/b.yaml", "c.yaml"]);
}

/// Makes a file look as if it had been left alone for long, and gives its times.
fn settle(path: &Path) {
    let known = fs::metadata(path).unwrap().modified().unwrap() - Duration::from_secs(60);
    File::open(path).unwrap().set_modified(known).unwrap();
}

#[test]
fn a_file_that_was_changed_just_before_is_read_again_whatever_its_metadata_says() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("a.yaml");
    fs::write(&file, document("a")).unwrap();
    settle(&file);
    let handle = Root::open(root.path()).unwrap();
    let at = |now| Listing::of(&handle, now).unwrap().folders.remove(0).metas[0];
    let minute = 60_000_000_000;
    assert!(at(now()).racy, "its ctime tells although its mtime lies");
    assert!(!at(now() + minute).proves_same(&at(now())), "so it is read again");
    assert!(at(now() + minute).proves_same(&at(now() + minute)), "and is known once it was left alone");
}

fn settled(in_sync: usize, named: &[&str]) -> Settled {
    Settled {
        head: EntryHash::GENESIS,
        terms: crate::digest::Digest::of(b""),
        in_sync: [("default".parse().unwrap(), in_sync)].into(),
        named: named.iter().map(|id| id.parse().unwrap()).collect(),
    }
}

#[test]
fn an_index_spares_reading_and_is_never_needed() {
    let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["a", "b"] {
        fs::write(root.path().join(format!("{name}.yaml")), document(name)).unwrap();
    }
    let source = || Source::new(root.path(), tenants()).indexed(state.path());
    let mut first = source();
    assert_eq!(
        ids(&first.sight(&Scope::Everything, |_| true)),
        ["default/a", "default/b"],
        "nothing was settled yet"
    );
    first.settle(Some(settled(2, &[])));
    first.save();
    let index = index::path(state.path());
    let whole = fs::read(&index).unwrap();
    let mut again = source();
    assert!(again.sight(&Scope::Everything, |_| true).tells_nothing(), "nothing changed");
    assert_eq!(
        ids(&again.sight(&Scope::Everything, |_| false)),
        ["default/a", "default/b"],
        "all is told where it does not hold"
    );
    assert_eq!(ids(&again.snapshot()), ["default/a", "default/b"], "and to whoever asks");
    assert_eq!(again.known.as_ref().unwrap().settled, Some(settled(2, &[])), "it stays settled");

    fs::write(root.path().join("b.yaml"), document("c")).unwrap();
    let mut changed = source();
    let part = changed.sight(&Scope::Everything, |_| true).part.clone().unwrap();
    assert_eq!(part.ids.iter().map(ToString::to_string).collect::<Vec<_>>(), ["default/b", "default/c"]);
    assert_eq!(part.in_sync, [("default".parse().unwrap(), 1)].into(), "the other one");
    assert_eq!(changed.known.as_ref().unwrap().settled, None, "until another plan is made");
    changed.settle(Some(settled(1, &["default/b", "default/c"])));
    changed.save();
    let mut named = source();
    let snapshot = named.sight(&Scope::Everything, |_| true);
    assert_eq!(ids(&snapshot), ["default/c"], "what was named is looked at again");
    assert_eq!(snapshot.part.as_ref().unwrap().ids.len(), 2);
    named.carry_on(EntryHash::of(b"newer"));
    named.save();
    let held = source().known.unwrap().settled.unwrap();
    assert_eq!(held.head, EntryHash::of(b"newer"));

    for damage in [&whole[..whole.len() / 2], b"", b"CWINDEX2"] {
        fs::write(&index, damage).unwrap();
        let mut source = source();
        assert_eq!(ids(&source.snapshot()), ["default/a", "default/c"]);
        source.save();
        assert!(fs::read(&index).unwrap().len() > 100, "it is made anew");
    }
    let facts = index.with_extension("facts");
    let mut damaged = fs::read(&facts).unwrap();
    damaged.truncate(100);
    fs::write(&facts, damaged).unwrap();
    assert_eq!(ids(&source().snapshot()), ["default/a", "default/c"], "facts that are lost are read anew");
    let others = ["acme".parse().unwrap()].into();
    assert!(Source::new(root.path(), others).indexed(state.path()).known.is_none(), "other settings");
}

#[test]
fn a_payload_is_what_the_snapshot_saw_or_nothing() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("a.yaml");
    fs::write(&file, document("a")).unwrap();
    let mut source = Source::new(root.path(), tenants());
    let snapshot = source.snapshot();
    let (id, desired) = snapshot.desired.first_key_value().unwrap();
    assert_eq!(source.payloads().get(id, desired).unwrap().digest().unwrap(), desired.digest);
    fs::write(&file, document("a") + "# a comment\n").unwrap();
    assert!(matches!(source.payloads().get(id, desired), Err(PayloadError::Changed)));
    fs::remove_file(&file).unwrap();
    assert!(matches!(source.payloads().get(id, desired), Err(PayloadError::Io(_))));
}

#[test]
fn only_where_something_happened_is_looked() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    let write = |file: &str, name: &str| fs::write(root.join(file), document(name)).unwrap();
    for folder in ["one", "two"] {
        fs::create_dir(root.join(folder)).unwrap();
        write(&format!("{folder}/a.yaml"), folder);
    }
    let mut source = Source::new(&root, ["default".parse().unwrap()].into());
    let mut seen = |folders: &[&str]| {
        let folders = folders.iter().map(|folder| root.join(folder)).collect();
        ids(&source.sight(&Scope::Folders(folders), |_| false))
    };
    assert_eq!(seen(&[]), ["default/one", "default/two"], "at first it looks at everything");
    write("one/b.yaml", "new-in-one");
    write("two/b.yaml", "new-in-two");
    assert_eq!(seen(&[]), ["default/one", "default/two"]);
    assert_eq!(seen(&["two"]), ["default/new-in-two", "default/one", "default/two"]);
    fs::create_dir(root.join("two/three")).unwrap();
    assert_eq!(
        seen(&["two"]),
        ["default/new-in-one", "default/new-in-two", "default/one", "default/two"],
        "where a folder came, more may have come"
    );
}
