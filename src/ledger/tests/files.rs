//! Segments, their anchors, and archives.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::digest::Digest;
use crate::payload::tests::payload;

const SMALL: u64 = 4_096;

fn open(directory: &Path) -> Ledger {
    Ledger::open_with(directory, clock(), Options { segment_bytes: SMALL, key: None }).unwrap()
}

/// An operation on a policy, from its intent to its verdict.
fn operation(policy: &str, number: usize) -> [Event; 3] {
    let id = format!("00000000-0000-4000-8000-{number:012x}");
    let common = json!({
        "tenant": "acme", "policy": policy, "correlationId": id, "digest": Digest::of(id.as_bytes()), "attempts": 1,
    });
    let event = |more: Value| {
        let mut event = common.clone();
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    };
    [
        event(json!({
            "event": "operation.intent", "operation": "deploy", "cause": "source", "file": "a.yaml",
            "fileHash": Digest::of(b""), "idempotencyKey": id, "payload": payload(),
        })),
        event(json!({"event": "operation.effect", "outcome": "done", "durationMs": 1})),
        event(json!({
            "event": "policy.verdict", "scope": "policy", "verification": "verified", "successRate": 1.0, "probes": [],
        })),
    ]
}

async fn operate(ledger: &Ledger, policy: &str, number: usize) {
    for event in operation(policy, number) {
        ledger.append(event).await.unwrap();
    }
}

/// A ledger of many small files: `old` was deployed once at its beginning, `new` again and again.
async fn long(directory: &Path) -> State {
    let ledger = open(directory);
    ledger.append(bound()).await.unwrap();
    operate(&ledger, "old", 1).await;
    for number in 2..40 {
        operate(&ledger, "new", number).await;
    }
    ledger.read(State::clone)
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn segments(directory: &Path) -> Vec<u64> {
    segment::list(directory).unwrap()
}

fn whole(directory: &Path, archives: &[PathBuf]) -> Proof {
    verify(directory, &Terms { archives, ..Terms::default() }).unwrap()
}

#[tokio::test]
async fn the_chain_goes_on_across_files_and_adds_up_from_any_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let state = long(directory.path()).await;
    let proof = whole(directory.path(), &[]);
    assert_eq!((proof.head, proof.absent), (state.head, vec![]));
    assert!(proof.segments > 5, "{}", proof.segments);
    // With the newest anchor, with an older one, with none.
    for segment in segments(directory.path()).into_iter().skip(1).rev() {
        assert_eq!(view(directory.path()).unwrap(), state);
        fs::remove_file(anchor::path(&segment::path(directory.path(), segment))).unwrap();
    }
    assert_eq!(view(directory.path()).unwrap(), state);
    assert_eq!(whole(directory.path(), &[]).head, state.head);
    // A writer goes on, and puts the next anchor on what is there.
    let ledger = open(directory.path());
    for number in 40..60 {
        operate(&ledger, "new", number).await;
    }
    drop(ledger);
    let newest = *segments(directory.path()).last().unwrap();
    let anchored = anchor::of(directory.path(), newest).unwrap().unwrap();
    assert_eq!(anchored.segments.len(), segments(directory.path()).len() - 1);
    whole(directory.path(), &[]);
}

#[tokio::test]
async fn a_file_begun_by_a_writer_that_was_cut_off_gets_its_anchor() {
    let directory = tempfile::tempdir().unwrap();
    let state = long(directory.path()).await;
    let next = state.head.sequence + 1;
    fs::write(segment::path(directory.path(), next), "").unwrap();
    assert_eq!(view(directory.path()).unwrap(), state);
    operate(&open(directory.path()), "new", 99).await;
    assert_eq!(anchor::of(directory.path(), next).unwrap().unwrap().state, state);
    whole(directory.path(), &[]);
}

#[tokio::test]
async fn what_nothing_needs_is_archived_and_both_parts_prove_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("archive");
    let state = long(directory.path()).await;
    let before = segments(directory.path());
    let archived = archive(directory.path(), &to).unwrap();
    let after = segments(directory.path());
    // `old` is live by the first file's payload; of `new` the last payload is needed alone.
    assert_eq!(after.first(), Some(&1));
    assert!(
        archived
            .kept
            .iter()
            .any(|(path, id)| path.ends_with("00000000000000000001.jsonl") && id.name.as_str() == "old")
    );
    assert!(archived.moved.len() >= before.len() - 4, "{archived:?}");
    assert_eq!(before.len(), after.len() + archived.moved.len());
    assert_eq!(names(&to).len(), 2 * archived.moved.len(), "each with its anchor's state");

    assert_eq!(view(directory.path()).unwrap(), state);
    let alone = whole(directory.path(), &[]);
    assert_eq!((alone.head, alone.absent.len()), (state.head, 1));
    assert_eq!(alone.absent[0].0, before[1], "from the first entry that is gone");
    let together = whole(directory.path(), std::slice::from_ref(&to));
    assert_eq!((together.head, together.absent.len(), together.segments), (state.head, 0, before.len()));
    let payload = entry_at(
        directory.path(),
        state.tenants[&tenant()].policies[&"old".parse().unwrap()].applied.as_ref().unwrap().intent,
    );
    assert!(matches!(payload.unwrap().event, Event::Intent(_)));

    // Again, after more was written, and after it was cut off between copying and removing.
    let ledger = open(directory.path());
    for number in 40..60 {
        operate(&ledger, "new", number).await;
    }
    drop(ledger);
    let second = segments(directory.path())[1];
    fs::copy(segment::path(directory.path(), second), segment::path_in(&to, second)).unwrap();
    assert!(archive(directory.path(), &to).unwrap().moved.contains(&segment::path_in(&to, second)));
    let head = view(directory.path()).unwrap().head;
    assert_eq!(whole(directory.path(), std::slice::from_ref(&to)).head, head);
    assert_eq!(archive(directory.path(), &to).unwrap().moved, Vec::<PathBuf>::new());
    let mut sequences = Vec::new();
    scan(directory.path(), &[to], |scanned| {
        sequences.push(scanned.entry.sequence);
        Ok(())
    })
    .unwrap();
    assert_eq!(sequences, (1..=head.sequence).collect::<Vec<_>>());
}

