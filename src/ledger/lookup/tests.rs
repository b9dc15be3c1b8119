//! Tries that a lookup gives what adding the whole ledger up gives, and is never needed.

use std::fs;
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::digest::Digest;
use crate::drift::Cause;
use crate::entry::{Binding, Bound, Effect, EffectOutcome, Event, Intent, Operation, Origin};
use crate::ledger::{Ledger, view, view_of};
use crate::payload::tests::payload;

fn id(tenant: &str, number: usize) -> PolicyId {
    format!("{tenant}/chat-{number}").parse().unwrap()
}

fn digest() -> Digest {
    payload().digest().unwrap()
}

/// The entries of one deployment.
fn deployment(id: &PolicyId, operation: u128) -> [Event; 2] {
    let correlation_id = Uuid::from_u128(operation);
    let intent = Intent {
        id: id.clone(),
        operation: Operation::Deploy,
        cause: Cause::New,
        digest: digest(),
        previous_digest: None,
        origin: Origin { file: "a.yaml".into(), file_hash: FileHash::of(b""), commit: None },
        assessment: None,
        accepted_weakening: None,
        idempotency_key: correlation_id,
        correlation_id,
        payload: Some(payload()),
    };
    let effect = Effect {
        id: id.clone(),
        correlation_id,
        digest: digest(),
        outcome: EffectOutcome::Done,
        job_id: Some(format!("job-{operation}")),
        policy_id: None,
        attempts: 1,
        duration_ms: 1,
        error: None,
    };
    [Event::Intent(Box::new(intent)), Event::Effect(effect)]
}

async fn append(ledger: &Ledger, events: impl IntoIterator<Item = Event>) {
    let appended = join_all(events.into_iter().map(|event| ledger.append(event))).await;
    assert!(appended.iter().all(Result::is_ok));
}

/// A ledger of two tenants with more policies than a block holds, and its checkpoint.
async fn ledger(directory: &Path) -> Ledger {
    let ledger = Ledger::open(directory, Arc::new(|| Timestamp::UNIX_EPOCH)).unwrap();
    for (number, tenant) in ["acme", "globex"].into_iter().enumerate() {
        let binding =
            Binding { preset: "tutorial".into(), origin: "https://a.example".into(), organisation: None };
        append(&ledger, [Event::Bound(Bound { tenant: tenant.parse().unwrap(), binding })]).await;
        let deployed = |policy| deployment(&id(tenant, policy), (number * 1_000 + policy) as u128).into();
        let (intents, effects): (Vec<Event>, Vec<Event>) = (0..BLOCK + 9).map(deployed).unzip();
        append(&ledger, intents).await;
        append(&ledger, effects).await;
    }
    ledger.checkpoint(true).unwrap();
    ledger
}

/// What the lookup says of these is what the whole ledger says of them.
fn assert_agrees(directory: &Path, ids: &[PolicyId]) {
    let (whole, part) =
        (view(directory).unwrap(), view_of(directory, &ids.iter().cloned().collect()).unwrap());
    assert_eq!((part.head, part.last, &part.holds), (whole.head, whole.last, &whole.holds));
    for id in ids {
        assert_eq!(part.policy(id), whole.policy(id), "{id}");
    }
    assert_eq!(without_policies(&part), without_policies(&whole));
}

#[tokio::test]
async fn one_policy_is_found_without_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = ledger(directory.path()).await;
    for tenant in ["acme", "globex", "nobody"] {
        for number in (0..BLOCK + 10).step_by(9) {
            assert_agrees(directory.path(), &[id(tenant, number)]);
        }
    }
    let few = [id("acme", 3), id("globex", 70), "globex/zzz".parse().unwrap(), "acme/a".parse().unwrap()];
    assert_agrees(directory.path(), &few);
    let part = load(directory.path(), &few.iter().cloned().collect()).unwrap().unwrap();
    assert_eq!(part.policies().count(), 2, "the others are not read");
    drop(ledger);
}

#[tokio::test]
async fn entries_since_are_added_up_whomever_they_are_about() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = ledger(directory.path()).await;
    let [intent, effect] = deployment(&id("acme", 5), 5_000);
    append(&ledger, [intent]).await;
    append(&ledger, [effect]).await;
    let [intent, _] = deployment(&id("globex", 500), 5_001);
    append(&ledger, [intent]).await;
    let asked = [id("acme", 5), id("globex", 500), id("globex", 7)];
    assert!(load(directory.path(), &asked.iter().cloned().collect()).unwrap().is_some());
    assert_agrees(directory.path(), &asked);
    assert_agrees(directory.path(), &[]);
}

#[tokio::test]
async fn a_lookup_that_is_lost_torn_or_of_another_ledger_is_done_without() {
    let directory = tempfile::tempdir().unwrap();
    drop(ledger(directory.path()).await);
    let path = directory.path().join(FILE);
    let whole = fs::read(&path).unwrap();
    let asked = [id("acme", 5), id("globex", 70)];
    let broken: Vec<Vec<u8>> = (0..whole.len())
        .step_by(1_499)
        .flat_map(|place| {
            let mut altered = whole.clone();
            altered[place] ^= 1;
            [altered, whole[..place].to_vec()]
        })
        .collect();
    for bytes in broken {
        fs::write(&path, bytes).unwrap();
        assert_agrees(directory.path(), &asked);
    }
    fs::remove_file(&path).unwrap();
    assert_agrees(directory.path(), &asked);

    fs::write(&path, &whole).unwrap();
    assert!(load(directory.path(), &asked.iter().cloned().collect()).unwrap().is_some());
    fs::rename(directory.path().join("ledger"), directory.path().join("before")).unwrap();
    assert!(load(directory.path(), &asked.iter().cloned().collect()).unwrap().is_none(), "no such ledger");
}
