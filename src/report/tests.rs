//! Plans built by hand, and what is reported of them.

use insta::assert_snapshot;

use super::*;
use crate::digest::FileHash;
use crate::direction::{Direction, Reason};
use crate::entry::{Commit, Origin};
use crate::plan::Action;
use crate::plan::change::ChangeKind;
use crate::snapshot::Desired;

pub(crate) fn origin(file: &str) -> Origin {
    Origin {
        file: file.into(),
        file_hash: FileHash::of(file.as_bytes()),
        commit: Some(Arc::new(Commit {
            revision: "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c".into(),
            author: Some("Ada <ada@acme.example>".into()),
            committed_at: Some("2026-11-01T11:58:00Z".parse().unwrap()),
            commit_subject: Some("Tighten script-src".into()),
            dirty: false,
            signed_by: None,
        })),
    }
}

pub(crate) fn desired(bytes: &[u8], file: &str) -> Option<Desired> {
    Some(Desired {
        digest: Digest::of(bytes),
        origin: origin(file),
        accepts_weakening: None,
        suspended: None,
        on_drift: None,
    })
}

pub(crate) fn change(field: &str, kind: ChangeKind) -> Change {
    Change { field: field.into(), kind }
}

/// That of [`update`], as a comparison of both sides would give it.
pub(crate) fn assessment() -> Assessment {
    let reason = |direction, text: &str| Reason { direction, text: text.to_owned() };
    let reasons = vec![
        reason(Direction::Weakens, "script-src now allows https://cdn.example"),
        reason(Direction::Strengthens, "inline scripts no longer run"),
        reason(Direction::Strengthens, "XSS mode hardened from report to block"),
    ];
    Assessment { direction: Direction::Mixed, reasons, more_reasons: 2 }
}

pub(crate) fn update() -> Step {
    let changes = vec![
        change("cspDirectives.block-all-mixed-content", ChangeKind::Removed { old: "true".into() }),
        change(
            "cspDirectives.script-src",
            ChangeKind::Members {
                added: vec!["https://cdn.example".into()],
                removed: vec!["https://old.example".into(), "'unsafe-inline'".into()],
            },
        ),
        change("cspDirectives.img-src", ChangeKind::Added { new: "*".into() }),
        change("xssRules.mode", ChangeKind::Replaced { old: "report".into(), new: "block".into() }),
        change("xssRules.rules", ChangeKind::Reordered { new: "b a".into() }),
    ];
    Step {
        id: "default/checkout-chat".parse().unwrap(),
        action: Action::Update,
        cause: Some(Cause::Source),
        applied: Some(Digest::of(b"old")),
        live: None,
        desired: desired(b"new", "policies/checkout.yaml"),
        changes,
        assessment: Some(assessment()),
        suspended: false,
    }
}

pub(crate) fn create() -> Step {
    Step {
        id: "default/sales-chat".parse().unwrap(),
        action: Action::Create,
        cause: Some(Cause::New),
        applied: None,
        live: None,
        desired: desired(b"sales", "policies/sales.yaml"),
        changes: Vec::new(),
        assessment: None,
        suspended: false,
    }
}

pub(crate) fn policy_held() -> HeldItem {
    HeldItem {
        subject: Subject::Policy("default/support-chat".parse().unwrap()),
        reason: HoldReason::Guard,
        detail: "12 of 20 policies would change, and at most 50% may".into(),
        cause: Some(Cause::Source),
        digest: Some(Digest::of(b"support")),
        origin: Some(origin("policies/support.yaml")),
        changes: vec![change(
            "botDetection.rateLimitPerMinute",
            ChangeKind::Replaced { old: "12".into(), new: "15".into() },
        )],
        assessment: None,
        until: None,
        suspension: None,
    }
}

pub(crate) fn file_held(file: &str) -> HeldItem {
    HeldItem {
        subject: Subject::File { file: file.into() },
        reason: HoldReason::Invalid,
        detail: format!("{}:3:1: unknown key `spek` [CW1003]", file.escape_debug()),
        cause: None,
        digest: None,
        origin: Some(origin(file)),
        changes: Vec::new(),
        assessment: None,
        until: None,
        suspension: None,
    }
}

pub(crate) fn plan() -> Plan {
    let items = vec![policy_held(), file_held("broken\n.yaml")];
    Plan { steps: vec![update(), create()], held: items, in_sync: 3, ..Plan::default() }
}

