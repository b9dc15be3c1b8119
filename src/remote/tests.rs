//! The client against a server that misbehaves in every way that the contract has an answer for.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::fake::{Server, Then, answer, quick, with};
use super::*;
use crate::outcome::Fault;

mod breaker;
mod origins;
mod reads;
mod tokens;

const BODY: &[u8] = br#"{"channelType":"webchat"}"#;
const POLICIES: &str = "/tenants/x/api/v2/webchat/security-policies";

fn under() -> Under {
    Under { key: Uuid::from_u128(1), correlation: Uuid::from_u128(2), again: false }
}

async fn submit(tenant: &HttpTenant) -> Result<Submitted, Failure> {
    tenant.submit(BODY, under()).await
}

fn job(origin: &str, path: &str) -> Job {
    let location = format!("{origin}{path}").parse().unwrap();
    Job { id: path.rsplit('/').next().unwrap().to_owned(), location }
}

#[tokio::test]
async fn a_throttled_submit_is_taken_in_the_end() {
    let server = Server::calls(vec![with(429, "Retry-After", "0"), with(202, "Location", "jobs/7")]).await;
    let submitted = submit(&server.tenant("")).await.unwrap();
    let next = Next::Job(job(&server.origin, "/tenants/x/api/v2/webchat/jobs/7"));
    assert_eq!(submitted, Submitted { attempts: 2, next });
    server.log(|log| {
        assert_eq!((log.tokens.len(), log.calls.len()), (1, 2));
        let asked = &log.calls[0];
        assert_eq!(asked.line, format!("POST {POLICIES} HTTP/1.1"));
        assert_eq!(asked.header("authorization"), Some("Bearer tok-1"));
        assert_eq!(asked.header("accept"), Some("application/json"));
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert_eq!(asked.header("x-cxone-correlation-id"), Some(&*Uuid::from_u128(2).to_string()));
        assert_eq!(asked.header("user-agent"), Some(&*format!("chatward/{}", env!("CARGO_PKG_VERSION"))));
        let form = String::from_utf8(log.tokens[0].body.clone()).unwrap();
        assert_eq!(
            form,
            "grant_type=client_credentials&client_id=me%3A1&client_secret=hush+hush\
             &scope=webchat%3Amanage+security%3Awrite+webhook%3Amanage&organization_id=acme"
        );
    });
}

