//! Tries the ledger on real files.

use std::fs;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use futures_util::future::join_all;

use super::disk::DiskFile;
use super::*;
use crate::entry::{Binding, Bound, TenantFailed, TenantRecovered};
use crate::policy::TenantName;

mod files;
mod signed;

fn clock() -> Clock {
    Arc::new(|| "2026-11-01T00:00:00Z".parse().unwrap())
}

fn tenant() -> TenantName {
    "acme".parse().unwrap()
}

fn bound() -> Event {
    let binding =
        Binding { preset: "tutorial".into(), origin: "https://a.example".into(), organisation: None };
    Event::Bound(Bound { tenant: tenant(), binding })
}

fn failed(number: usize) -> Event {
    Event::TenantFailed(TenantFailed { tenant: tenant(), error: format!("failure {number}") })
}

async fn fill(directory: &Path, entries: usize) -> EntryHash {
    let ledger = Ledger::open(directory, clock()).unwrap();
    ledger.append(bound()).await.unwrap();
    for number in 1..entries {
        ledger.append(failed(number)).await.unwrap();
    }
    ledger.checkpoint(true).unwrap();
    ledger.read(|state| state.head.hash)
}

fn segment(directory: &Path) -> PathBuf {
    segment::path(directory, 1)
}

fn edit(directory: &Path, edit: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> =
        fs::read_to_string(segment(directory)).unwrap().lines().map(str::to_owned).collect();
    edit(&mut lines);
    fs::write(segment(directory), lines.join("\n") + "\n").unwrap();
}

#[tokio::test]
async fn what_was_appended_is_there_again() {
    let directory = tempfile::tempdir().unwrap();
    let head = fill(directory.path(), 5).await;
    let state = view(directory.path()).unwrap();
    assert_eq!((state.head.sequence, state.head.hash), (5, head));
    assert_eq!(state.tenants[&tenant()].failure.as_deref(), Some("failure 4"));
    assert!(matches!(entry_at(directory.path(), state.last).unwrap().event, Event::TenantFailed(_)));

    let ledger = Ledger::open(directory.path(), clock()).unwrap();
    let recorded = ledger.append(failed(9)).await.unwrap();
    assert_eq!(recorded.sequence, 6);
    drop(ledger);
    assert_eq!(view(directory.path()).unwrap().tenants[&tenant()].failure.as_deref(), Some("failure 9"));
}

#[tokio::test]
async fn many_appends_share_their_fsyncs_and_all_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::open(directory.path(), clock()).unwrap());
    ledger.append(bound()).await.unwrap();
    let append = |number| {
        let ledger = Arc::clone(&ledger);
        tokio::spawn(async move { ledger.append(failed(number)).await.unwrap().sequence })
    };
    let tasks: Vec<_> = (0..500).map(append).collect();
    let mut sequences = Vec::new();
    for task in tasks {
        sequences.push(task.await.unwrap());
    }
    sequences.sort_unstable();
    assert_eq!(sequences, (2..=501).collect::<Vec<u64>>());
    assert_eq!(verify(directory.path(), &Terms::default()).unwrap().head.sequence, 501);
}

/// A disk that counts what is synced, and fails when it is told to.
#[derive(Debug, Default)]
struct Watched {
    syncs: AtomicU64,
    /// Directories whose names were synced.
    directories: Mutex<Vec<PathBuf>>,
    fails: AtomicBool,
}

struct WatchedFile(Arc<Watched>, Box<dyn DiskFile>);

