//! Tokens: fetched, shared, refused.

use std::sync::Arc;

use futures_util::future::join_all;

use super::super::fake::{Server, TOKEN, Then, answer, quick, with};
use super::super::*;
use super::submit;
use crate::outcome::Fault;

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let refused = || answer(401, "");
    let server = Server::calls(vec![refused(), answer(204, "")]).await;
    assert_eq!(submit(&server.tenant("")).await.unwrap().attempts, 2);
    server.log(|log| {
        let bearers: Vec<_> = log.calls.iter().map(|asked| asked.header("authorization")).collect();
        assert_eq!(bearers, [Some("Bearer tok-1"), Some("Bearer tok-2")]);
    });

    let server = Server::calls(vec![refused()]).await;
    let failure = submit(&server.tenant("")).await.unwrap_err();
    assert_eq!((failure.fault, failure.attempts), (Fault::Credentials, 2));

    // After doubt it is no answer to what became of the first try.
    let server = Server::calls(vec![Then::Close, refused()]).await;
    assert_eq!(submit(&server.tenant("")).await.unwrap_err().fault, Fault::InDoubt);
    let tokens = vec![answer(200, TOKEN), answer(400, r#"{"error": "invalid_client"}"#)];
    let server = Server::new(vec![Then::Close, refused()], tokens).await;
    let failure = submit(&server.tenant("")).await.unwrap_err();
    assert_eq!(failure.fault, Fault::InDoubt, "{failure}");
}

#[tokio::test]
async fn many_who_wait_share_one_token_request() {
    let server = Server::new(vec![answer(204, "")], vec![answer(500, ""), answer(200, TOKEN)]).await;
    let tenant = server.tenant("limits: { requests_in_flight: 1 }");
    for result in join_all((0..50).map(|_| submit(&tenant))).await {
        result.unwrap();
    }
    server.log(|log| assert_eq!((log.tokens.len(), log.calls.len()), (2, 50)));

    // A refusal is shared too, and its words are shown without the secret.
    let no = answer(401, r#"{"error": "invalid_client", "error_description": "hush hush is wrong"}"#);
    let server = Server::new(vec![answer(204, "")], vec![no]).await;
    let tenant = server.tenant("client_auth: basic");
    for result in join_all((0..50).map(|_| tenant.connect())).await {
        let failure = result.unwrap_err();
        assert_eq!(failure.fault, Fault::Credentials);
        assert!(failure.message.ends_with("HTTP 401: invalid_client: [redacted] is wrong"), "{failure}");
    }
    server.log(|log| {
        assert_eq!(log.tokens.len(), 1);
        // me%3A1:hush+hush
        assert_eq!(log.tokens[0].header("authorization"), Some("Basic bWUlM0ExOmh1c2graHVzaA=="));
        assert!(!String::from_utf8_lossy(&log.tokens[0].body).contains("client_secret"));
    });
}

#[tokio::test]
async fn tokens_are_shared_across_tenants_and_survive_a_caller_that_goes_away() {
    let server = Server::new(vec![answer(204, "")], vec![Then::Hang, answer(200, TOKEN)]).await;
    let tokens = Arc::new(Tokens::default());
    let tenant = || HttpTenant::tuned(&server.settings(""), &tokens, quick()).unwrap();
    let (first, second) = (tenant(), tenant());
    {
        let gone = first.connect();
        tokio::pin!(gone);
        // Polled until its request has arrived, and dropped there.
        while server.log(|log| log.tokens.is_empty()) {
            tokio::select! { biased; _ = &mut gone => break, () = tokio::task::yield_now() => {} }
        }
    }
    second.connect().await.unwrap();
    first.connect().await.unwrap();
    assert_eq!(server.log(|log| log.tokens.len()), 2);
}

#[tokio::test]
async fn bad_token_answers_are_told_apart() {
    let rows = [
        (answer(200, r#"{"access_token": "t", "token_type": "mac"}"#), Fault::Credentials, 1, "not Bearer"),
        (answer(200, r#"{"access_token": "t", "token_type": 7}"#), Fault::Credentials, 1, "not Bearer"),
        (answer(200, r#"{"access_token": "t", "token_type": ""}"#), Fault::Credentials, 1, "not Bearer"),
        (answer(200, "{}"), Fault::Unavailable, 3, "no usable access_token"),
        (answer(200, r#"{"access_token": "a b"}"#), Fault::Unavailable, 3, "no usable access_token"),
        (answer(200, "<html>"), Fault::Unavailable, 3, "not JSON"),
        (answer(503, ""), Fault::Unavailable, 3, "HTTP 503"),
        (answer(404, ""), Fault::Credentials, 1, "HTTP 404"),
        (with(302, "Location", "/login"), Fault::Credentials, 1, "redirects are not followed"),
        (
            answer(400, r#"{"error": "invalid_scope", "errorDescription": "no"}"#),
            Fault::Credentials,
            1,
            "invalid_scope: no",
        ),
    ];
    for (reply, fault, attempts, words) in rows {
        let server = Server::new(vec![answer(204, "")], vec![reply]).await;
        let failure = server.tenant("").connect().await.unwrap_err();
        assert_eq!((failure.fault, failure.attempts), (fault, attempts), "{failure}");
        assert!(failure.message.contains(words), "{failure}");
        assert!(server.log(|log| log.calls.is_empty()));
    }
}

#[tokio::test]
async fn an_access_key_asks_by_password_and_shares_no_token_with_its_client() {
    let no = answer(400, r#"{"error": "invalid_grant", "error_description": "hook-secret is wrong"}"#);
    let server = Server::new(vec![answer(204, "")], vec![answer(200, TOKEN), answer(200, TOKEN), no]).await;
    let key = |id: &str| {
        format!("grant: password\n    access_key_id: {id}\n    access_key_secret: {{ env: HOOK }}")
    };
    let tokens = Arc::new(Tokens::default());
    let tenant = |more: &str| HttpTenant::tuned(&server.settings(more), &tokens, quick()).unwrap();
    let (client, user) = (tenant(""), tenant(&key("'key 1'")));
    for tenant in [&client, &user, &client, &user] {
        tenant.connect().await.unwrap();
    }
    let other = tenant(&format!("{}\n    client_auth: basic", key("key-2")));
    let failure = other.connect().await.unwrap_err();
    assert_eq!(failure.fault, Fault::Credentials);
    assert!(failure.message.ends_with("HTTP 400: invalid_grant: [redacted] is wrong"), "{failure}");
    server.log(|log| {
        let forms: Vec<_> =
            log.tokens.iter().map(|asked| String::from_utf8(asked.body.clone()).unwrap()).collect();
        assert_eq!(forms.len(), 3);
        assert!(forms[0].starts_with("grant_type=client_credentials&client_id="), "{}", forms[0]);
        let user = "grant_type=password&username=key+1&password=hook-secret&client_id=me%3A1&client_secret=";
        assert!(forms[1].starts_with(user), "{}", forms[1]);
        let basic = "grant_type=password&username=key-2&password=hook-secret&scope=";
        assert!(forms[2].starts_with(basic), "{}", forms[2]);
        assert!(log.tokens[2].header("authorization").is_some_and(|value| value.starts_with("Basic ")));
        // A token is asked for by nobody's operation.
        assert!(log.tokens.iter().all(|asked| asked.header("traceparent").is_none()));
    });
}