#[test]
fn a_plan_without_drift_has_no_report() {
    let verify = Step { action: Action::Verify, cause: None, ..update() };
    assert_eq!(
        DriftReport::of(&Plan { steps: vec![verify], held: Vec::new(), in_sync: 3, ..Plan::default() }),
        None
    );
}

#[test]
fn a_line_for_each_item() {
    assert_snapshot!(DriftReport::of(&plan()).unwrap(), @r##"
    2 policies drifted, 2 held, 3 in sync
    default/checkout-chat: source; cspDirectives.block-all-mixed-content: - true; cspDirectives.script-src: - https://old.example, - 'unsafe-inline', + https://cdn.example; cspDirectives.img-src: + *; xssRules.mode: report → block; xssRules.rules: reordered to b a; mixed (script-src now allows https://cdn.example; inline scripts no longer run; XSS mode hardened from report to block; and 2 more)
    default/sales-chat: new
    default/support-chat: source; held (guard); 12 of 20 policies would change, and at most 50% may; botDetection.rateLimitPerMinute: 12 → 15
    broken\n.yaml: held (invalid); broken\n.yaml:3:1: unknown key `spek` [CW1003]
    "##);
}

#[test]
fn programs_get_the_same() {
    let report = DriftReport::of(&plan()).unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&report).unwrap(), @r##"
    {
      "drifted": 2,
      "held": 2,
      "inSync": 3,
      "items": [
        {
          "tenant": "default",
          "name": "checkout-chat",
          "file": "policies/checkout.yaml",
          "cause": "source",
          "reason": null,
          "detail": null,
          "digest": "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
          "appliedDigest": "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4",
          "direction": "mixed",
          "reasons": [
            {
              "direction": "weakens",
              "text": "script-src now allows https://cdn.example"
            },
            {
              "direction": "strengthens",
              "text": "inline scripts no longer run"
            },
            {
              "direction": "strengthens",
              "text": "XSS mode hardened from report to block"
            }
          ],
          "moreReasons": 2,
          "acceptedWeakening": null,
          "changes": [
            "cspDirectives.block-all-mixed-content: - true",
            "cspDirectives.script-src: - https://old.example, - 'unsafe-inline', + https://cdn.example",
            "cspDirectives.img-src: + *",
            "xssRules.mode: report → block",
            "xssRules.rules: reordered to b a"
          ],
          "moreChanges": 0
        },
        {
          "tenant": "default",
          "name": "sales-chat",
          "file": "policies/sales.yaml",
          "cause": "new",
          "reason": null,
          "detail": null,
          "digest": "e04eb29020eaa961e99d3162635e9fe9585c5a1121bd88784c1378aa8837195c",
          "appliedDigest": null,
          "direction": null,
          "reasons": [],
          "moreReasons": 0,
          "acceptedWeakening": null,
          "changes": [],
          "moreChanges": 0
        },
        {
          "tenant": "default",
          "name": "support-chat",
          "file": "policies/support.yaml",
          "cause": "source",
          "reason": "guard",
          "detail": "12 of 20 policies would change, and at most 50% may",
          "digest": "a18603086e5bdf9df88ccc9f5a083fed093e819976e87456b74dafcbd7011114",
          "appliedDigest": null,
          "direction": null,
          "reasons": [],
          "moreReasons": 0,
          "acceptedWeakening": null,
          "changes": [
            "botDetection.rateLimitPerMinute: 12 → 15"
          ],
          "moreChanges": 0
        },
        {
          "tenant": null,
          "name": null,
          "file": "broken\n.yaml",
          "cause": null,
          "reason": "invalid",
          "detail": "broken\\n.yaml:3:1: unknown key `spek` [CW1003]",
          "digest": null,
          "appliedDigest": null,
          "direction": null,
          "reasons": [],
          "moreReasons": 0,
          "acceptedWeakening": null,
          "changes": [],
          "moreChanges": 0
        }
      ],
      "more": 0
    }
    "##);
}

#[test]
fn a_report_is_bounded() {
    let mut step = update();
    step.changes = vec![step.changes[0].clone(); 30];
    let plan = Plan { steps: vec![step; 60], held: vec![policy_held()], in_sync: 0, ..Plan::default() };
    let report = DriftReport::of(&plan).unwrap();
    assert_eq!((report.drifted, report.held, report.items.len(), report.more), (60, 1, 50, 11));
    assert_eq!((report.items[0].changes.len(), report.items[0].more_changes), (10, 20));
    let text = report.to_string();
    assert!(text.ends_with("\n… and 11 more"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 501), "{text}");
}
