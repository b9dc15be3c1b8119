//! Plans as comments: what reviewers get, and what nobody can make of them.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::direction::Direction;
use crate::plan::change::ChangeKind;
use crate::report::tests::{change, create, file_held, plan, update};

#[test]
fn a_plan_for_a_pull_request() {
    assert_snapshot!(markdown(&plan()), @r"
    **Plan: 1 to create, 1 to update, 0 to remove, 3 in sync, 2 held.**

    | | policy | step | direction | what changes |
    | --- | --- | --- | --- | --- |
    | ~ | `default/checkout-chat` | update (source) | **mixed** | `policies/checkout.yaml`<br>`cspDirectives.block-all-mixed-content: - true`<br>`cspDirectives.script-src: - https://old.example, - 'unsafe-inline', + https://cdn.example`<br>`cspDirectives.img-src: + *`<br>`xssRules.mode: report → block`<br>`xssRules.rules: reordered to b a`<br>↓ `script-src now allows https://cdn.example`<br>↑ `inline scripts no longer run`<br>↑ `XSS mode hardened from report to block`<br>… and 2 reasons more |
    | + | `default/sales-chat` | create (new) |  | `policies/sales.yaml` |
    | ! | `default/support-chat` | held (guard) |  | `policies/support.yaml`<br>`12 of 20 policies would change, and at most 50% may`<br>`botDetection.rateLimitPerMinute: 12 → 15` |
    | ! | `broken\n.yaml` | held (invalid) |  | `` broken\n.yaml:3:1: unknown key `spek` [CW1003] `` |
    ");
}

#[test]
fn nothing_to_do_is_one_line() {
    let plan = Plan { in_sync: 3, ..Plan::default() };
    assert_eq!(markdown(&plan), "**Plan: 0 to create, 0 to update, 0 to remove, 3 in sync, 0 held.**\n");
}

#[test]
fn an_accepted_change_says_why() {
    let mut step = update();
    step.desired.as_mut().unwrap().accepts_weakening = Some("SEC-12: the new CDN".into());
    let plan = Plan { steps: vec![step], ..Plan::default() };
    assert!(markdown(&plan).contains("<br>accepted: `SEC-12: the new CDN` |\n"), "{}", markdown(&plan));
}

#[test]
fn a_large_plan_is_cut_and_says_by_how_much() {
    let steps = std::iter::repeat_n(update(), 5_000).collect();
    let text = markdown(&Plan { steps, ..Plan::default() });
    assert!(text.len() < MAX_MARKDOWN && text.len() > MAX_MARKDOWN * 9 / 10, "{}", text.len());
    let rows = text.lines().filter(|line| line.starts_with("| ~ |")).count();
    let last = text.lines().last().unwrap();
    assert_eq!(
        last,
        format!("{} more rows were cut, since a comment has at most 65536 characters.", 5_000 - rows)
    );
}

#[test]
fn one_large_policy_takes_no_more_than_its_share() {
    let members = |sign: &str| (0..5_000).map(|number| format!("{sign}{number}.example")).collect();
    let mut step = update();
    step.changes = vec![
        change(
            "cspDirectives.img-src",
            ChangeKind::Members { added: members("a"), removed: members("b") }
        );
        100
    ];
    let text = markdown(&Plan { steps: vec![step, create()], ..Plan::default() });
    assert!(text.len() < MAX_MARKDOWN / 4, "{}", text.len());
    assert!(text.contains("<br>… and 80 fields more<br>"), "{text}");
    assert!(text.contains("| + | `default/sales-chat` |"), "{text}");
}

/// A line with its code spans taken out, as CommonMark finds them: in those nothing has a meaning.
fn outside(line: &str) -> String {
    let (mut outside, mut rest) = (String::new(), line);
    while let Some(start) = rest.find('`') {
        let run = |text: &str| text.len() - text.trim_start_matches('`').len();
        let fence = run(&rest[start..]);
        outside += &rest[..start];
        let mut at = start + fence;
        loop {
            at += rest[at..].find('`').expect("every span ends");
            let length = run(&rest[at..]);
            at += length;
            if length == fence {
                break;
            }
        }
        rest = &rest[at..];
    }
    outside + rest
}

proptest! {
    /// Whatever a file, a directive or a tenant says: the table keeps its rows and columns, and outside of code spans stands
    /// nothing but our own words.
    #[test]
    fn nothing_from_outside_has_a_meaning(text in r"[`|\\<>&*_\[\]()#@!~\na-c \x1b\u{202e}-]{0,40}") {
        let hostile = |kind: fn(String) -> ChangeKind| change(&text, kind(text.clone()));
        let mut step = update();
        step.changes = vec![
            hostile(|new| ChangeKind::Added { new }),
            hostile(|old| ChangeKind::Removed { old }),
            hostile(|new| ChangeKind::Reordered { new }),
            hostile(|new| ChangeKind::Replaced { old: new.clone(), new }),
            hostile(|new| ChangeKind::Members { added: vec![new.clone()], removed: vec![new] }),
        ];
        let reasons = vec![Reason { direction: Direction::Weakens, text: text.clone() }];
        step.assessment = Some(Assessment { direction: Direction::Weakens, reasons, more_reasons: 0 });
        let desired = step.desired.as_mut().unwrap();
        desired.accepts_weakening = Some(text.as_str().into());
        desired.origin.file = text.as_str().into();
        let held = HeldItem { detail: text.clone(), ..file_held(&text) };
        let text = markdown(&Plan { steps: vec![step], held: vec![held], ..Plan::default() });
        let rows: Vec<&str> = text.lines().skip(4).collect();
        prop_assert_eq!(rows.len(), 2, "{}", &text);
        for row in rows {
            prop_assert_eq!(row.matches('|').count(), 6, "{}", row);
            let ours = outside(row).replace("<br>", "");
            prop_assert!(!ours.contains(['<', '[', '\\', '@', '&', '#', '_']), "{}", ours);
        }
    }
}
