//! Tries the ledger on real files.

use std::fs;

use super::*;
use crate::entry::{Binding, Bound, TenantFailed, TenantRecovered};
use crate::policy::TenantName;

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
    assert_eq!(verify(directory.path(), None).unwrap().head.sequence, 501);
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
        assert!(verify(directory.path(), None).is_ok());
        edit(directory.path(), change);
        let error = verify(directory.path(), None).unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[tokio::test]
async fn only_an_outside_copy_tells_a_cut_tail() {
    let directory = tempfile::tempdir().unwrap();
    let head = fill(directory.path(), 5).await;
    assert!(verify(directory.path(), Some(head)).is_ok());
    edit(directory.path(), |lines| lines.truncate(3));
    assert!(verify(directory.path(), None).is_ok());
    let error = verify(directory.path(), Some(head)).unwrap_err().to_string();
    assert!(error.contains("tail after entry 3 was cut"), "{error}");
    // The checkpoint is an outside copy of sorts: a writer does not go on from a shorter ledger.
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
    }
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
    assert!(verify(directory.path(), Some(head)).is_ok());
}
