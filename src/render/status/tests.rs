//! A status with something of everything.

use insta::assert_snapshot;

use super::*;
use crate::breaker::BreakerState;
use crate::digest::PlanDigest;
use crate::digest::{Digest, EntryHash};
use crate::drift::Cause;
use crate::entry::HoldReason;
use crate::render::tests::plain;
use crate::state::Seen;
use crate::status::HeldPlanStatus;
use crate::status::VERSION;

fn policy(name: &str) -> PolicyStatus {
    PolicyStatus {
        tenant: Some("default".parse().unwrap()),
        name: name.into(),
        sync: Sync::Synced,
        cause: None,
        held: None,
        detail: None,
        live: LiveSync::Matches,
        live_at: None,
        health: Health::Healthy,
        until: None,
        suspension: None,
        digest: Some(Digest::of(b"new")),
        applied_digest: Some(Digest::of(b"new")),
        revision: Some("9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c".into()),
        file: Some("policies/checkout.yaml".into()),
        job_id: Some("job-7".into()),
        applied_at: Some("2026-03-01T09:00:00Z".parse().unwrap()),
        verification: Some(Verification::Verified),
        success_rate: Some(1.0),
        last_attempt: None,
        next_retry: None,
        findings: 0,
    }
}

fn page(url: &str, verdict: PageVerdict, detail: &str) -> PageStatus {
    let time: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let seen = Seen {
        policy: "checkout-chat".parse().unwrap(),
        time,
        had_at: time,
        verdict,
        misses: 0,
        policy_digest: Some(Digest::of(b"new")),
        header_digest: Some(Digest::of(b"header")),
        detail: detail.to_owned(),
    };
    PageStatus { tenant: "default".parse().unwrap(), url: url.parse().unwrap(), seen }
}

fn status() -> Status {
    let drifted = PolicyStatus {
        sync: Sync::OutOfSync,
        cause: Some(Cause::Source),
        live: LiveSync::Unknown,
        applied_digest: Some(Digest::of(b"old")),
        applied_at: Some("2026-03-03T11:59:15Z".parse().unwrap()),
        ..policy("sales-chat")
    };
    let degraded = PolicyStatus {
        health: Health::Degraded,
        live: LiveSync::Differs,
        verification: Some(Verification::Degraded),
        success_rate: Some(2.0 / 3.0),
        applied_at: Some("2026-03-03T09:00:00Z".parse().unwrap()),
        ..policy("shop-chat")
    };
    let failed = PolicyStatus {
        health: Health::Degraded,
        detail: Some("job job-9 failed: \u{1b}[2Jquota\nexceeded".into()),
        applied_at: Some("2026-03-03T11:20:00Z".parse().unwrap()),
        ..policy("support-chat")
    };
    let broken = PolicyStatus {
        tenant: None,
        sync: Sync::Held,
        held: Some(HoldReason::Invalid),
        detail: Some("broken.yaml:3:1: unknown key `spek` [CW1003]".into()),
        live: LiveSync::Unknown,
        health: Health::Unknown,
        digest: None,
        applied_digest: None,
        revision: None,
        applied_at: None,
        verification: None,
        ..policy("broken.yaml")
    };
    let tenant = |name: &str, error: Option<&str>, webhooks: &[&str]| TenantStatus {
        name: name.parse().unwrap(),
        binding: Some("tutorial at https://acme.api.nicecxone.com (organisation acme)".into()),
        breaker: match error {
            Some(_) => BreakerState::Open { until: now(), why: "5 failures in a row".into() },
            None => BreakerState::Closed,
        },
        error: error.map(str::to_owned),
        held_plan: (name == "default").then(|| HeldPlanStatus {
            digest: PlanDigest::of(b"plan"),
            changes: 12,
            why: "12 of 20 policies would change, over guard.max_changes (50%)".into(),
        }),
        approval: None,
        applied: 4,
        webhooks: webhooks.iter().map(|&name| name.to_owned()).collect(),
        suspension: None,
    };
    Status {
        version: VERSION,
        counts: [(Sync::Synced, 3), (Sync::OutOfSync, 1), (Sync::Held, 1)].into(),
        more: 0,
        policies: vec![policy("checkout-chat"), drifted, degraded, failed, broken],
        tenants: vec![tenant("default", None, &["siem"]), tenant("eu", Some("invalid_client"), &[])],
        pages: vec![
            page("https://www.acme.example/", PageVerdict::Matches, ""),
            page("https://www.acme.example/checkout", PageVerdict::Differs, "missing frame-ancestors 'none'"),
        ],
        ledger: Head { sequence: 42, hash: EntryHash::of(b"head") },
    }
}

fn now() -> Timestamp {
    "2026-03-03T12:00:00Z".parse().unwrap()
}

