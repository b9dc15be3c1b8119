//! A history with every kind of event.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::deployments::deployments;
use super::*;
use crate::payload::tests::payload;
use crate::render::tests::plain;

const FIRST: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const SECOND: &str = "16fd2706-8baf-433b-82eb-8c7fada847da";

/// Entries as the ledger has them, from the events in their order.
fn chained(events: &[Value]) -> Vec<(Entry, EntryHash)> {
    let entry = |(index, event): (usize, &Value)| {
        let mut entry = json!({
            "version": 1,
            "sequence": index + 1,
            "time": format!("2026-03-03T12:00:{index:02}Z"),
            "previousHash": EntryHash::GENESIS,
        });
        entry.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
        (serde_json::from_value(entry).unwrap(), EntryHash::of(index.to_string().as_bytes()))
    };
    events.iter().enumerate().map(entry).collect()
}

fn intent(correlation_id: &str, policy: &str, operation: &str, cause: &str) -> Value {
    json!({
        "event": "operation.intent", "tenant": "default", "policy": policy, "operation": operation,
        "cause": cause, "digest": Digest::of(b"new"), "file": "policies/checkout.yaml",
        "fileHash": Digest::of(b"file"), "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
        "author": "Ada", "idempotencyKey": correlation_id, "correlationId": correlation_id,
        "payload": payload(),
    })
}

fn of(correlation_id: &str, policy: &str, event: &Value) -> Value {
    let mut all = json!({
        "tenant": "default", "policy": policy, "correlationId": correlation_id, "digest": Digest::of(b"new"),
        "attempts": 3,
    });
    all.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
    all
}

fn history() -> Vec<(Entry, EntryHash)> {
    let webhook = |event: &Value| of(FIRST, "", event);
    chained(&[
        json!({"event": "tenant.bound", "tenant": "default", "preset": "tutorial", "origin": "https://acme.example"}),
        intent(FIRST, "checkout-chat", "deploy", "new"),
        of(
            FIRST,
            "checkout-chat",
            &json!({
                "event": "operation.location", "jobId": "job-7", "location": "https://acme.example/jobs/job-7",
                "submitMs": 120,
            }),
        ),
        of(
            FIRST,
            "checkout-chat",
            &json!({
                "event": "operation.waiting", "reason": "overdue", "jobId": "job-7", "error": "still RUNNING",
            }),
        ),
        of(
            FIRST,
            "checkout-chat",
            &json!({
                "event": "operation.effect", "outcome": "done", "jobId": "job-7", "durationMs": 4200,
            }),
        ),
        of(
            FIRST,
            "checkout-chat",
            &json!({
                "event": "policy.verdict", "scope": "policy", "verification": "degraded", "successRate": 0.5,
                "probes": [
                    {"name": "script-injection", "verdict": "blocked", "latencyMs": 31},
                    {"name": "data-uri-execution", "verdict": "allowed", "latencyMs": 28},
                ],
            }),
        ),
        webhook(&json!({
            "event": "webhook.intent", "webhook": "siem", "settingsDigest": Digest::of(b"settings"),
            "url": "https://siem.acme.example/in", "idempotencyKey": FIRST,
        })),
        webhook(&json!({"event": "webhook.effect", "webhook": "siem", "webhookId": "wh-1"})),
        webhook(&json!({"event": "webhook.effect", "webhook": "siem", "error": "503"})),
        intent(SECOND, "sales-chat", "remove", "removed"),
        of(
            SECOND,
            "sales-chat",
            &json!({
                "event": "operation.effect", "outcome": "rejected", "durationMs": 90,
                "error": format!("\u{1b}[31mscript-src\nis bad{}", "!".repeat(200)),
            }),
        ),
        json!({
            "event": "policy.held", "subjectFile": "broken\n.yaml", "reason": "invalid", "detail": "no YAML",
        }),
        json!({"event": "policy.released", "subjectFile": "broken\n.yaml", "reason": "invalid"}),
        json!({"event": "tenant.failed", "tenant": "default", "error": "invalid_client"}),
        json!({"event": "tenant.recovered", "tenant": "default"}),
    ])
}

