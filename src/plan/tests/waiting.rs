//! What waits: for a suspension to end, or for a change window to open.

use super::*;
use crate::entry::{Requester, Target};
use crate::plan::SuspendedBy;
use crate::state::{Asked as AskedFor, Suspensions};
use crate::suspension::Term;

const LATER: &str = "2026-11-01T12:00:01Z";

fn term(until: &str) -> Term {
    Term { until: until.parse().unwrap(), reason: "INC-12".into() }
}

fn asked_for(until: &str) -> AskedFor {
    AskedFor {
        term: term(until),
        by: Requester::new("ada", "desk"),
        since: "2026-11-01T11:00:00Z".parse().unwrap(),
    }
}

/// By its document, by hand, and with its whole tenant.
fn suspended(way: usize, until: &str, snapshot: Snapshot, state: State) -> (Snapshot, State) {
    let (mut snapshot, mut state) = (snapshot, state);
    let known = state.suspensions.entry(id().tenant).or_default();
    match way {
        0 => snapshot.desired.values_mut().for_each(|it| it.suspended = Some(term(until).into())),
        1 => drop(known.policies.insert(id().name, asked_for(until))),
        _ => known.all = Some(asked_for(until)),
    }
    (snapshot, state)
}

fn open(job: bool) -> PolicyState {
    let job = job.then(|| Job { id: "j".into(), location: "https://a.example/j".parse().unwrap() });
    let open = Open {
        operation: Operation::Deploy,
        cause: Cause::Source,
        digest: Digest::of(b"b"),
        origin: origin(),
        idempotency_key: Uuid::nil(),
        correlation_id: Uuid::nil(),
        time: now(),
        intent: Position::default(),
        job,
        deadlines: 0,
        resubmitted: false,
    };
    PolicyState { open: Some(open.into()), ..applied(b"a") }
}

fn unverified() -> PolicyState {
    let mut policy = applied(b"a");
    policy.applied.as_mut().unwrap().verification = Verification::Unverified;
    policy
}

/// Steps and what is held, in a word each.
fn told(plan: &Plan) -> (Vec<String>, Vec<String>) {
    let cause = |cause: Option<Cause>| cause.map_or("-".to_owned(), |cause| cause.to_string());
    let step = |step: &super::super::Step| {
        assert!(step.desired.is_none(), "nothing newer follows");
        format!("{}{}", step.action, if step.suspended { " alone" } else { "" })
    };
    let held = |item: &super::super::HeldItem| format!("{} {}", item.reason, cause(item.cause));
    (plan.steps.iter().map(step).collect(), plan.held.iter().map(held).collect())
}

#[test]
fn what_is_suspended_is_left_alone_and_never_in_sync() {
    let changed: BTreeMap<PolicyId, Live> = [(id(), Live::Has(Digest::of(b"x")))].into();
    type Row =
        (Snapshot, PolicyState, BTreeMap<PolicyId, Live>, &'static [&'static str], &'static [&'static str]);
    let nowhere = BTreeMap::new;
    let rows: &[Row] = &[
        (wanted(b"a"), applied(b"a"), nowhere(), &[], &["suspended -"]),
        (wanted(b"b"), applied(b"a"), nowhere(), &[], &["suspended source"]),
        (wanted(b"a"), PolicyState::default(), nowhere(), &[], &["suspended new"]),
        (wanted(b"a"), applied(b"a"), changed, &[], &["suspended live"]),
        (wanted(b"a"), unverified(), nowhere(), &["verify alone"], &["suspended -"]),
        // A job that was taken is asked; what may not have arrived is not sent again.
        (wanted(b"b"), open(true), nowhere(), &["resume alone"], &["suspended source"]),
        (wanted(b"b"), open(false), nowhere(), &[], &["suspended source"]),
    ];
    for (snapshot, policy, live, steps, held) in rows {
        for way in 0..3 {
            let (snapshot, state) = suspended(way, LATER, snapshot.clone(), state(policy.clone()));
            let asked = Asked { live: live.clone(), corrected: true, ..Asked::default() };
            let plan = planned(&snapshot, &state, &asked);
            assert_eq!(
                told(&plan),
                (steps.iter().map(|&it| it.into()).collect(), held.iter().map(|&it| it.into()).collect()),
                "{way} {policy:?}"
            );
            assert_eq!((plan.in_sync, plan.suspended()), (0, 1));
            assert_eq!(plan.held[0].until, Some(LATER.parse().unwrap()));
        }
    }
    let (_, state) = suspended(1, LATER, Snapshot::default(), state(applied(b"a")));
    let prune = Asked { prune: true, ..Asked::default() };
    assert_eq!(said(&planned(&Snapshot::default(), &state, &prune)), "held suspended", "nothing is removed");
}

#[test]
fn it_is_over_at_its_very_end() {
    for way in 0..3 {
        let (snapshot, state) = suspended(way, NOW, wanted(b"b"), state(applied(b"a")));
        assert_eq!(said(&planned(&snapshot, &state, &Asked::default())), "update source");
    }
}

#[test]
fn of_several_the_one_that_lasts_longest_counts() {
    let (snapshot, state) = suspended(0, LATER, wanted(b"b"), state(applied(b"a")));
    let (snapshot, state) = suspended(1, "2026-11-01T14:00:00Z", snapshot, state);
    let (snapshot, state) = suspended(2, "2026-11-01T13:00:00Z", snapshot, state);
    let plan = planned(&snapshot, &state, &Asked::default());
    let suspension = plan.held[0].suspension.as_deref().unwrap();
    assert!(matches!(&suspension.by, SuspendedBy::Request { target: Target::Policy(_), .. }));
    assert_eq!(plan.held[0].detail, "by ada@desk until 2026-11-01T14:00:00Z: INC-12");
    let none = Suspensions::default();
    assert_ne!(state.suspensions.get(&id().tenant), Some(&none));
}

#[test]
fn outside_of_windows_nothing_begins_and_what_has_begun_goes_on() {
    let opens: Timestamp = "2026-11-01T22:00:00Z".parse().unwrap();
    let closed = Closed { opens: Some(opens), detail: "no change window is open".into() };
    let asked = || Asked { closed: [(id().tenant, closed.clone())].into(), prune: true, ..Asked::default() };
    let rows: &[(Snapshot, PolicyState, &[&str], &[&str])] = &[
        (wanted(b"a"), applied(b"a"), &[], &[]),
        (wanted(b"b"), applied(b"a"), &[], &["window source"]),
        (wanted(b"a"), PolicyState::default(), &[], &["window new"]),
        (Snapshot::default(), applied(b"a"), &[], &["window removed"]),
        (wanted(b"a"), unverified(), &["verify"], &[]),
        (wanted(b"c"), open(true), &["resume"], &[]),
        (wanted(b"c"), open(false), &["resume"], &[]),
    ];
    for (snapshot, policy, steps, held) in rows {
        let plan = planned(snapshot, &state(policy.clone()), &asked());
        assert_eq!(
            told(&plan),
            (steps.iter().map(|&it| it.into()).collect(), held.iter().map(|&it| it.into()).collect()),
            "{policy:?}"
        );
        assert!(plan.held.iter().all(|item| item.until == Some(opens)));
    }
}
