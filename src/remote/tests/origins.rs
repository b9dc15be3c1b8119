//! What goes along with a request, and that nothing of it ever goes to another origin.

use uuid::Uuid;

use super::super::fake::{Server, answer, with};
use super::super::*;
use super::{job, submit};
use crate::outcome::{Fault, Verdict};

#[tokio::test]
async fn neither_a_redirect_nor_a_location_takes_anything_to_another_origin() {
    let thief = Server::calls(vec![answer(200, r#"{"status": "COMPLETED"}"#)]).await;
    let there = |path: &str| format!("{}{path}", thief.origin);
    let protocol_relative = there("/jobs/7").replace("http:", "");
    for status in [301, 302, 303, 307, 308] {
        let server = Server::calls(vec![with(status, "Location", &there("/x"))]).await;
        let tenant =
            server.tenant(&format!("verify: {{ endpoint: '{0}', send_token_to: ['{0}'] }}", server.origin));
        assert_eq!(submit(&tenant).await.unwrap_err().fault, Fault::Rejected, "{status}");
        let asked = tenant.job(&job(&server.origin, "/jobs/7"), Uuid::from_u128(3)).await;
        assert_eq!(asked.unwrap_err().fault, Fault::Rejected, "{status}");
        let probed = tenant.probe(None, &Probe::standard()[0], Uuid::from_u128(3)).await;
        assert_eq!(probed.verdict, Verdict::Inconclusive, "{status}");
        tenant.remove("p-1", Under { correlation: Uuid::from_u128(3), ..super::under() }).await.unwrap_err();
        tenant.live(Uuid::from_u128(3)).await.unwrap_err();
        server.log(|log| assert_eq!(log.calls.len(), 5, "{status}"));

        let tokens = vec![with(status, "Location", &there("/token"))];
        let server = Server::new(vec![answer(204, "")], tokens).await;
        assert_eq!(server.tenant("").connect().await.unwrap_err().fault, Fault::Credentials, "{status}");
    }
    for location in [there("/jobs/7"), protocol_relative] {
        let server = Server::calls(vec![with(202, "Location", &location)]).await;
        let failure = submit(&server.tenant("")).await.unwrap_err();
        assert_eq!(failure.fault, Fault::RefusedLocation, "{location}: {failure}");
    }
    // Not a byte: neither bearer, key nor anything else.
    thief.log(|log| assert_eq!((log.calls.len(), log.tokens.len()), (0, 0)));
}

#[tokio::test]
async fn each_request_is_a_span_of_its_operation() {
    let server = Server::calls(vec![answer(503, ""), answer(503, ""), answer(204, "")]).await;
    submit(&server.tenant("")).await.unwrap();
    let spans: Vec<String> = server.log(|log| {
        let parent = |asked: &fake::Asked| asked.header("traceparent").unwrap().to_owned();
        log.calls.iter().map(parent).collect()
    });
    assert_eq!(spans.len(), 3);
    for (index, span) in spans.iter().enumerate() {
        let parts: Vec<&str> = span.split('-').collect();
        assert_eq!((parts[0], parts[1], parts[3]), ("00", "00000000000000000000000000000002", "01"));
        assert!(parts[2].len() == 16 && parts[2] != "0000000000000000", "{span}");
        assert!(
            parts[2].bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
            "{span}"
        );
        assert!(!spans[..index].contains(span), "{span} is not its own");
    }
}