#[tokio::test]
async fn what_is_repeated_is_the_same_to_the_byte_and_under_the_same_key() {
    let server = Server::calls(vec![Then::Close, Then::Hang, answer(201, r#"{"policyId": "p-1"}"#)]).await;
    let submitted = submit(&server.tenant("")).await.unwrap();
    assert_eq!(submitted, Submitted { attempts: 3, next: Next::Done { policy_id: Some("p-1".into()) } });
    server.log(|log| {
        for asked in &log.calls {
            assert_eq!(asked.body, BODY);
            assert_eq!(asked.header("idempotency-key"), Some(&*Uuid::from_u128(1).to_string()));
        }
    });
}

#[tokio::test]
async fn a_submit_ends_in_the_fault_that_its_tries_add_up_to() {
    let busy = || answer(503, "");
    let rows: Vec<(&str, Vec<Then>, Fault, u32, &str)> = vec![
        ("hangs", vec![Then::Hang], Fault::InDoubt, 3, "submit: no answer: timed out"),
        (
            "closed",
            vec![Then::Close],
            Fault::InDoubt,
            3,
            "no answer: connection closed before message completed",
        ),
        ("stalls in its body", vec![Then::Stall], Fault::InDoubt, 3, "HTTP 202, and timed out"),
        ("one doubtful try", vec![Then::Close, busy()], Fault::InDoubt, 3, "HTTP 503"),
        (
            "conflict after doubt",
            vec![Then::Close, answer(409, "")],
            Fault::InDoubt,
            2,
            "HTTP 409; an earlier try may have",
        ),
        ("conflict", vec![answer(409, "")], Fault::Rejected, 1, "HTTP 409"),
        ("busy", vec![busy()], Fault::Unavailable, 3, "HTTP 503"),
        (
            "refused",
            vec![answer(422, r#"{"message": "no \u001b[31m hush hush"}"#)],
            Fault::Rejected,
            1,
            "submit: HTTP 422: no \\u{1b}[31m [redacted]",
        ),
        ("forbidden", vec![answer(403, "")], Fault::Forbidden, 1, "HTTP 403"),
        ("no job", vec![answer(202, "{}")], Fault::InDoubt, 1, "no job was named"),
        (
            "redirect",
            vec![with(307, "Location", "/elsewhere")],
            Fault::Rejected,
            1,
            "redirects are not followed",
        ),
        (
            "evil",
            vec![with(202, "Location", "//evil.example/7")],
            Fault::RefusedLocation,
            1,
            "http://evil.example",
        ),
        ("over-long", vec![answer(200, &"x".repeat(2 << 20))], Fault::InDoubt, 3, "over 1 MiB"),
    ];
    for (name, replies, fault, attempts, words) in rows {
        let server = Server::calls(replies).await;
        let failure = submit(&server.tenant("")).await.unwrap_err();
        assert_eq!((failure.fault, failure.attempts), (fault, attempts), "{name}: {failure}");
        assert!(failure.message.contains(words), "{name}: {failure}");
        // Nothing followed a redirect.
        assert!(server.log(|log| log.calls.iter().all(|asked| asked.line.contains(POLICIES))), "{name}");
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_stopped_at_the_cap() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![0; 16 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 64 << 10);
    let packed = Then::Answer(200, vec![("Content-Encoding", "gzip".into())], bomb);
    let server = Server::calls(vec![packed]).await;
    let failure = server.tenant("").job(&job(&server.origin, "/7"), Uuid::nil()).await.unwrap_err();
    assert_eq!(failure.fault, Fault::Unavailable);
    assert!(failure.message.contains("over 1 MiB"), "{failure}");
}

#[tokio::test]
async fn a_server_that_is_not_there_leaves_nothing_in_doubt() {
    // A port that was free a moment ago, and is closed.
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let server = Server::calls(vec![answer(200, "{}")]).await;
    let mut settings = server.settings("");
    settings.base_url = Some(closed.parse().unwrap());
    let tokens = Arc::new(Tokens::default());
    let tenant = HttpTenant::tuned(&settings, &tokens, quick()).unwrap();
    let failure = submit(&tenant).await.unwrap_err();
    assert_eq!((failure.fault, failure.attempts), (Fault::Unavailable, 3));
    assert!(failure.message.contains("can't be reached"), "{failure}");

    // TLS with something that speaks none: named for what it is, and nothing was sent.
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings.base_url = Some(format!("https://{}", plain.local_addr().unwrap()).parse().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 X\r\n\r\n").await;
        }
    });
    let tenant = HttpTenant::tuned(&settings, &tokens, quick()).unwrap();
    let failure = submit(&tenant).await.unwrap_err();
    assert_eq!(failure.fault, Fault::Unavailable);
    assert!(failure.message.contains("TLS: what answers does not speak TLS"), "{failure}");
}

#[tokio::test]
async fn a_removal_is_taken_done_or_not_offered() {
    let server =
        Server::calls(vec![answer(202, r#"{"jobId": "7"}"#), answer(404, ""), answer(405, "")]).await;
    let tenant = server.tenant("");
    let remove = async |id| tenant.remove(id, under()).await;
    let path = format!("{POLICIES}/jobs/7");
    assert_eq!(remove("p 1/").await.unwrap().next, Next::Job(job(&server.origin, &path)));
    assert_eq!(remove("p-1").await.unwrap().next, Next::Done { policy_id: None });
    assert_eq!(remove("p-1").await.unwrap_err().fault, Fault::NotOffered);
    // Neither the whole collection nor what is above it.
    for id in ["", ".", ".."] {
        assert_eq!(remove(id).await.unwrap_err().fault, Fault::Internal);
    }
    server.log(|log| {
        assert_eq!(log.calls.len(), 3);
        assert_eq!(log.calls[0].line, format!("DELETE {POLICIES}/p%201%2F HTTP/1.1"));
    });
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let server = Server::calls(vec![answer(500, "")]).await;
    let mut settings = server.settings("");
    settings.missing = vec!["client_secret (A or A_FILE)".into()];
    let error = HttpTenant::new(&settings, &Arc::new(Tokens::default())).err().unwrap();
    assert_eq!(error.to_string(), "tenant acme can't be reached without client_secret (A or A_FILE)");
}

#[tokio::test]
async fn a_ceiling_is_kept() {
    let server = Server::calls(vec![answer(201, "{}")]).await;
    let tenant = server.tenant("limits: { requests_per_second: 20 }");
    let start = std::time::Instant::now();
    let submits = futures_util::future::join_all((0..5).map(|_| submit(&tenant))).await;
    assert!(submits.iter().all(Result::is_ok), "{submits:?}");
    assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
}
