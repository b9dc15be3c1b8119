//! Plans as people and programs get them.

use insta::assert_snapshot;

use super::*;
use crate::plan::review::{ApprovedPlan, PlannedChange};
use crate::render::tests::plain;
use crate::report::tests::{create, plan, policy_held, update};

fn of_every_action() -> Plan {
    let remove = Step {
        id: "default/old-chat".parse().unwrap(),
        action: Action::Remove,
        cause: Some(Cause::Removed),
        desired: None,
        changes: Vec::new(),
        assessment: Some(Assessment::of_removal()),
        ..update()
    };
    let resume = Step { action: Action::Resume, changes: Vec::new(), assessment: None, ..update() };
    let verify = Step { action: Action::Verify, cause: None, assessment: None, applied: None, ..create() };
    let mut plan = plan();
    plan.steps.extend([remove, resume, verify]);
    plan
}

#[test]
fn a_plan_for_review() {
    assert_snapshot!(plain(text(&of_every_action())), @r##"
    ~ default/checkout-chat  update (source)  policies/checkout.yaml  digest cba06b57→11507a0e
          cspDirectives.block-all-mixed-content
            - true
          cspDirectives.script-src
            - https://old.example
            - 'unsafe-inline'
            + https://cdn.example
          cspDirectives.img-src
            + *
          xssRules.mode: report → block
          xssRules.rules: reordered to b a
          direction: mixed
            ↓ script-src now allows https://cdn.example
            ↑ inline scripts no longer run
            ↑ XSS mode hardened from report to block
            … and 2 more
    + default/sales-chat  create (new)  policies/sales.yaml  digest e04eb290
    - default/old-chat  remove (removed)  digest cba06b57
          direction: weakens
            ↓ the policy is removed, with all that it restricted
    ↻ default/checkout-chat  resume (source)  policies/checkout.yaml  digest cba06b57→11507a0e
    ? default/sales-chat  verify  policies/sales.yaml  digest e04eb290
    ! default/support-chat  held (guard)  policies/support.yaml  digest a1860308
          12 of 20 policies would change, and at most 50% may
          botDetection.rateLimitPerMinute: 12 → 15
    ! broken\n.yaml  held (invalid)
          broken\n.yaml:3:1: unknown key `spek` [CW1003]

    Plan: 1 to create, 1 to update, 1 to remove, 3 in sync, 2 held. 1 in progress. 1 to verify again.
    "##);
}

#[test]
fn a_plan_that_is_held_whole_tells_what_lets_it_through() {
    let (default, eu) = ("default".parse().unwrap(), "eu".parse().unwrap());
    let (digest, why) = (PlanDigest::of(b"held"), "12 of 20 policies would change".to_owned());
    let held = HeldPlan { digest, why, changes: vec![PlannedChange::of(&update())] };
    let approved = ApprovedPlan { digest: PlanDigest::of(b"approved"), changes: 12 };
    let plan = Plan {
        held_whole: [(default, held)].into(),
        approved: [(eu, approved)].into(),
        held: vec![policy_held()],
        ..Plan::default()
    };
    assert_snapshot!(plain(text(&plan)), @r##"
    ! default/support-chat  held (guard)  policies/support.yaml  digest a1860308
          12 of 20 policies would change, and at most 50% may
          botDetection.rateLimitPerMinute: 12 → 15
    ! default  its whole plan (1 change) is held: 12 of 20 policies would change; chatward approve c20dea4d876b5b8fb0a1814b43017030cea6d4ac30b2d9ae71b404d2faba49b5 lets exactly that through
    ✓ eu  plan 2687f86ed6784b8a5fca36e6c468e12aa44dc3c7e8137e3160d1a95079bdcd02 was approved

    Plan: 0 to create, 0 to update, 0 to remove, 0 in sync, 1 held.
    "##);
    let json: serde_json::Value = serde_json::from_str(&json(&plan).unwrap()).unwrap();
    assert_eq!(json["heldPlans"][0]["digest"], PlanDigest::of(b"held").to_string());
}

#[test]
fn an_accepted_change_says_why() {
    let mut step = update();
    step.desired.as_mut().unwrap().accepts_weakening = Some("SEC-12:\nthe new CDN".into());
    let plan = Plan { steps: vec![step], ..Plan::default() };
    assert!(
        plain(text(&plan)).contains("\n      accepted: SEC-12:\\nthe new CDN\n"),
        "{}",
        plain(text(&plan))
    );
    let json: serde_json::Value = serde_json::from_str(&json(&plan).unwrap()).unwrap();
    assert_eq!(json["steps"][0]["acceptedWeakening"], "SEC-12:\nthe new CDN");
}

#[test]
fn colours_say_what_comes_and_goes() {
    let text = text(&plan()).to_string();
    assert!(text.contains("\u{1b}[32m+ https://cdn.example\u{1b}[0m"), "{text:?}");
    assert!(text.contains("\u{1b}[31m- https://old.example\u{1b}[0m"), "{text:?}");
}

#[test]
fn nothing_to_do_is_one_line() {
    let plan = Plan { in_sync: 3, ..Plan::default() };
    assert_eq!(text(&plan).to_string(), "Plan: 0 to create, 0 to update, 0 to remove, 3 in sync, 0 held.\n");
}

#[test]
fn programs_get_the_same() {
    assert_snapshot!(json(&plan()).unwrap(), @r##"
    {
      "version": 1,
      "steps": [
        {
          "tenant": "default",
          "name": "checkout-chat",
          "action": "update",
          "cause": "source",
          "digest": "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
          "appliedDigest": "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4",
          "file": "policies/checkout.yaml",
          "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
          "commit": {
            "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
            "author": "Ada <ada@acme.example>",
            "committedAt": "2026-11-01T11:58:00Z",
            "commitSubject": "Tighten script-src"
          },
          "changes": [
            {
              "field": "cspDirectives.block-all-mixed-content",
              "change": "removed",
              "old": "true"
            },
            {
              "field": "cspDirectives.script-src",
              "change": "members",
              "added": [
                "https://cdn.example"
              ],
              "removed": [
                "https://old.example",
                "'unsafe-inline'"
              ]
            },
            {
              "field": "cspDirectives.img-src",
              "change": "added",
              "new": "*"
            },
            {
              "field": "xssRules.mode",
              "change": "replaced",
              "old": "report",
              "new": "block"
            },
            {
              "field": "xssRules.rules",
              "change": "reordered",
              "new": "b a"
            }
          ],
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
          "acceptedWeakening": null
        },
        {
          "tenant": "default",
          "name": "sales-chat",
          "action": "create",
          "cause": "new",
          "digest": "e04eb29020eaa961e99d3162635e9fe9585c5a1121bd88784c1378aa8837195c",
          "appliedDigest": null,
          "file": "policies/sales.yaml",
          "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
          "commit": {
            "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
            "author": "Ada <ada@acme.example>",
            "committedAt": "2026-11-01T11:58:00Z",
            "commitSubject": "Tighten script-src"
          },
          "changes": [],
          "direction": null,
          "reasons": [],
          "moreReasons": 0,
          "acceptedWeakening": null
        }
      ],
      "held": [
        {
          "tenant": "default",
          "name": "support-chat",
          "reason": "guard",
          "detail": "12 of 20 policies would change, and at most 50% may",
          "cause": "source",
          "digest": "a18603086e5bdf9df88ccc9f5a083fed093e819976e87456b74dafcbd7011114",
          "file": "policies/support.yaml",
          "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
          "commit": {
            "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
            "author": "Ada <ada@acme.example>",
            "committedAt": "2026-11-01T11:58:00Z",
            "commitSubject": "Tighten script-src"
          },
          "changes": [
            {
              "field": "botDetection.rateLimitPerMinute",
              "change": "replaced",
              "old": "12",
              "new": "15"
            }
          ],
          "direction": null,
          "reasons": [],
          "moreReasons": 0,
          "until": null,
          "suspension": null
        },
        {
          "tenant": null,
          "name": null,
          "reason": "invalid",
          "detail": "broken\\n.yaml:3:1: unknown key `spek` [CW1003]",
          "cause": null,
          "digest": null,
          "file": "broken\n.yaml",
          "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
          "commit": {
            "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
            "author": "Ada <ada@acme.example>",
            "committedAt": "2026-11-01T11:58:00Z",
            "commitSubject": "Tighten script-src"
          },
          "changes": [],
          "direction": null,
          "reasons": [],
          "moreReasons": 0,
          "until": null,
          "suspension": null
        }
      ],
      "heldPlans": [],
      "summary": {
        "create": 1,
        "update": 1,
        "remove": 0,
        "resume": 0,
        "verify": 0,
        "watch": 0,
        "inSync": 3,
        "held": 2,
        "suspended": 0
      }
    }
    "##);
}
