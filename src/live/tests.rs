//! What counts as a difference, and what each false alarm would be.

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::digest::FileHash;
use crate::entry::{Binding, Origin};
use crate::state::Applied;

fn ours() -> Value {
    json!({
        "channelType": "webchat",
        "securityProfile": {
            "contentSecurityPolicy": {
                "enabled": true,
                "directives": { "default-src": "'self'", "script-src": "'self' https://a.example", "block-all-mixed-content": true },
                "reportUri": "",
            },
            "xssProtection": { "enabled": true, "mode": "block", "filterRules": ["strip-script-tags", "block-script-uris"] },
            "botDetection": {
                "enabled": true, "challengeType": "hCaptcha", "rateLimitPerMinute": 12,
                "rules": [{ "name": "a", "threshold": 5 }, { "name": "b" }],
            },
        },
        "metadata": {
            "updatedBy": "chatward", "validationTimestamp": "2026-11-01T00:00:00Z", "policyName": "checkout-chat",
            "policyHash": Digest::of(b"any"),
        },
    })
}

/// Ours with something else at a pointer; null takes it away.
fn with(pointer: &str, value: Value) -> Value {
    let mut live = ours();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = live.pointer_mut(parent).unwrap();
    match (members, value) {
        (Value::Object(members), Value::Null) => drop(members.remove(name)),
        (Value::Object(members), value) => drop(members.insert(name.to_owned(), value)),
        (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
        _ => unreachable!("{pointer}"),
    }
    live
}

const CSP: &str = "/securityProfile/contentSecurityPolicy";
const XSS: &str = "/securityProfile/xssProtection";
const BOT: &str = "/securityProfile/botDetection";

#[test]
fn what_a_tenant_adds_reorders_or_leaves_out_is_no_difference() {
    let alike = [
        ("the same", ours()),
        ("who and when", with("/metadata/updatedBy", json!("somebody"))),
        ("metadata gone", with("/metadata", Value::Null)),
        ("a field of the tenant's own", with("/revision", json!(7))),
        ("one in a part", with(&format!("{CSP}/lastEvaluated"), json!("2026-11-01"))),
        (
            "one in a rule",
            with(&format!("{BOT}/rules/0"), json!({ "name": "a", "threshold": 5, "id": "r-1" })),
        ),
        ("an empty value that is missing", with(&format!("{CSP}/reportUri"), Value::Null)),
        ("a missing value that is empty", with(&format!("{XSS}/exceptions"), json!([]))),
        (
            "a rule that is said to be on",
            with(&format!("{BOT}/rules/1"), json!({ "name": "b", "enabled": true })),
        ),
        (
            "rules in another order",
            with(&format!("{XSS}/filterRules"), json!(["block-script-uris", "strip-script-tags"])),
        ),
        (
            "bot rules too",
            with(&format!("{BOT}/rules"), json!([{ "name": "b" }, { "threshold": 5, "name": "a" }])),
        ),
        ("sources too", with(&format!("{CSP}/directives/script-src"), json!("https://a.example  'self'"))),
    ];
    for (name, live) in alike {
        assert!(is_alike(&ours(), &live, &[]), "{name}");
    }
}

#[test]
fn what_somebody_changed_is_one() {
    let differs = [
        (
            "a source more",
            with(
                &format!("{CSP}/directives/script-src"),
                json!("'self' https://a.example https://b.example"),
            ),
        ),
        ("a directive more", with(&format!("{CSP}/directives/img-src"), json!("*"))),
        ("a directive less", with(&format!("{CSP}/directives/default-src"), Value::Null)),
        ("a flag off", with(&format!("{CSP}/enabled"), json!(false))),
        ("a mode", with(&format!("{XSS}/mode"), json!("report"))),
        ("a rule less", with(&format!("{XSS}/filterRules"), json!(["strip-script-tags"]))),
        (
            "a rule more",
            with(&format!("{XSS}/filterRules"), json!(["strip-script-tags", "block-script-uris", "x"])),
        ),
        ("a rule off", with(&format!("{BOT}/rules/1"), json!({ "name": "b", "enabled": false }))),
        ("a threshold", with(&format!("{BOT}/rules/0"), json!({ "name": "a", "threshold": 50 }))),
        ("a limit", with(&format!("{BOT}/rateLimitPerMinute"), json!(120))),
        ("a part gone", with(XSS, Value::Null)),
        ("no payload at all", json!("gone")),
    ];
    for (name, live) in differs {
        assert!(!is_alike(&ours(), &live, &[]), "{name}");
    }
    let limit = with(&format!("{BOT}/rateLimitPerMinute"), json!(120));
    assert!(is_alike(&ours(), &limit, &[format!("{BOT}/rateLimitPerMinute")]), "what is to be ignored");
}

fn applied(payload: &Value, offset: u64) -> PolicyState {
    let applied = Applied {
        digest: digest_of(payload),
        origin: Origin { file: "a.yaml".into(), file_hash: FileHash::of(b""), commit: None },
        job_id: None,
        time: Timestamp::UNIX_EPOCH,
        intent: Position { segment: 1, offset },
        correlation_id: Uuid::nil(),
        verification: Default::default(),
        success_rate: None,
    };
    PolicyState { applied: Some(applied), ..PolicyState::default() }
}

fn state(policies: impl IntoIterator<Item = (&'static str, PolicyState)>, offset: u64) -> State {
    let binding = Binding { preset: String::new(), origin: String::new(), organisation: None };
    let policies = policies.into_iter().map(|(name, policy)| (name.parse().unwrap(), policy)).collect();
    let (failure, breaker, webhooks) = Default::default();
    let tenant = TenantState { binding, failure, breaker, webhooks, policies };
    let last = Position { segment: 1, offset };
    State { last, tenants: [("t".parse().unwrap(), tenant)].into(), ..State::default() }
}

fn listed(name: &str, payload: Value) -> LivePolicy {
    LivePolicy { policy_id: None, name: Some(name.parse().unwrap()), payload }
}

#[test]
fn a_listing_names_what_differs_what_is_gone_and_what_is_not_known() {
    let (tenant, time): (TenantName, _) = ("t".parse().unwrap(), Timestamp::UNIX_EPOCH);
    let before = state(
        [("same", applied(&ours(), 10)), ("changed", applied(&ours(), 20)), ("gone", applied(&ours(), 30))],
        90,
    );
    let mut changed = with(&format!("{CSP}/directives/img-src"), json!("*"));
    changed["metadata"]["updatedBy"] = json!("mallory\u{1b}[2J");
    let listing = [listed("same", ours()), listed("changed", changed.clone()), listed("foreign", ours())];
    let payload_at = |_| serde_json::from_value(ours()).ok();
    let answered = TenantLive::ask(time, &before, &tenant).answered(&listing, payload_at, &[]);
    let view = LiveView { tenants: [(tenant.clone(), answered)].into() };
    let id = |name: &str| PolicyId { tenant: tenant.clone(), name: name.parse().unwrap() };

    let digest = digest_of(&ours());
    let differences = [
        (id("changed"), Live::Has(digest_of(&changed))),
        (id("foreign"), Live::Has(digest)),
        (id("gone"), Live::Absent),
    ];
    assert_eq!(view.differences(&before), differences.into());
    assert_eq!(view.of(&id("same"), before.policy(&id("same"))), Live::Has(digest));
    assert_eq!(view.of(&id("never-heard-of"), None), Live::Unknown);
    assert_eq!(&**view.changed_by(&id("changed")).unwrap(), "mallory\\u{1b}[2J");

    // Deployed since: the answer is older than that.
    let after = state([("changed", applied(&ours(), 120))], 150);
    assert_eq!(view.of(&id("changed"), after.policy(&id("changed"))), Live::Unknown);
    assert!(!view.differences(&after).contains_key(&id("changed")));
}
