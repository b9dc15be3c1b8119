//! Tries what is planned, held and left alone, for every way in which a policy can stand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Action, Plan, Retry, Terms, due, guard::Guard, guard::Weakening, plan};
use crate::digest::{Digest, FileHash};
use crate::drift::{Cause, Live};
use crate::entry::{Binding, HoldReason, Operation, Origin, Subject};
use crate::outcome::Verification;
use crate::payload::{Payload, tests::payload};
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::{Desired, Snapshot, Unusable};
use crate::state::{Abandoned, Applied, Job, Open, PolicyState, Position, Setback, State, TenantState};
use crate::window::Closed;

const NOW: &str = "2026-11-01T12:00:00Z";

mod live;
mod waiting;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn id() -> PolicyId {
    "acme/chat".parse().unwrap()
}

fn origin() -> Origin {
    Origin { file: "a.yaml".into(), file_hash: FileHash::of(b""), commit: None }
}

fn wanted(text: &[u8]) -> Snapshot {
    let desired = Desired {
        digest: Digest::of(text),
        origin: origin(),
        accepts_weakening: None,
        suspended: None,
        on_drift: None,
    };
    Snapshot { desired: [(id(), desired)].into(), ..Snapshot::default() }
}

fn applied(text: &[u8]) -> PolicyState {
    let applied = Applied {
        digest: Digest::of(text),
        origin: origin(),
        job_id: None,
        time: now(),
        intent: Position::default(),
        correlation_id: Uuid::nil(),
        verification: Verification::Verified,
        success_rate: None,
    };
    PolicyState { applied: Some(applied), ..PolicyState::default() }
}

fn state(policy: PolicyState) -> State {
    let binding =
        Binding { preset: "tutorial".into(), origin: "https://a.example".into(), organisation: None };
    let policies = [(id().name, policy)].into();
    let tenant = TenantState {
        binding,
        failure: None,
        breaker: Default::default(),
        webhooks: BTreeMap::new(),
        policies,
    };
    State { tenants: [(id().tenant, tenant)].into(), ..State::default() }
}

/// What is asked for besides snapshot and state.
#[derive(Default)]
struct Asked {
    live: BTreeMap<PolicyId, Live>,
    prune: bool,
    retry: Retry,
    strangers: bool,
    probed: bool,
    rollback: bool,
    weakening: Weakening,
    limit: Option<u32>,
    corrected: bool,
    closed: BTreeMap<TenantName, Closed>,
}

fn planned(snapshot: &Snapshot, state: &State, asked: &Asked) -> Plan {
    let tenants: BTreeSet<_> = (!asked.strangers).then(|| id().tenant).into_iter().collect();
    let nobody = BTreeSet::new();
    let terms = Terms {
        tenants: &tenants,
        probed: if asked.probed { &tenants } else { &nobody },
        rollback: if asked.rollback { &tenants } else { &nobody },
        live: &asked.live,
        changed_by: &|_| Some("mallory".into()),
        corrected: if asked.corrected { &tenants } else { &nobody },
        back_off: &|_| Duration::from_secs(60),
        guard: &Guard { weakening: asked.weakening, ..Guard::default() },
        closed: &asked.closed,
        prune: asked.prune,
        retry: asked.retry,
        now: now(),
        payload_at: &|_| Some(payload()),
        payload_of: &|_, _| Some(asked.limit.map_or_else(payload, limited)),
    };
    plan(snapshot, state, &terms)
}

/// A plan about one policy in a word or two.
fn said(plan: &Plan) -> String {
    match (plan.steps.as_slice(), plan.held.as_slice()) {
        ([], []) => format!("{} in sync", plan.in_sync),
        ([step], []) => {
            format!("{} {}", step.action, step.cause.map_or("-".into(), |cause| cause.to_string()))
        }
        ([], [held]) => format!("held {}", held.reason),
        _ => panic!("one policy, one decision: {plan:?}"),
    }
}

#[test]
fn desired_against_applied() {
    let nothing = Snapshot::default();
    let asked = Asked::default();
    let rows: &[(&Snapshot, State, &str)] = &[
        (&nothing, State::default(), "0 in sync"),
        (&wanted(b"a"), State::default(), "create new"),
        (&wanted(b"a"), state(applied(b"a")), "1 in sync"),
        (&wanted(b"b"), state(applied(b"a")), "update source"),
        (&nothing, state(applied(b"a")), "held prune-off"),
    ];
    for (snapshot, state, expected) in rows {
        assert_eq!(said(&planned(snapshot, state, &asked)), *expected);
    }
}