#[tokio::test]
async fn open_operations_and_abandoned_jobs_keep_their_files() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path());
    ledger.append(bound()).await.unwrap();
    let [open_intent, ..] = operation("open", 900);
    ledger.append(open_intent).await.unwrap();
    let [intent, ..] = operation("left", 901);
    ledger.append(intent).await.unwrap();
    let id = "00000000-0000-4000-8000-000000000385";
    let of = json!({"tenant": "acme", "policy": "left", "correlationId": id, "attempts": 1});
    let event = |more: Value| -> Event {
        let mut event = of.clone();
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    };
    let location = json!({"event": "operation.location", "jobId": "j", "location": "https://a.example/j", "submitMs": 1});
    ledger.append(event(location)).await.unwrap();
    let digest = Digest::of(id.as_bytes());
    let effect =
        json!({"event": "operation.effect", "outcome": "abandoned", "digest": digest, "durationMs": 1});
    ledger.append(event(effect)).await.unwrap();
    for number in 2..20 {
        operate(&ledger, "new", number).await;
    }
    drop(ledger);
    let to = directory.path().join("archive");
    let archived = archive(directory.path(), &to).unwrap();
    let kept: BTreeSet<_> = archived.kept.iter().map(|(path, _)| path.clone()).collect();
    assert!(kept.contains(&segment::path(directory.path(), 1)), "{archived:?}");
    assert!(!archived.moved.is_empty());
}

#[tokio::test]
async fn what_was_done_to_files_or_anchors_is_named() {
    type Change = fn(&Path, &Path);
    let rows: &[(&str, Change, &str)] = &[
        (
            "a state beside a file was altered",
            |directory, _| {
                let newest = *segments(directory).last().unwrap();
                let path = anchor::path(&segment::path(directory, newest));
                let text = fs::read_to_string(&path).unwrap().replace("verified", "degraded");
                fs::write(path, text).unwrap();
            },
            "was altered",
        ),
        (
            "a kept file was exchanged",
            |directory, other| {
                fs::copy(segment::path(other, 1), segment::path(directory, 1)).unwrap();
            },
            "it carries on a ledger in which the file that begins with entry 1 ended otherwise",
        ),
        (
            "an anchor's state is gone, and so are the files before",
            |directory, _| {
                for name in
                    names(&directory.join("ledger")).iter().filter(|name| name.ends_with(".state.json"))
                {
                    fs::remove_file(directory.join("ledger").join(name)).unwrap();
                }
            },
            "a file is missing between them",
        ),
    ];
    let other = tempfile::tempdir().unwrap();
    fill(other.path(), 3).await;
    for (what, change, expected) in rows {
        let directory = tempfile::tempdir().unwrap();
        long(directory.path()).await;
        archive(directory.path(), &directory.path().join("archive")).unwrap();
        change(directory.path(), other.path());
        let error = verify(directory.path(), &Terms::default()).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_file_that_is_missing_in_the_middle_is_named_and_nothing_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    long(directory.path()).await;
    let all = segments(directory.path());
    // One that a payload is in.
    let path = segment::path(directory.path(), 1);
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let error = Ledger::open(directory.path(), clock()).map(drop).unwrap_err().to_string();
    assert!(
        error.contains("00000000000000000001.jsonl is missing, and the payload of acme/old is in it"),
        "{error}"
    );
    fs::write(&path, bytes).unwrap();
    // One without which nothing adds up.
    for name in names(&directory.path().join("ledger")).iter().filter(|name| name.ends_with(".state.json")) {
        fs::remove_file(directory.path().join("ledger").join(name)).unwrap();
    }
    fs::remove_file(segment::path(directory.path(), all[2])).unwrap();
    for error in [
        Ledger::open(directory.path(), clock()).map(drop).unwrap_err(),
        verify(directory.path(), &Terms::default()).map(drop).unwrap_err(),
    ] {
        let (first, last) = (all[3], all[2] - 1);
        let expected =
            format!("begins with entry {first}, but the newest entry before it is {last}: a file is missing");
        assert!(error.to_string().contains(&expected), "{error}");
    }
}