#[test]
fn a_line_for_each_entry() {
    assert_snapshot!(plain(text(&history())), @r##"
    TIME                  SEQ  EVENT               POLICY                 OUTCOME             DIGEST    JOB    FILE                    REVISION  DETAIL
    2026-03-03T12:00:00Z  1    tenant.bound        default                bound               -         -      -                       -         https://acme.example
    2026-03-03T12:00:01Z  2    operation.intent    default/checkout-chat  deploy (new)        11507a0e  -      policies/checkout.yaml  9b8c7d6e  -
    2026-03-03T12:00:02Z  3    operation.location  default/checkout-chat  accepted            -         job-7  -                       -         -
    2026-03-03T12:00:03Z  4    operation.waiting   default/checkout-chat  overdue             -         job-7  -                       -         still RUNNING
    2026-03-03T12:00:04Z  5    operation.effect    default/checkout-chat  done                11507a0e  job-7  -                       -         -
    2026-03-03T12:00:05Z  6    policy.verdict      default/checkout-chat  degraded (50% met)  11507a0e  -      -                       -         -
    2026-03-03T12:00:06Z  7    webhook.intent      default                register            -         -      -                       -         siem
    2026-03-03T12:00:07Z  8    webhook.effect      default                registered          -         -      -                       -         siem
    2026-03-03T12:00:08Z  9    webhook.effect      default                failed              -         -      -                       -         503
    2026-03-03T12:00:09Z  10   operation.intent    default/sales-chat     remove (removed)    11507a0e  -      policies/checkout.yaml  9b8c7d6e  -
    2026-03-03T12:00:10Z  11   operation.effect    default/sales-chat     rejected            11507a0e  -      -                       -         \u{1b}[31mscript-src\nis bad!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!…
    2026-03-03T12:00:11Z  12   policy.held         broken\n.yaml          invalid             -         -      -                       -         no YAML
    2026-03-03T12:00:12Z  13   policy.released     broken\n.yaml          was invalid         -         -      -                       -         -
    2026-03-03T12:00:13Z  14   tenant.failed       default                failed              -         -      -                       -         invalid_client
    2026-03-03T12:00:14Z  15   tenant.recovered    default                recovered           -         -      -                       -         -
    "##);
}

#[test]
fn failures_are_red() {
    let history = history();
    let text = text(&history).to_string();
    for (line, (entry, _)) in text.lines().skip(1).zip(&history) {
        assert_eq!(line.contains("\u{1b}[31m"), entry.event.is_failure(), "{line:?}");
    }
}

#[test]
fn programs_get_the_entries_as_they_are() {
    let history = history();
    assert_snapshot!(json(&history[2..3]).unwrap(), @r##"
    [
      {
        "version": 1,
        "sequence": 3,
        "time": "2026-03-03T12:00:02Z",
        "event": "operation.location",
        "tenant": "default",
        "policy": "checkout-chat",
        "correlationId": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "jobId": "job-7",
        "location": "https://acme.example/jobs/job-7",
        "attempts": 3,
        "submitMs": 120,
        "previousHash": "0000000000000000000000000000000000000000000000000000000000000000",
        "hash": "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"
      }
    ]
    "##);
}

#[test]
fn deployments_tell_an_operation_each() {
    let deployments = deployments(&history());
    assert_snapshot!(deployments::json(&deployments).unwrap(), @r##"
    {
      "version": 1,
      "deployments": [
        {
          "deploymentTimestamp": "2026-03-03T12:00:01Z",
          "tenant": "default",
          "policy": "checkout-chat",
          "operation": "deploy",
          "policyHash": "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
          "correlationId": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
          "jobId": "job-7",
          "outcome": "done",
          "durationMs": 4200,
          "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
          "author": "Ada",
          "direction": null,
          "reasons": [],
          "acceptedWeakening": null,
          "validationResults": [
            {
              "name": "script-injection",
              "expected": "blocked",
              "met": true,
              "blocked": true,
              "verdict": "blocked",
              "latencyMs": 31
            },
            {
              "name": "data-uri-execution",
              "expected": "blocked",
              "met": false,
              "blocked": false,
              "verdict": "allowed",
              "latencyMs": 28
            }
          ],
          "successRate": 0.5,
          "webhookId": null,
          "error": null
        },
        {
          "deploymentTimestamp": "2026-03-03T12:00:09Z",
          "tenant": "default",
          "policy": "sales-chat",
          "operation": "remove",
          "policyHash": "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
          "correlationId": "16fd2706-8baf-433b-82eb-8c7fada847da",
          "jobId": null,
          "outcome": "rejected",
          "durationMs": 90,
          "revision": "9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
          "author": "Ada",
          "direction": null,
          "reasons": [],
          "acceptedWeakening": null,
          "validationResults": [],
          "successRate": null,
          "webhookId": "wh-1",
          "error": "\u001b[31mscript-src\nis bad!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"
        }
      ]
    }
    "##);
}

#[test]
fn an_open_operation_has_no_outcome_and_one_without_intent_is_left_out() {
    let history = history();
    let open = deployments(&history[..4]);
    assert_eq!((open.len(), open[0].outcome, open[0].error.as_deref()), (1, None, Some("still RUNNING")));
    assert_eq!(deployments(&history[2..6]), []);
}

#[test]
fn a_change_that_weakens_says_why_it_was_accepted() {
    let mut weaker = intent(FIRST, "checkout-chat", "deploy", "source");
    weaker["assessment"] = json!({
        "direction": "weakens",
        "reasons": [{ "direction": "weakens", "text": "rate limit raised from 12 to 30" }],
    });
    weaker["acceptedWeakening"] = json!("SEC-12");
    let entries = chained(&[weaker]);
    let line = plain(text(&entries));
    assert!(line.contains("weakens, accepted: SEC-12; rate limit raised from 12 to 30"), "{line}");
    let deployment = serde_json::to_value(&deployments(&entries)[0]).unwrap();
    assert_eq!(deployment["direction"], "weakens");
    assert_eq!(deployment["reasons"][0]["text"], "rate limit raised from 12 to 30");
    assert_eq!(deployment["acceptedWeakening"], "SEC-12");
}
