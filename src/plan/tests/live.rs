//! What is decided where the tenant has something else than was brought live.

use super::*;
use crate::drift::OnDrift;
use crate::state::Hold;

#[test]
fn live_against_applied() {
    let rows = [
        (Live::Unknown, "1 in sync"),
        (Live::NotOffered, "1 in sync"),
        (Live::Has(Digest::of(b"a")), "1 in sync"),
        (Live::Has(Digest::of(b"x")), "held report-only"),
        (Live::Absent, "held report-only"),
    ];
    for (live, expected) in rows {
        let asked = Asked { live: [(id(), live)].into(), ..Asked::default() };
        assert_eq!(said(&planned(&wanted(b"a"), &state(applied(b"a")), &asked)), expected, "{live:?}");
    }
}

/// How long before now.
fn ago(minutes: i64) -> Timestamp {
    now() - jiff::SignedDuration::from_mins(minutes)
}

#[test]
fn what_somebody_changed_is_changed_back_until_it_is_a_fight() {
    let fought = |corrections: &[i64]| PolicyState {
        corrections: corrections.iter().map(|minutes| ago(*minutes)).collect(),
        ..applied(b"a")
    };
    let differs = Live::Has(Digest::of(b"x"));
    let rows = [
        (differs, fought(&[]), Retry::Due, "update live"),
        (Live::Absent, fought(&[]), Retry::Due, "update missing"),
        (differs, fought(&[50, 10]), Retry::Due, "update live"),
        (differs, fought(&[0]), Retry::Due, "held back-off"),
        (differs, fought(&[1]), Retry::Due, "update live"),
        (differs, fought(&[50, 1]), Retry::Due, "held back-off"),
        (differs, fought(&[50, 2]), Retry::Due, "update live"),
        (differs, fought(&[70, 1]), Retry::Due, "update live"),
        (Live::Absent, fought(&[50, 1]), Retry::Due, "held back-off"),
        (differs, fought(&[50, 1]), Retry::Failed, "update live"),
        (differs, fought(&[-5]), Retry::Due, "update live"),
        (differs, fought(&[50, 10, 5]), Retry::Due, "held fight"),
        (differs, fought(&[70, 10, 5]), Retry::Due, "update live"),
        (differs, fought(&[50, 10, 5]), Retry::Failed, "held fight"),
        (differs, fought(&[50, 10, 5]), Retry::Rejected, "update live"),
        (Live::Unknown, fought(&[50, 10, 5]), Retry::Due, "1 in sync"),
    ];
    for (live, policy, retry, expected) in rows {
        let asked = Asked { live: [(id(), live)].into(), corrected: true, retry, ..Asked::default() };
        assert_eq!(
            said(&planned(&wanted(b"a"), &state(policy.clone()), &asked)),
            expected,
            "{live:?} {policy:?}"
        );
    }
    // What was frozen once stays so for as long as it differs, however long that is.
    let mut frozen = state(fought(&[]));
    let hold =
        Hold { reason: HoldReason::Fight, detail: String::new(), since: ago(600), digest: None, file: None };
    frozen.holds.insert(Subject::Policy(id()), hold);
    let asked = Asked { live: [(id(), differs)].into(), corrected: true, ..Asked::default() };
    assert_eq!(said(&planned(&wanted(b"a"), &frozen, &asked)), "held fight");
}

#[test]
fn a_document_says_for_itself_what_is_done() {
    let rows = [
        (None, false, "held report-only"),
        (None, true, "update live"),
        (Some(OnDrift::Correct), false, "update live"),
        (Some(OnDrift::Report), true, "held report-only"),
    ];
    for (on_drift, corrected, expected) in rows {
        let mut snapshot = wanted(b"a");
        snapshot.desired.get_mut(&id()).unwrap().on_drift = on_drift;
        let live = [(id(), Live::Has(Digest::of(b"x")))].into();
        let asked = Asked { live, corrected, ..Asked::default() };
        assert_eq!(
            said(&planned(&snapshot, &state(applied(b"a")), &asked)),
            expected,
            "{on_drift:?} {corrected}"
        );
    }
}
