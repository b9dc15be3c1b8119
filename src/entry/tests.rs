//! Tries that both ways to read an entry read the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::digest::Digest;
use crate::payload::tests::payload;

const ID: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// An entry of each event, with all that any of them needs.
fn entry(event: &str) -> Value {
    let mut entry = json!({
        "version": 1, "sequence": 7, "time": "2026-03-03T12:00:00Z", "event": event,
        "tenant": "default", "policy": "checkout-chat", "correlationId": ID, "idempotencyKey": ID,
        "digest": Digest::of(b"new"), "settingsDigest": Digest::of(b"settings"), "key": Digest::of(b"key"),
        "stateHash": Digest::of(b"state"), "fileHash": Digest::of(b"file"), "file": "policies/a.yaml",
        "operation": "deploy", "cause": "new", "payload": payload(), "attempts": 3, "submitMs": 12, "durationMs": 7,
        "jobId": "job-7", "location": "https://acme.example/jobs/7", "url": "https://siem.example/in",
        "webhook": "siem", "verdict": "matches", "preset": "tutorial", "origin": "https://acme.example", "detail": "no YAML",
        "count": 3, "scope": "policy", "verification": "verified", "successRate": 1.0, "probes": [], "state": "closed",
        "changes": 12, "why": "too many", "by": { "user": "ada", "host": "desk" },
        "reason": "invalid", "outcome": "done", "until": "2026-03-04T12:00:00Z", "previousHash": EntryHash::GENESIS,
    });
    match event {
        "operation.waiting" => entry["reason"] = "overdue".into(),
        "policy.held" => {
            entry["origin"] = json!({"file": "policies/a.yaml", "fileHash": Digest::of(b"file")})
        }
        _ => {}
    }
    if !matches!(event, "operation.effect" | "operation.late") {
        entry["error"] = "it said \"no\",\"payload\":{".into();
    }
    entry
}

#[test]
fn both_ways_read_the_same() {
    let names: BTreeSet<&str> = Event::NAMES.iter().copied().collect();
    assert_eq!(names.len(), Event::NAMES.len(), "no two events have the same name");
    for name in Event::NAMES {
        let entry: Entry = serde_json::from_value(entry(name)).unwrap();
        assert_eq!(entry.event.name(), *name);
        let written = serde_json::to_vec(&entry).unwrap();
        assert_eq!(Entry::from_json(&written).unwrap(), entry, "{name}");
    }
}

#[test]
fn what_is_no_entry_says_why() {
    let read = |text: &str| Entry::from_json(text.as_bytes()).unwrap_err().to_string();
    let head = |version: u32, event: &str| {
        format!(
            r#"{{"version":{version},"sequence":7,"time":"2026-03-03T12:00:00Z","event":"{event}","tenant":"acme""#
        )
    };
    let previous = format!(r#","previousHash":"{}"}}"#, EntryHash::GENESIS);
    let whole = |version, event: &str| head(version, event) + &previous;
    assert!(Entry::from_json(whole(1, "tenant.recovered").as_bytes()).is_ok());
    assert!(read(&whole(1, "tenant.eaten")).contains("unknown variant `tenant.eaten`"));
    assert!(read(&whole(2, "tenant.eaten")).contains("its format is version 2, newer than 1"));
    assert!(read(&(head(1, "tenant.recovered") + "}")).contains("missing field `previousHash`"));
    assert!(read(&(whole(1, "tenant.recovered") + "{}")).contains("trailing"));
    for text in ["{}", "[]", "", r#"{"sequence":7,"version":1}"#] {
        assert!(!read(text).is_empty());
    }
}
