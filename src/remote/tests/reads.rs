//! Jobs, live policies, probes and webhooks.

use std::time::Duration;

use secrecy::ExposeSecret;
use uuid::Uuid;

use super::super::fake::{Server, Then, answer, with};
use super::super::*;
use super::{POLICIES, job};
use crate::outcome::{Fault, Verdict};

#[tokio::test]
async fn a_job_is_asked_where_it_is_and_nowhere_else() {
    let replies = vec![
        answer(503, ""),
        answer(200, "<html>"),
        Then::Answer(200, vec![("Retry-After", "9".into())], br#"{"status": "RUNNING"}"#.to_vec()),
        answer(404, ""),
    ];
    let server = Server::calls(replies).await;
    let tenant = server.tenant("");
    let mine = job(&server.origin, "/jobs/7?x=1");
    let state = tenant.job(&mine, Uuid::nil()).await.unwrap();
    assert_eq!(state, JobState::Running { retry_after: Some(Duration::from_secs(9)) });
    let lost = tenant.job(&mine, Uuid::nil()).await.unwrap_err();
    assert_eq!(lost.fault, Fault::LostJob);
    server.log(|log| {
        assert_eq!(log.calls[0].line, "GET /jobs/7?x=1 HTTP/1.1");
        assert_eq!(log.calls[0].header("idempotency-key"), None);
    });

    let other = Server::calls(vec![answer(200, r#"{"status": "COMPLETED"}"#)]).await;
    let failure = tenant.job(&job(&other.origin, "/jobs/7"), Uuid::nil()).await.unwrap_err();
    assert_eq!(failure.fault, Fault::RefusedLocation);
    assert!(other.log(|log| log.calls.is_empty()));
}

#[tokio::test]
async fn live_policies_come_in_pages() {
    let item = r#"{"policyId": "p", "policy": {"metadata": {"policyName": "checkout"}}}"#;
    let page = |next: &str| answer(200, &format!(r#"{{"items": [{item}], "next": {next}}}"#));
    let server = Server::calls(vec![page(r#""a&b""#), answer(502, ""), page("null")]).await;
    let live = server.tenant("").live(Uuid::nil()).await.unwrap();
    assert_eq!(live.len(), 2);
    assert_eq!(live[0].name.as_ref().unwrap().as_str(), "checkout");
    server.log(|log| {
        assert_eq!(log.calls[0].line, format!("GET {POLICIES}?limit=100 HTTP/1.1"));
        assert_eq!(log.calls[2].line, format!("GET {POLICIES}?limit=100&cursor=a%26b HTTP/1.1"));
    });

    let server = Server::calls(vec![page(r#""a""#)]).await;
    let failure = server.tenant("").live(Uuid::nil()).await.unwrap_err();
    assert!(failure.message.contains("repeats its cursor"), "{failure}");
    let server = Server::calls(vec![answer(501, "")]).await;
    assert_eq!(server.tenant("").live(Uuid::nil()).await.unwrap_err().fault, Fault::NotOffered);
}

#[tokio::test]
async fn probes_are_tried_once_and_without_a_bearer() {
    let chat = Server::calls(vec![
        answer(403, ""),
        with(200, "X-Content-Type-Options", "nosniff"),
        answer(503, ""),
        Then::Close,
    ])
    .await;
    let server = Server::calls(vec![answer(500, "")]).await;
    let tenant = server.tenant(&format!("verify: {{ endpoint: '{}/{{policy}}' }}", chat.origin));
    let name: PolicyName = "checkout".parse().unwrap();
    let mut verdicts = Vec::new();
    for _ in 0..4 {
        verdicts.push(tenant.probe(Some(&name), &Probe::standard()[0], Uuid::nil()).await.verdict);
    }
    use Verdict::*;
    assert_eq!(verdicts, [Blocked, Allowed, Inconclusive, Inconclusive]);
    assert_eq!(tenant.probe(None, &Probe::standard()[0], Uuid::nil()).await.verdict, Inconclusive);
    chat.log(|log| {
        assert_eq!(log.calls.len(), 4);
        assert_eq!(log.calls[0].line, "POST /checkout/validate/security HTTP/1.1");
        assert_eq!(log.calls[0].body, br#"{"testInput":"<script>alert(1)</script>"}"#);
        assert_eq!(log.calls[0].header("authorization"), None);
    });

    let chat = Server::calls(vec![with(200, "X-Content-Type-Options", "nosniff")]).await;
    let verify = "nosniff_is_blocked: true, send_token_to: ['";
    let more = format!("verify: {{ endpoint: '{0}', {verify}{0}'] }}", chat.origin);
    let result = server.tenant(&more).probe(None, &Probe::standard()[1], Uuid::nil()).await;
    assert_eq!((result.name.as_str(), result.verdict), ("event-handler-injection", Blocked));
    assert_eq!(
        chat.log(|log| log.calls[0].header("authorization").map(str::to_owned)),
        Some("Bearer tok-1".into())
    );
}

#[tokio::test]
async fn webhooks_are_registered_and_found() {
    let items = r#"{"items": [{"id": "w-1", "name": "other"}, {"id": "w-2", "name": "siem"}, {"id": "w-3", "name": "siem"}]}"#;
    let server = Server::calls(vec![
        answer(201, r#"{"id": "w-2"}"#),
        answer(422, r#"{"message": "hook-secret is weak"}"#),
        Then::Close,
        answer(200, items),
        answer(200, items),
        Then::Close,
    ])
    .await;
    let hook =
        "webhooks: [{ name: siem, url: 'https://siem.example/in', secret: { env: HOOK }, events: [E] }]";
    let webhook = server.settings(hook).webhooks.remove(0);
    assert_eq!(webhook.secret.expose_secret(), "hook-secret");
    let tenant = server.tenant(hook);
    let register = || tenant.register_webhook(&webhook, Uuid::from_u128(1), Uuid::nil());
    assert_eq!(register().await.unwrap(), (Some("w-2".into()), 1));
    let failure = register().await.unwrap_err();
    assert_eq!(failure.message, "webhook: HTTP 422: [redacted] is weak");
    assert_eq!(tenant.find_webhooks("siem", Uuid::nil()).await.unwrap(), ["w-2", "w-3"]);
    assert_eq!(tenant.find_webhooks("none", Uuid::nil()).await.unwrap(), Vec::<String>::new());
    // Nothing is in doubt where nothing is changed.
    assert_eq!(tenant.find_webhooks("siem", Uuid::nil()).await.unwrap_err().fault, Fault::Unavailable);
    server.log(|log| {
        let body: serde_json::Value = serde_json::from_slice(&log.calls[0].body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "name": "siem", "url": "https://siem.example/in", "secret": "hook-secret", "events": ["E"],
                "enabled": true, "headers": {"X-Integration-Source": "chatward"},
            })
        );
        assert_eq!(log.calls[2].line, "GET /tenants/x/api/v2/webhooks/security-events HTTP/1.1");
    });
}

#[tokio::test]
async fn a_webhook_is_removed_gone_or_not_offered() {
    let replies = vec![answer(204, ""), answer(404, ""), Then::Close, answer(200, "x"), answer(501, "")];
    let server = Server::calls(replies).await;
    let tenant = server.tenant("");
    let remove = async |id| tenant.remove_webhook(id, Uuid::from_u128(5)).await;
    assert_eq!(remove("w 1").await.unwrap(), 1);
    assert_eq!(remove("w-2").await.unwrap(), 1);
    // Nothing is in doubt: it can be repeated at will.
    assert_eq!(remove("w-3").await.unwrap(), 2);
    assert_eq!(remove("w-4").await.unwrap_err().fault, Fault::NotOffered);
    assert_eq!(remove("..").await.unwrap_err().fault, Fault::Internal);
    server.log(|log| {
        let line = "DELETE /tenants/x/api/v2/webhooks/security-events/w%201 HTTP/1.1";
        assert_eq!((log.calls[0].line.as_str(), log.calls.len()), (line, 5));
    });
}