#[test]
fn a_policy_is_removed_only_where_its_absence_says_something() {
    let prune = Asked { prune: true, ..Asked::default() };
    let present = Snapshot::default();
    assert_eq!(said(&planned(&present, &state(applied(b"a")), &prune)), "remove removed");
    let void = Snapshot::void("it is empty".into());
    assert_eq!(said(&planned(&void, &state(applied(b"a")), &prune)), "held guard");
    let strangers = Asked { prune: true, strangers: true, ..Asked::default() };
    assert_eq!(said(&planned(&present, &state(applied(b"a")), &strangers)), "held unknown-tenant");
    let broken = |tenant: Option<&str>| Unusable {
        subject: Subject::File { file: "broken.yaml".into() },
        tenant: tenant.map(|name| name.parse().unwrap()),
        reason: HoldReason::Invalid,
        detail: "it does not parse".into(),
        origin: origin(),
    };
    for (tenant, removes) in [(None, false), (Some("acme"), false), (Some("other"), true)] {
        let snapshot = Snapshot { unusable: vec![broken(tenant)], ..Snapshot::default() };
        let plan = planned(&snapshot, &state(applied(b"a")), &prune);
        assert_eq!(plan.count(Action::Remove) == 1, removes, "{tenant:?}");
    }
}

#[test]
fn what_failed_waits_and_what_was_refused_waits_for_a_change() {
    let setback = |rejected, seconds: i64, text: &[u8]| {
        let time = now() - jiff::SignedDuration::from_secs(seconds);
        let setback = Setback { digest: Digest::of(text), rejected, count: 1, time, error: "no".into() };
        state(PolicyState { setback: Some(setback.into()), ..PolicyState::default() })
    };
    let rows: &[(State, Retry, &str)] = &[
        (setback(false, 59, b"a"), Retry::Due, "held back-off"),
        (setback(false, 60, b"a"), Retry::Due, "create new"),
        // The clock went forth or back by a day since.
        (setback(false, 86_400, b"a"), Retry::Due, "create new"),
        (setback(false, -86_400, b"a"), Retry::Due, "create new"),
        (setback(false, 1, b"a"), Retry::Failed, "create new"),
        (setback(false, 1, b"before"), Retry::Due, "create new"),
        (setback(true, 9_999, b"a"), Retry::Due, "held rejected"),
        (setback(true, 9_999, b"a"), Retry::Failed, "held rejected"),
        (setback(true, 9_999, b"a"), Retry::Rejected, "create new"),
        (setback(true, 9_999, b"before"), Retry::Due, "create new"),
    ];
    for (state, retry, expected) in rows {
        let asked = Asked { retry: *retry, ..Asked::default() };
        assert_eq!(said(&planned(&wanted(b"a"), state, &asked)), *expected, "{retry:?}");
    }
}

#[test]
fn the_wait_doubles_to_an_hour() {
    let setback = |count| Setback {
        digest: Digest::of(b""),
        rejected: false,
        count,
        time: now(),
        error: String::new(),
    };
    for (count, seconds) in [(1, 60), (2, 120), (3, 240), (7, 3600), (u32::MAX, 3600)] {
        assert_eq!(due(&setback(count)), now() + Duration::from_secs(seconds), "{count}");
    }
}

/// The payload that allows so many messages a minute; the one applied allows 12.
fn limited(limit: u32) -> Payload {
    let mut payload = payload();
    payload.security_profile.bot_detection.rate_limit_per_minute = limit;
    payload
}

fn accepting(reason: Option<&str>) -> Snapshot {
    let mut snapshot = wanted(b"b");
    snapshot.desired.get_mut(&id()).unwrap().accepts_weakening = reason.map(Into::into);
    snapshot
}

#[test]
fn what_weakens_goes_through_or_is_held_until_its_document_accepts_it() {
    let rows = [
        (18, None, Weakening::Allow, "update source"),
        (18, None, Weakening::Warn, "update source"),
        (18, None, Weakening::Hold, "held weakening"),
        (18, Some("SEC-12"), Weakening::Hold, "update source"),
        (6, None, Weakening::Hold, "update source"),
        (12, None, Weakening::Hold, "update source"),
    ];
    for (limit, accepts, weakening, expected) in rows {
        let asked = Asked { weakening, limit: Some(limit), ..Asked::default() };
        let plan = planned(&accepting(accepts), &state(applied(b"a")), &asked);
        assert_eq!(said(&plan), expected, "{limit} {accepts:?} {weakening:?}");
    }
    let hold = Asked { weakening: Weakening::Hold, limit: Some(18), prune: true, ..Asked::default() };
    let plan = planned(&accepting(None), &state(applied(b"a")), &hold);
    assert_eq!(
        plan.held[0].detail,
        "it would be weaker: rate limit raised from 12 to 18; to accept that, annotate the document with \
         chatward.dev/accept-weakening: \"REASON\""
    );
    assert_eq!(said(&planned(&accepting(None), &State::default(), &hold)), "create new");
    let gone = Snapshot::default();
    assert_eq!(said(&planned(&gone, &state(applied(b"a")), &hold)), "remove removed");
}

#[test]
fn an_accepted_reason_counts_only_where_something_weakens() {
    let accepted = |limit| {
        let plan = planned(
            &accepting(Some("SEC-12")),
            &state(applied(b"a")),
            &Asked { limit: Some(limit), ..Asked::default() },
        );
        plan.steps[0].accepted_weakening().map(ToString::to_string)
    };
    assert_eq!(accepted(18).as_deref(), Some("SEC-12"));
    assert_eq!(accepted(6), None);
}

