//! Tries which entries may follow which, and what they add up to.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Illegal, Position, State};
use crate::digest::{Digest, EntryHash, FileHash, PlanDigest};
use crate::drift::Cause;
use crate::entry::{
    Binding, Bound, Effect, EffectOutcome, Entry, Event, Intent, Late, LateOutcome, Location, Operation,
    Origin, PlanApproved, PlanReleased, Requester, Resumed, Scope, Suspended, Target, VERSION, Verdict,
    WaitReason, Waiting,
};
use crate::outcome::Verification;
use crate::payload::tests::payload;
use crate::policy::PolicyId;
use crate::suspension::Term;

fn id() -> PolicyId {
    "acme/chat".parse().unwrap()
}

fn digest() -> Digest {
    payload().digest().unwrap()
}

fn operation(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn bound() -> Event {
    let binding =
        Binding { preset: "tutorial".into(), origin: "https://a.example".into(), organisation: None };
    Event::Bound(Bound { tenant: id().tenant, binding })
}

fn intent(number: u128) -> Event {
    Event::Intent(Box::new(Intent {
        assessment: None,
        accepted_weakening: None,
        id: id(),
        operation: Operation::Deploy,
        cause: Cause::New,
        digest: digest(),
        previous_digest: None,
        origin: Origin { file: "a.yaml".into(), file_hash: FileHash::of(b""), commit: None },
        idempotency_key: operation(1000 + number),
        correlation_id: operation(number),
        payload: Some(payload()),
    }))
}

fn location(number: u128) -> Event {
    Event::Location(Location {
        id: id(),
        correlation_id: operation(number),
        job_id: "job".into(),
        location: "https://a.example/jobs/job".parse().unwrap(),
        attempts: 1,
        submit_ms: 1,
    })
}

fn waiting(number: u128, reason: WaitReason) -> Event {
    let (error, job_id) = (String::new(), None);
    Event::Waiting(Waiting {
        id: id(),
        correlation_id: operation(number),
        reason,
        job_id,
        error,
        attempts: 1,
    })
}

fn effect(number: u128, outcome: EffectOutcome) -> Event {
    Event::Effect(Effect {
        id: id(),
        correlation_id: operation(number),
        digest: digest(),
        outcome,
        job_id: Some("job".into()),
        policy_id: Some("p1".into()),
        attempts: 1,
        duration_ms: 1,
        error: None,
    })
}

fn other_digest(event: Event) -> Event {
    match event {
        Event::Effect(effect) => Event::Effect(Effect { digest: Digest::of(b"other"), ..effect }),
        other => other,
    }
}

fn late(number: u128) -> Event {
    Event::Late(Late {
        id: id(),
        correlation_id: operation(number),
        digest: digest(),
        outcome: LateOutcome::Done,
        job_id: "job".into(),
        policy_id: None,
        error: None,
    })
}

fn verdict(digest: Digest, verification: Verification) -> Event {
    let (scope, probes) = (Scope::Policy, Vec::new());
    Event::Verdict(Verdict {
        id: id(),
        correlation_id: operation(1),
        digest,
        scope,
        verification,
        success_rate: 1.0,
        probes,
    })
}

/// Folds events, each at its own place; `Err` is what could not follow.
fn fold(events: &[Event]) -> Result<State, Illegal> {
    let mut state = State::default();
    for event in events {
        let sequence = state.head.sequence + 1;
        let entry = Entry {
            version: VERSION,
            sequence,
            time: Timestamp::UNIX_EPOCH,
            event: event.clone(),
            previous_hash: state.head.hash,
        };
        let before = state.clone();
        let hash = EntryHash::of(&sequence.to_be_bytes());
        let at = Position { segment: 1, offset: sequence * 100 };
        if let Err(illegal) = state.fold(&entry, hash, at) {
            assert_eq!(state, before, "a refused entry changes nothing");
            return Err(illegal);
        }
    }
    Ok(state)
}

#[test]
fn an_operation_goes_from_intent_to_verdict() {
    let done = effect(1, EffectOutcome::Done);
    let state =
        fold(&[bound(), intent(1), location(1), done, verdict(digest(), Verification::Verified)]).unwrap();
    let policy = state.policy(&id()).unwrap();
    let applied = policy.applied.as_ref().unwrap();
    assert_eq!((applied.digest, applied.intent.offset), (digest(), 200));
    assert_eq!(applied.verification, Verification::Verified);
    assert_eq!(policy.verified.as_ref().unwrap().digest, digest());
    assert_eq!((&policy.open, policy.policy_id.as_deref()), (&None, Some("p1")));
}

fn approved(plan: &[u8]) -> Event {
    Event::PlanApproved(PlanApproved {
        tenant: id().tenant,
        digest: PlanDigest::of(plan),
        changes: 12,
        why: "12 of 20 policies would change".into(),
        by: Requester::new("me", "here"),
    })
}

fn released(plan: &[u8]) -> Event {
    Event::PlanReleased(PlanReleased { tenant: id().tenant, digest: PlanDigest::of(plan), changes: 12 })
}

#[test]
fn an_approval_is_good_once_for_one_plan_and_for_a_day() {
    let state = fold(&[bound(), approved(b"a"), approved(b"b")]).unwrap();
    let approval = &state.approvals[&id().tenant];
    assert_eq!(state.approvals.len(), 1, "they do not pile up");
    let at = |hours| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(hours);
    assert_eq!(approval.holds_at(at(0)), Some(PlanDigest::of(b"b")));
    assert_eq!(approval.holds_at(at(23)), Some(PlanDigest::of(b"b")));
    assert_eq!((approval.holds_at(at(24)), approval.holds_at(at(-24))), (None, None));
    let used = fold(&[bound(), approved(b"a"), released(b"a")]).unwrap();
    assert!(used.approvals.is_empty());
    let newer = fold(&[bound(), approved(b"a"), released(b"other")]).unwrap();
    assert_eq!(newer.approvals.len(), 1, "one that came meanwhile stays");
    assert!(fold(&[bound(), approved(b"a"), bound()]).unwrap().approvals.is_empty());
}

#[test]
fn what_can_not_have_happened_is_refused() {
    let done = || effect(1, EffectOutcome::Done);
    let abandoned = || effect(1, EffectOutcome::Abandoned);
    let lost = || waiting(1, WaitReason::LostJob);
    let rows: &[(&[Event], &str)] = &[
        (&[intent(1)], "tenant acme is not bound"),
        (&[bound(), location(1)], "is not known"),
        (&[bound(), intent(1), intent(2)], "has the open operation"),
        (&[bound(), intent(1), location(2)], "no open operation"),
        (&[bound(), intent(1), location(1), location(1)], "has its location already"),
        (&[bound(), intent(1), done(), done()], "no open operation"),
        (&[bound(), intent(1), done(), location(1)], "no open operation"),
        (&[bound(), intent(1), done(), waiting(1, WaitReason::Overdue)], "no open operation"),
        (&[bound(), intent(1), verdict(digest(), Verification::Verified)], "not applied with that digest"),
        (
            &[bound(), intent(1), done(), verdict(Digest::of(b"other"), Verification::Verified)],
            "not applied with that digest",
        ),
        (&[bound(), waiting(1, WaitReason::InDoubt)], "is not known"),
        (&[bound(), intent(1), waiting(2, WaitReason::InDoubt)], "no open operation"),
        (&[bound(), intent(1), location(1), waiting(1, WaitReason::InDoubt)], "it was taken"),
        (&[bound(), intent(1), waiting(1, WaitReason::Overdue)], "has no job"),
        (&[bound(), intent(1), waiting(1, WaitReason::Unavailable)], "has no job"),
        (&[bound(), intent(1), waiting(1, WaitReason::LostJob)], "has no job"),
        (&[bound(), intent(1), location(1), lost(), lost()], "has no job"),
        (&[bound(), intent(1), location(1), lost(), location(1), lost()], "submitted again already"),
        (&[approved(b"a")], "tenant acme is not bound"),
        (&[bound(), released(b"a")], "no plan of tenant acme was approved"),
        (&[bound(), approved(b"a"), released(b"a"), released(b"a")], "no plan of tenant acme was approved"),
        (&[bound(), done()], "is not known"),
        (&[bound(), intent(1), effect(2, EffectOutcome::Done)], "no open operation"),
        (&[bound(), intent(1), other_digest(effect(1, EffectOutcome::Done))], "about another digest"),
        (&[bound(), verdict(digest(), Verification::Verified)], "is not known"),
        (&[bound(), intent(1), effect(1, EffectOutcome::Abandoned), late(1)], "no abandoned operation"),
        (&[bound(), intent(1), location(1), late(1)], "no abandoned operation"),
        (&[bound(), intent(1), location(1), abandoned(), late(1), late(1)], "no abandoned operation"),
    ];
    for (events, why) in rows {
        let illegal = fold(events).unwrap_err();
        assert!(illegal.why.contains(why), "{illegal}");
        assert_eq!(illegal.sequence, events.len() as u64, "the entry itself is named");
    }
}

#[test]
fn a_lost_job_makes_room_for_another_location() {
    let state =
        fold(&[bound(), intent(1), location(1), waiting(1, WaitReason::LostJob), location(1)]).unwrap();
    assert!(state.policy(&id()).unwrap().open.as_ref().unwrap().resubmitted);
}

#[test]
fn setbacks_add_up_until_something_works() {
    let failed = |number| [intent(number), effect(number, EffectOutcome::Failed)];
    let twice = [vec![bound()], failed(1).to_vec(), failed(2).to_vec()].concat();
    let state = fold(&twice).unwrap();
    let setback = state.policy(&id()).unwrap().setback.clone().unwrap();
    assert_eq!((setback.count, setback.rejected), (2, false));
    let worked = [twice, vec![intent(3), effect(3, EffectOutcome::Done)]].concat();
    assert_eq!(fold(&worked).unwrap().policy(&id()).unwrap().setback, None);
    let rejected = fold(&[bound(), intent(1), effect(1, EffectOutcome::Rejected)]).unwrap();
    assert!(rejected.policy(&id()).unwrap().setback.as_ref().unwrap().rejected);
}

#[test]
fn another_binding_forgets_the_old_tenant() {
    let state = fold(&[bound(), intent(1), effect(1, EffectOutcome::Done), bound()]).unwrap();
    assert!(state.policy(&id()).is_none());
}

#[test]
fn entries_that_do_not_carry_on_are_refused() {
    let mut state = fold(&[bound()]).unwrap();
    let entry = |sequence, previous_hash, version| Entry {
        version,
        sequence,
        time: Timestamp::UNIX_EPOCH,
        event: bound(),
        previous_hash,
    };
    let (head, other) = (state.head.hash, EntryHash::of(b"other"));
    let at = Position::default();
    for bad in [
        entry(3, head, VERSION),
        entry(1, head, VERSION),
        entry(2, other, VERSION),
        entry(2, head, VERSION + 1),
    ] {
        assert!(state.fold(&bad, other, at).is_err(), "{bad:?}");
    }
    state.fold(&entry(2, head, VERSION), other, at).unwrap();
}

#[test]
fn a_state_reads_as_it_was_written() {
    let state = fold(&[bound(), intent(1), location(1)]).unwrap();
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
}

#[test]
fn what_is_suspended_is_known_until_it_is_resumed() {
    let tenant = || Target::Tenant { tenant: id().tenant };
    let by = || Requester::new("ada", "desk");
    let suspended = |target, until: &str| {
        let term = Term { until: until.parse().unwrap(), reason: "INC-12".into() };
        Event::Suspended(Suspended { target, term, by: by() })
    };
    let resumed = |target| Event::Resumed(Resumed { target, by: Some(by()) });
    let policy = || Target::Policy(id());
    let (soon, late) = ("2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z");
    let known = |state: &State, at: &str| {
        let (id, at) = (id(), at.parse().unwrap());
        let known = state.suspensions_of(&id, at);
        known.map(|(target, asked)| format!("{target} {}", asked.term.until)).collect::<Vec<_>>()
    };
    // Nothing else need be known of what is suspended.
    let state = fold(&[suspended(policy(), soon), suspended(tenant(), late)]).unwrap();
    assert_eq!(known(&state, "2026-11-30T00:00:00Z"), [format!("acme/chat {soon}"), format!("acme {late}")]);
    assert_eq!(known(&state, soon), [format!("acme {late}")]);
    assert_eq!(state.suspensions_over(soon.parse().unwrap()), [policy()]);
    let again: State = serde_json::from_value(serde_json::to_value(&state).unwrap()).unwrap();
    assert_eq!(again, state);
    // Another binding is another tenant, which is no reason to begin sending to it.
    let events =
        [suspended(tenant(), late), bound(), suspended(policy(), soon), resumed(tenant()), resumed(policy())];
    assert_eq!(fold(&events).unwrap().suspensions, Default::default());
    let illegal = fold(&[suspended(tenant(), late), resumed(policy())]).unwrap_err();
    assert_eq!(illegal.to_string(), "entry 2 (policy.resumed) can't follow: acme/chat is not suspended");
    // By itself only what is over ends: it may have been asked for once more just then.
    let by_itself = Event::Resumed(Resumed { target: tenant(), by: None });
    let illegal = fold(&[suspended(tenant(), soon), suspended(tenant(), late), by_itself]).unwrap_err();
    assert!(illegal.to_string().ends_with("acme is suspended until 2026-12-02T00:00:00Z"), "{illegal}");
}
