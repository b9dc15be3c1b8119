//! Which entries about roll-backs and webhooks may follow which, and what they make of a state.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::digest::Digest;
use crate::state::WebhookState;

const OLD: &str = "old";
const NEW: &str = "new";

fn digest(payload: &str) -> Digest {
    Digest::of(payload.as_bytes())
}

/// A state that entries are added to, as they stand in a ledger.
struct Story(State);

impl Story {
    fn new() -> Self {
        let mut story = Self(State::default());
        let bound =
            json!({"event": "tenant.bound", "tenant": "t", "preset": "p", "origin": "https://a.example"});
        story.tell(bound);
        story
    }

    fn tell(&mut self, event: Value) {
        self.try_tell(event).unwrap();
    }

    fn try_tell(&mut self, mut event: Value) -> Result<(), Illegal> {
        let sequence = self.0.head.sequence + 1;
        event["version"] = json!(VERSION);
        event["sequence"] = json!(sequence);
        event["time"] = json!("2026-11-01T00:00:00Z");
        event["previousHash"] = json!(self.0.head.hash);
        let entry: Entry = serde_json::from_value(event).unwrap();
        let at = Position { segment: 1, offset: sequence };
        self.0.fold(&entry, EntryHash::of(&sequence.to_be_bytes()), at)
    }

    fn intent(operation: &str, payload: &str, previous: Option<&str>) -> Value {
        json!({
            "event": "operation.intent", "tenant": "t", "policy": "p", "operation": operation, "cause": "source",
            "digest": digest(payload), "previousDigest": previous.map(digest),
            "file": "p.yaml", "fileHash": digest(""), "idempotencyKey": Uuid::nil(), "correlationId": Uuid::nil(),
            "payload": {
                "channelType": "webchat",
                "securityProfile": {
                    "contentSecurityPolicy": {"enabled": true, "directives": {}, "reportUri": "/r"},
                    "xssProtection": {"enabled": true, "mode": "block", "filterRules": []},
                    "botDetection": {
                        "enabled": true, "challengeType": "hCaptcha", "rules": [], "rateLimitPerMinute": 15,
                    },
                },
            },
        })
    }

    fn end(&mut self, payload: &str, outcome: &str) {
        self.tell(json!({
            "event": "operation.effect", "tenant": "t", "policy": "p", "correlationId": Uuid::nil(),
            "digest": digest(payload), "outcome": outcome, "attempts": 1, "durationMs": 1,
        }));
    }

    fn judge(&mut self, payload: &str, verification: &str) {
        self.tell(json!({
            "event": "policy.verdict", "tenant": "t", "policy": "p", "correlationId": Uuid::nil(),
            "digest": digest(payload), "scope": "policy", "verification": verification, "successRate": 1.0,
            "probes": [],
        }));
    }

    fn deploy(&mut self, payload: &str, verification: &str) {
        self.tell(Self::intent("deploy", payload, None));
        self.end(payload, "done");
        self.judge(payload, verification);
    }

    /// An operation that is abandoned while its job runs.
    fn abandon(&mut self, operation: &str, payload: &str, correlation: u128) {
        let correlation = Uuid::from_u128(correlation);
        let mut intent = Self::intent(operation, payload, None);
        intent["correlationId"] = json!(correlation);
        self.tell(intent);
        self.tell(json!({
            "event": "operation.location", "tenant": "t", "policy": "p", "correlationId": correlation,
            "jobId": "7", "location": "https://a.example/jobs/7", "attempts": 1, "submitMs": 1,
        }));
        self.tell(json!({
            "event": "operation.effect", "tenant": "t", "policy": "p", "correlationId": correlation,
            "digest": digest(payload), "outcome": "abandoned", "attempts": 1, "durationMs": 1,
        }));
    }

    fn late(payload: &str, correlation: u128, outcome: &str) -> Value {
        json!({
            "event": "operation.late", "tenant": "t", "policy": "p", "correlationId": Uuid::from_u128(correlation),
            "digest": digest(payload), "outcome": outcome, "jobId": "7", "policyId": "theirs",
        })
    }

    fn policy(&self) -> &PolicyState {
        &self.0.tenants[&"t".parse().unwrap()].policies[&"p".parse().unwrap()]
    }

    fn webhooks(&self) -> &BTreeMap<String, WebhookState> {
        &self.0.tenants[&"t".parse().unwrap()].webhooks
    }

    fn ids(&self) -> Vec<&String> {
        self.webhooks()["w"].ids().collect()
    }

    /// Registers a webhook, with the id that the tenant gives it.
    fn register(&mut self, id: Option<&str>) {
        self.tell(json!({
            "event": "webhook.intent", "tenant": "t", "webhook": "w", "settingsDigest": digest(""),
            "url": "https://siem.example", "idempotencyKey": Uuid::nil(), "correlationId": Uuid::nil(),
        }));
        self.tell(json!({
            "event": "webhook.effect", "tenant": "t", "webhook": "w", "correlationId": Uuid::nil(),
            "webhookId": id, "attempts": 1,
        }));
    }

