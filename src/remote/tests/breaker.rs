//! The breaker of a client: when nothing is sent, and what a trial decides.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::*;
use crate::breaker::BreakerState;

/// A tenant whose breaker opens after this many failures, for next to no time.
fn tenant(server: &Server, failures: u32, open: &str) -> HttpTenant {
    server.tenant(&format!("breaker: {{ failures: {failures}, open: {open} }}"))
}

#[tokio::test]
async fn after_failures_in_a_row_nothing_is_sent() {
    let server = Server::calls(vec![answer(503, "hush hush")]).await;
    let tenant = tenant(&server, 5, "1h");
    assert_eq!(submit(&tenant).await.unwrap_err().attempts, 3);
    assert_eq!(tenant.breaker(), BreakerState::Closed);
    // The breaker opens in the middle of the second operation, which ends with it.
    let failure = submit(&tenant).await.unwrap_err();
    assert_eq!((failure.fault, failure.attempts), (Fault::Unavailable, 2));
    let failure = submit(&tenant).await.unwrap_err();
    assert_eq!((failure.fault, failure.attempts), (Fault::Unavailable, 0));
    let words = failure.to_string();
    assert!(words.starts_with("submit: not sent: the tenant's breaker is open until 2"), "{words}");
    assert!(words.contains("5 failures in a row, the last: submit: HTTP 503"), "{words}");
    assert!(!words.contains("hush"), "{words}");
    server.log(|log| assert_eq!(log.calls.len(), 5));
}

#[tokio::test]
async fn doubt_outlives_an_open_breaker() {
    let server = Server::calls(vec![Then::Close]).await;
    let failure = submit(&tenant(&server, 2, "1h")).await.unwrap_err();
    assert_eq!((failure.fault, failure.attempts), (Fault::InDoubt, 2));
}

#[tokio::test]
async fn a_429_and_a_refusal_are_no_failures() {
    for reply in [with(429, "Retry-After", "0"), answer(422, ""), answer(403, "")] {
        let server = Server::calls(vec![reply]).await;
        let tenant = tenant(&server, 1, "1h");
        submit(&tenant).await.unwrap_err();
        assert_eq!(tenant.breaker(), BreakerState::Closed);
    }
}

#[tokio::test]
async fn one_trial_goes_and_the_others_wait_for_what_comes_of_it() {
    let server = Server::calls(vec![answer(503, ""), answer(201, "{}")]).await;
    let tenant = tenant(&server, 1, "50ms");
    submit(&tenant).await.unwrap_err();
    while tenant.breaker().open_until(Timestamp::now()).is_some() {
        tokio::task::yield_now().await;
    }
    let submits = join_all((0..4).map(|_| submit(&tenant))).await;
    assert!(submits.iter().all(Result::is_ok), "{submits:?}");
    assert_eq!(tenant.breaker(), BreakerState::Closed);
}

#[tokio::test]
async fn tokens_count_and_slow_jobs_do() {
    let server = Server::new(vec![answer(201, "{}")], vec![answer(503, "")]).await;
    let dead = tenant(&server, 3, "1h");
    assert_eq!(dead.connect().await.unwrap_err().attempts, 3);
    assert!(dead.connect().await.unwrap_err().message.contains("breaker is open"));
    server.log(|log| assert_eq!(log.tokens.len(), 3));

    let server = Server::calls(vec![answer(201, "{}")]).await;
    let slow = tenant(&server, 2, "1h");
    slow.job_ended(Duration::from_secs(61));
    submit(&slow).await.unwrap();
    slow.job_ended(Duration::from_secs(61));
    let failure = submit(&slow).await.unwrap_err();
    assert!(failure.message.contains("2 jobs in a row took over 1m"), "{failure}");
}
