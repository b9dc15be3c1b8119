//! What makes two plans the same, and by what one is found.

use super::*;
use crate::digest::Digest;
use crate::report::tests::{create, update};

fn held(steps: Vec<Step>) -> HeldPlan {
    let plan = Plan { steps, ..Plan::default() };
    HeldPlan::of(&plan, &"default".parse().unwrap(), None, "why".to_owned())
}

#[test]
fn the_digest_is_about_all_that_would_be_done_and_where_it_starts() {
    let base = held(vec![update(), create()]).digest;
    let other = Some(Digest::of(b"other"));
    let changed: [fn(&mut Step); 4] = [
        |step| step.applied = Some(Digest::of(b"other")),
        |step| step.live = Some(Digest::of(b"other")),
        |step| step.cause = Some(Cause::Both),
        |step| step.desired.as_mut().unwrap().digest = Digest::of(b"other"),
    ];
    for change in changed {
        let mut step = update();
        change(&mut step);
        assert_ne!(held(vec![step, create()]).digest, base, "{other:?}");
    }
    assert_ne!(held(vec![update()]).digest, base, "a change less");
    let binding =
        Binding { preset: "tutorial".into(), origin: "https://a.example".into(), organisation: None };
    let plan = Plan { steps: vec![update(), create()], ..Plan::default() };
    let bound = HeldPlan::of(&plan, &"default".parse().unwrap(), Some(&binding), String::new());
    assert_ne!(bound.digest, base, "another tenant");
}

#[test]
fn the_commit_and_what_is_under_way_are_no_part_of_it() {
    let base = held(vec![update()]).digest;
    let mut merged = update();
    merged.desired.as_mut().unwrap().origin.commit = None;
    let verify = Step { action: Action::Verify, ..create() };
    let resume = Step { action: Action::Resume, ..create() };
    let elsewhere = Step { id: "eu/sales-chat".parse().unwrap(), ..create() };
    assert_eq!(held(vec![merged, verify, resume, elsewhere]).digest, base);
}

#[test]
fn a_plan_is_found_by_the_beginning_of_its_digest() {
    let mut plan = Plan::default();
    let prefix = |digest: PlanDigest| digest.to_string()[..12].parse::<PlanPrefix>().unwrap();
    let one = held(vec![update()]);
    assert_eq!(plan.held_as(&prefix(one.digest)).unwrap_err(), NotHeld::Nothing);
    plan.held_whole.insert("default".parse().unwrap(), one.clone());
    assert_eq!(plan.held_as(&prefix(one.digest)).unwrap().1, &one);
    assert!(matches!(plan.held_as(&prefix(PlanDigest::of(b"x"))).unwrap_err(), NotHeld::Others(_)));
    plan.held_whole.insert("eu".parse().unwrap(), one.clone());
    assert_eq!(plan.held_as(&prefix(one.digest)).unwrap_err(), NotHeld::Several);
    for bad in ["", "0123456789a", "0123456789AB", "0123456789xy", &"0".repeat(65)] {
        assert_eq!(bad.parse::<PlanPrefix>(), Err(PlanPrefixError), "{bad}");
    }
}

#[test]
fn a_part_of_an_approved_plan_is_held() {
    let approved =
        |changes| [("default".parse().unwrap(), ApprovedPlan { digest: PlanDigest::of(b""), changes })];
    let mut whole = Plan { steps: vec![update(), create()], approved: approved(2).into(), ..Plan::default() };
    whole.hold_parts();
    assert_eq!((whole.steps.len(), whole.held.len(), whole.approved.len()), (2, 0, 1));
    let mut part = Plan { steps: vec![update()], approved: approved(2).into(), ..Plan::default() };
    part.hold_parts();
    assert_eq!((part.steps.len(), part.held.len(), part.approved.len()), (0, 1, 0));
}