    fn removed(id: Option<&str>) -> Value {
        json!({
            "event": "webhook.removed", "tenant": "t", "webhook": "w", "webhookId": id,
            "correlationId": Uuid::nil(), "attempts": 1,
        })
    }
}

#[test]
fn a_rollback_goes_back_to_what_was_verified_and_only_once() {
    let mut story = Story::new();
    story.deploy(OLD, "verified");
    assert!(story.policy().fallback().is_none(), "it is live");
    let rollback = || Story::intent("rollback", OLD, Some(NEW));
    story.try_tell(rollback()).unwrap_err();

    story.deploy(NEW, "degraded");
    assert_eq!(story.policy().fallback().unwrap().digest, digest(OLD));
    for wrong in [Story::intent("rollback", NEW, Some(NEW)), Story::intent("rollback", OLD, None)] {
        let error = story.try_tell(wrong).unwrap_err().to_string();
        assert!(error.contains("nothing to be rolled back to"), "{error}");
    }
    story.tell(rollback());
    story.end(OLD, "done");
    story.judge(OLD, "degraded");
    let policy = story.policy();
    assert_eq!(policy.applied.as_ref().unwrap().digest, digest(OLD));
    assert_eq!(policy.rolled_back, Some(digest(NEW)));
    assert!(policy.fallback().is_none(), "no roll-back after a roll-back");

    // Asked for, it may go again, and come back again.
    story.deploy(NEW, "degraded");
    assert_eq!((story.policy().rolled_back, story.policy().fallback().is_some()), (None, true));
    story.tell(rollback());
    story.end(OLD, "failed");
    assert!(story.policy().fallback().is_none(), "one that failed is not tried again");
    story.try_tell(rollback()).unwrap_err();
}

#[test]
fn replaced_webhooks_are_known_until_they_are_gone() {
    let mut story = Story::new();
    story.try_tell(Story::removed(Some("1"))).unwrap_err();
    for id in ["1", "2", "3"] {
        story.register(Some(id));
    }
    assert_eq!(story.ids(), ["1", "2", "3"]);
    story.tell(Story::removed(Some("1")));
    assert_eq!(story.ids(), ["2", "3"]);
    // Changed in its place: there is nothing else to be removed.
    story.register(Some("3"));
    assert_eq!(story.ids(), ["2", "3"]);
    story.tell(Story::removed(Some("2")));
    story.tell(Story::removed(Some("3")));
    assert!(story.webhooks().is_empty());

    story.register(Some("4"));
    story.register(None);
    assert!(story.ids().is_empty());
    story.tell(Story::removed(None));
    assert!(story.webhooks().is_empty());
}

#[test]
fn a_job_that_ends_late_counts_as_what_it_brought_about() {
    let mut story = Story::new();
    story.abandon("deploy", OLD, 7);
    assert_eq!(story.policy().abandoned.len(), 1);
    story.try_tell(Story::late(NEW, 7, "done")).unwrap_err();
    story.try_tell(Story::late(OLD, 8, "done")).unwrap_err();
    story.tell(Story::late(OLD, 7, "done"));
    let policy = story.policy();
    assert_eq!(policy.applied.as_ref().unwrap().digest, digest(OLD));
    assert_eq!(
        (&policy.setback, policy.overtaken),
        (&None, None),
        "nothing was meant since, so nothing is lost"
    );
    assert_eq!(policy.policy_id.as_deref(), Some("theirs"));
    story.try_tell(Story::late(OLD, 7, "done")).unwrap_err();
}

#[test]
fn what_a_late_end_overtook_is_settled_by_what_was_meant_after_it() {
    let mut story = Story::new();
    story.abandon("deploy", OLD, 7);
    story.tell(Story::intent("deploy", NEW, None));
    story.tell(Story::late(OLD, 7, "done"));
    story.end(NEW, "done");
    assert!(story.policy().overtaken.is_some(), "which of the two came last is not known");
    story.deploy(NEW, "verified");
    assert_eq!(story.policy().overtaken, None);
    assert_eq!(story.policy().applied.as_ref().unwrap().digest, digest(NEW));

    story.abandon("remove", NEW, 8);
    story.deploy(NEW, "verified");
    story.tell(Story::late(NEW, 8, "done"));
    assert_eq!(story.policy().applied, None, "it was taken away after all");
    assert!(story.policy().overtaken.is_some());
}

#[test]
fn a_late_end_without_effect_changes_nothing() {
    for outcome in ["failed", "lost", "unwatched"] {
        let mut story = Story::new();
        story.abandon("deploy", OLD, 7);
        story.deploy(NEW, "verified");
        let before = story.policy().clone();
        story.tell(Story::late(OLD, 7, outcome));
        let after = PolicyState { abandoned: Vec::new(), ..before };
        assert_eq!(*story.policy(), after, "{outcome}");
    }
}

#[test]
fn only_so_many_abandoned_jobs_are_remembered() {
    let mut story = Story::new();
    for correlation in 1..=10 {
        story.abandon("deploy", OLD, correlation);
    }
    let kept: Vec<u128> = story.policy().abandoned.iter().map(|it| it.correlation_id.as_u128()).collect();
    assert_eq!(kept, Vec::from_iter(3..=10));
}