#[test]
fn a_status_for_people() {
    assert_snapshot!(plain(text(&status(), now())), @r##"
    POLICY                 SYNC       CAUSE    LIVE     HEALTH    DIGEST             REVISION  AGE
    default/checkout-chat  Synced     -        matches  Healthy   11507a0e           9b8c7d6e  2d
    default/sales-chat     OutOfSync  source   unknown  Healthy   cba06b57→11507a0e  9b8c7d6e  45s
    default/shop-chat      Synced     -        differs  Degraded  11507a0e           9b8c7d6e  3h
    default/support-chat   Synced     -        matches  Degraded  11507a0e           9b8c7d6e  40m
    broken.yaml            Held       invalid  unknown  Unknown   -                  -         -

    default/shop-chat: degraded: 66% of probes blocked
    default/support-chat: job job-9 failed: \u{1b}[2Jquota\nexceeded
    broken.yaml: held (invalid): broken.yaml:3:1: unknown key `spek` [CW1003]

    TENANT   APPLIED  BINDING                                                         WEBHOOKS
    default  4        tutorial at https://acme.api.nicecxone.com (organisation acme)  siem
    eu       4        tutorial at https://acme.api.nicecxone.com (organisation acme)  -

    default: its whole plan (12 changes) is held: 12 of 20 policies would change, over guard.max_changes (50%); chatward approve 64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525 lets exactly that through
    eu: invalid_client
    eu: breaker open until 2026-03-03T12:00:00Z: 5 failures in a row

    PAGE                               POLICY                 SEEN     AGE
    https://www.acme.example/          default/checkout-chat  matches  2d
    https://www.acme.example/checkout  default/checkout-chat  differs  2d

    https://www.acme.example/checkout: missing frame-ancestors 'none'

    ledger: 42 entries, head 9f2e6d33
    "##);
}

#[test]
fn nothing_known_is_said() {
    let status = Status {
        version: VERSION,
        counts: Default::default(),
        policies: Vec::new(),
        more: 0,
        tenants: Vec::new(),
        pages: Vec::new(),
        ledger: Head::default(),
    };
    assert_eq!(plain(text(&status, now())), "no policies\n\nledger: no entries\n");
}

#[test]
fn a_status_for_programs() {
    let mut status = status();
    status.policies.truncate(1);
    status.tenants.truncate(1);
    assert_snapshot!(json(&status).unwrap(), @r##"
    {
      "version": 1,
      "counts": {
        "Synced": 3,
        "OutOfSync": 1,
        "Held": 1
      },
      "policies": [
        {
          "tenant": "default",
          "name": "checkout-chat",
          "sync": "Synced",
          "cause": null,
          "held": null,
          "detail": null,
          "live": "matches",
          "liveAt": null,
          "health": "Healthy",
          "digest": "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
          "appliedDigest": "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
          "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
          "file": "policies/checkout.yaml",
          "jobId": "job-7",
          "appliedAt": "2026-03-01T09:00:00Z",
          "verification": "verified",
          "successRate": 1.0,
          "lastAttempt": null,
          "nextRetry": null,
          "until": null,
          "suspension": null,
          "findings": 0
        }
      ],
      "more": 0,
      "tenants": [
        {
          "name": "default",
          "binding": "tutorial at https://acme.api.nicecxone.com (organisation acme)",
          "error": null,
          "breaker": {
            "state": "closed"
          },
          "heldPlan": {
            "digest": "64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525",
            "changes": 12,
            "why": "12 of 20 policies would change, over guard.max_changes (50%)"
          },
          "approval": null,
          "applied": 4,
          "webhooks": [
            "siem"
          ],
          "suspension": null
        }
      ],
      "pages": [
        {
          "tenant": "default",
          "url": "https://www.acme.example/",
          "policy": "checkout-chat",
          "time": "2026-03-01T12:00:00Z",
          "hadAt": "2026-03-01T12:00:00Z",
          "verdict": "matches",
          "misses": 0,
          "policyDigest": "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
          "headerDigest": "1e0584a25d9f43bf5cbd0aec01eb1af2220ed085b4e7f1837b0d89958cae353a"
        },
        {
          "tenant": "default",
          "url": "https://www.acme.example/checkout",
          "policy": "checkout-chat",
          "time": "2026-03-01T12:00:00Z",
          "hadAt": "2026-03-01T12:00:00Z",
          "verdict": "differs",
          "misses": 0,
          "policyDigest": "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
          "headerDigest": "1e0584a25d9f43bf5cbd0aec01eb1af2220ed085b4e7f1837b0d89958cae353a",
          "detail": "missing frame-ancestors 'none'"
        }
      ],
      "ledger": {
        "sequence": 42,
        "hash": "9f2e6d33a3717ee826353a404ba4618d1aeeb6879ad7936bce8ed5f46814924d"
      }
    }
    "##);
}

#[test]
fn ages_have_one_unit() {
    let ago = |seconds: i64| age(now() - jiff::SignedDuration::from_secs(seconds), now());
    let ages = [-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 200_000].map(ago);
    assert_eq!(ages, ["0s", "0s", "59s", "1m", "59m", "1h", "23h", "1d", "2d"]);
}

#[test]
fn only_all_is_a_hundred_percent() {
    assert_eq!([0.0, 2.0 / 3.0, 0.999, 1.0].map(percent), ["0%", "66%", "99%", "100%"]);
}