impl Disk for Arc<Watched> {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        RealDisk.make_directory(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(WatchedFile(Arc::clone(self), RealDisk.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.directories.lock().unwrap().push(path.to_owned());
        RealDisk.sync_directory(path)
    }
}

impl DiskFile for WatchedFile {
    fn length(&self) -> io::Result<u64> {
        self.1.length()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.1.append(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.1.truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.syncs.fetch_add(1, Ordering::Relaxed);
        if self.0.fails.load(Ordering::Relaxed) { Err(io::Error::other("EIO")) } else { self.1.sync() }
    }
}

fn open_on(disk: &Arc<Watched>, directory: &Path) -> Ledger {
    Ledger::open_on(Arc::new(Arc::clone(disk)), directory, clock(), Options::default()).unwrap()
}

#[tokio::test]
async fn appends_that_wait_together_share_one_fsync() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Arc::new(Watched::default());
    let ledger = open_on(&disk, directory.path());
    disk.syncs.store(0, Ordering::Relaxed);
    ledger.append(bound()).await.unwrap();
    assert_eq!(disk.syncs.swap(0, Ordering::Relaxed), 1);
    let recorded = join_all((0..50).map(|number| ledger.append(failed(number)))).await;
    let sequences: Vec<u64> = recorded.into_iter().map(|recorded| recorded.unwrap().sequence).collect();
    assert_eq!(sequences, Vec::from_iter(2..=51));
    assert_eq!(disk.syncs.load(Ordering::Relaxed), 1);
}

#[test]
fn a_new_ledger_brings_its_name_and_those_above_it_to_disk() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("a/b");
    let disk = Arc::new(Watched::default());
    drop(open_on(&disk, &state));
    let synced = disk.directories.lock().unwrap();
    for name in ["a/b/ledger", "a/b", "a", ""] {
        assert!(synced.contains(&directory.path().join(name)), "{name}: {synced:?}");
    }
}

#[tokio::test]
async fn what_a_killed_writer_left_is_brought_to_disk_before_anything_rests_on_it() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path(), 3).await;
    let disk = Arc::new(Watched::default());
    drop(open_on(&disk, directory.path()));
    assert_eq!(disk.syncs.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn blocks_that_never_came_to_disk_are_moved_aside_with_all_behind_them() {
    let directory = tempfile::tempdir().unwrap();
    let head = fill(directory.path(), 5).await;
    let whole = fs::read(segment(directory.path())).unwrap();
    let entry = whole.split_inclusive(|&byte| byte == b'\n').next_back().unwrap();
    let tail = [&entry[..40], &[0; 512], b"\n", entry].concat();
    fs::write(segment(directory.path()), [&whole[..], &tail].concat()).unwrap();
    let ledger = Ledger::open(directory.path(), clock()).unwrap();
    assert_eq!(fs::read(ledger.torn().unwrap()).unwrap(), tail);
    assert_eq!(ledger.read(|state| state.head.hash), head);
    assert_eq!(fs::read(segment(directory.path())).unwrap(), whole);
}

#[tokio::test]
async fn after_a_failed_fsync_nothing_is_recorded_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Arc::new(Watched::default());
    let ledger = open_on(&disk, directory.path());
    ledger.append(bound()).await.unwrap();
    disk.fails.store(true, Ordering::Relaxed);
    let appends = join_all([ledger.append(failed(1)), ledger.append(failed(2))]).await;
    disk.fails.store(false, Ordering::Relaxed);
    let later = ledger.append(failed(3)).await;
    for stopped in appends.into_iter().chain([later]) {
        let error = stopped.unwrap_err().to_string();
        assert!(error.contains("nothing is recorded any more") && error.contains("EIO"), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_follow_is_refused_and_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(directory.path(), clock()).unwrap();
    let error = ledger.append(failed(1)).await.unwrap_err();
    assert!(error.to_string().contains("tenant acme is not bound"), "{error}");
    ledger.append(bound()).await.unwrap();
    assert_eq!(ledger.read(|state| state.head.sequence), 1);
}

#[tokio::test]
async fn a_second_writer_is_told_who_holds_it() {
    let directory = tempfile::tempdir().unwrap();
    let _ledger = Ledger::open(directory.path(), clock()).unwrap();
    let error = Ledger::open(directory.path(), clock()).map(|_| ()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
}

#[tokio::test]
async fn every_break_is_named() {
    type Edit = fn(&mut Vec<String>);
    let rows: &[(&str, Edit, &str)] = &[
        ("edited", |lines| lines[2] = lines[2].replace("failure 2", "failure 7"), "line 3: its hash"),
        ("removed", |lines| drop(lines.remove(2)), "line 3: entry 4 (tenant.failed) can't follow"),
        ("reordered", |lines| lines.swap(1, 2), "line 2: entry 3 (tenant.failed) can't follow"),
        ("added", |lines| lines.insert(2, lines[1].clone()), "line 3: entry 2 (tenant.failed) can't follow"),
        ("added junk", |lines| lines.push("{}".into()), "line 6: it does not end in its hash"),
        ("head removed", |lines| drop(lines.remove(0)), "line 1: entry 2 (tenant.failed) can't follow"),
    ];
    for (what, change, expected) in rows {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path(), 5).await;
        assert!(verify(directory.path(), &Terms::default()).is_ok());
        edit(directory.path(), change);
        let error = verify(directory.path(), &Terms::default()).unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[tokio::test]
async fn only_an_outside_copy_tells_a_cut_tail() {
    let directory = tempfile::tempdir().unwrap();
    let head = fill(directory.path(), 5).await;
    assert!(verify(directory.path(), &Terms { head: Some(head), ..Terms::default() }).is_ok());
    edit(directory.path(), |lines| lines.truncate(3));
    // The checkpoint is an outside copy of sorts, against accidents.
    let error = verify(directory.path(), &Terms::default()).map(drop).unwrap_err().to_string();
    assert!(error.contains("ends at entry 3, but the checkpoint knows entry 5"), "{error}");
    let checkpoint = fs::read(directory.path().join("applied.json")).unwrap();
    fs::remove_file(directory.path().join("applied.json")).unwrap();
    assert!(verify(directory.path(), &Terms::default()).is_ok());
    let error =
        verify(directory.path(), &Terms { head: Some(head), ..Terms::default() }).unwrap_err().to_string();
    assert!(error.contains("tail after entry 3 was cut"), "{error}");
    // A writer does not go on from a shorter ledger.
    fs::write(directory.path().join("applied.json"), checkpoint).unwrap();
    let error = Ledger::open(directory.path(), clock()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("ends at entry 3, but the checkpoint knows entry 5"), "{error}");
}

#[tokio::test]
async fn the_checkpoint_may_be_lost_old_or_torn() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path(), 5).await;
    let path = directory.path().join("applied.json");
    let old = fs::read(&path).unwrap();
    let ledger = Ledger::open(directory.path(), clock()).unwrap();
    ledger.append(Event::TenantRecovered(TenantRecovered { tenant: tenant() })).await.unwrap();
    drop(ledger);
    let whole = {
        fs::remove_file(&path).unwrap();
        view(directory.path()).unwrap()
    };
    for text in [&old[..], &old[..40], b"", b"{\"version\": 99}"] {
        fs::write(&path, text).unwrap();
        assert_eq!(view(directory.path()).unwrap(), whole);
        // A writer moves what it can't read out of the way, and says so.
        let ledger = Ledger::open(directory.path(), clock()).unwrap();
        assert_eq!(ledger.unread().is_some(), text != &old[..], "{:?}", ledger.unread());
        assert_eq!(ledger.read(State::clone), whole);
    }
    assert_eq!(fs::read(directory.path().join("applied.json.unread")).unwrap(), b"{\"version\": 99}");
}

#[tokio::test]
async fn a_torn_last_line_is_moved_aside() {
    let directory = tempfile::tempdir().unwrap();
    let head = fill(directory.path(), 5).await;
    let mut bytes = fs::read(segment(directory.path())).unwrap();
    bytes.extend_from_slice(b"{\"version\":1,\"seq");
    fs::write(segment(directory.path()), bytes).unwrap();
    assert_eq!(view(directory.path()).unwrap().head.hash, head, "a reader reads to the last whole line");
    let ledger = Ledger::open(directory.path(), clock()).unwrap();
    assert_eq!(fs::read(ledger.torn().unwrap()).unwrap(), b"{\"version\":1,\"seq");
    ledger.append(failed(9)).await.unwrap();
    assert!(verify(directory.path(), &Terms { head: Some(head), ..Terms::default() }).is_ok());
}