#[test]
fn what_was_applied_and_is_lost_is_not_taken_for_harmless() {
    let nobody = BTreeSet::new();
    let terms = Terms {
        tenants: &[id().tenant].into(),
        probed: &nobody,
        rollback: &nobody,
        live: &BTreeMap::new(),
        changed_by: &|_| None,
        corrected: &nobody,
        back_off: &|_| Duration::ZERO,
        guard: &Guard { weakening: Weakening::Hold, ..Guard::default() },
        closed: &BTreeMap::new(),
        prune: false,
        retry: Retry::Due,
        now: now(),
        payload_at: &|_| None,
        payload_of: &|_, _| Some(payload()),
    };
    assert_eq!(said(&plan(&wanted(b"b"), &state(applied(b"a")), &terms)), "held weakening");
}

/// The operation whose end is not known.
fn open(text: &[u8]) -> Open {
    Open {
        operation: Operation::Deploy,
        cause: Cause::New,
        digest: Digest::of(text),
        origin: origin(),
        idempotency_key: Uuid::nil(),
        correlation_id: Uuid::nil(),
        time: now(),
        intent: Position::default(),
        job: None,
        deadlines: 0,
        resubmitted: false,
    }
}

#[test]
fn what_is_open_goes_on_but_leads_to_nothing_weaker() {
    for (limit, accepts, leads) in [(18, None, false), (18, Some("SEC-12"), true), (6, None, true)] {
        let asked = Asked { weakening: Weakening::Hold, limit: Some(limit), ..Asked::default() };
        let state = state(PolicyState { open: Some(open(b"a").into()), ..PolicyState::default() });
        let plan = planned(&accepting(accepts), &state, &asked);
        assert_eq!(said(&plan), "resume new");
        assert_eq!(plan.steps[0].desired.is_some(), leads, "{limit} {accepts:?}");
    }
}

#[test]
fn an_open_operation_comes_first_whatever_the_file_says() {
    let state = state(PolicyState { open: Some(open(b"a").into()), ..PolicyState::default() });
    let asked = Asked::default();
    assert_eq!(said(&planned(&wanted(b"a"), &state, &asked)), "resume new");
    assert_eq!(said(&planned(&wanted(b"b"), &state, &asked)), "resume new");
    let gone = Snapshot::default();
    assert_eq!(said(&planned(&gone, &state, &asked)), "resume -");
}

#[test]
fn an_abandoned_job_is_watched_and_what_it_overtook_goes_once_more() {
    let abandoned = Abandoned {
        operation: Operation::Deploy,
        digest: Digest::of(b"old"),
        origin: origin(),
        correlation_id: Uuid::nil(),
        intent: Position::default(),
        job: Job { id: "7".into(), location: "https://a.example/jobs/7".parse().unwrap() },
        time: now(),
        followed: true,
    };
    let watched = |text| PolicyState { abandoned: vec![abandoned.clone()], ..applied(text) };
    let asked = Asked::default();
    let plan = planned(&wanted(b"a"), &state(watched(b"a")), &asked);
    assert_eq!(said(&plan), "watch -");
    assert!(!plan.has_changes());
    assert!(plan.to_string().ends_with(" 1 to watch for a late end."), "{plan}");
    assert_eq!(said(&planned(&wanted(b"b"), &state(watched(b"a")), &asked)), "update source");

    let overtaken = PolicyState { overtaken: Some(Position::default()), ..applied(b"a") };
    assert_eq!(said(&planned(&wanted(b"a"), &state(overtaken.clone()), &asked)), "update live");
    let gone = Snapshot::default();
    let pruned = Asked { prune: true, ..Asked::default() };
    assert_eq!(said(&planned(&gone, &state(overtaken), &pruned)), "remove removed");
}

#[test]
fn what_has_no_verdict_is_probed_where_it_can_be() {
    let rows = [
        (Verification::Verified, true, "1 in sync"),
        (Verification::Degraded, true, "1 in sync"),
        (Verification::Unverified, true, "verify -"),
        (Verification::NotConfigured, true, "verify -"),
        (Verification::NotConfigured, false, "1 in sync"),
    ];
    for (verification, probed, expected) in rows {
        let mut policy = applied(b"a");
        policy.applied.as_mut().unwrap().verification = verification;
        let asked = Asked { probed, ..Asked::default() };
        assert_eq!(said(&planned(&wanted(b"a"), &state(policy), &asked)), expected, "{verification}");
    }
}

#[test]
fn the_summary_line_is_the_one_that_is_documented() {
    let plan = planned(&wanted(b"b"), &state(applied(b"a")), &Asked::default());
    assert_eq!(plan.to_string(), "Plan: 0 to create, 1 to update, 0 to remove, 0 in sync, 0 held.");
    assert!(plan.has_changes() && !plan.is_empty());
}
