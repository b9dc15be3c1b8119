//! The front over real HTTP, and the store across restarts.

use std::time::Duration;

use serde_json::json;

use super::*;

/// A sandbox behind an address, and a client of its tenant `acme` that holds a token.
struct Served {
    sandbox: Sandbox,
    endpoints: Endpoints,
    client: reqwest::Client,
    token: String,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<Result<(), SandboxError>>,
}

impl Served {
    async fn start(options: Options) -> Self {
        let sandbox = Sandbox::open(options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoints = Sandbox::endpoints(listener.local_addr().unwrap(), &acme());
        let stop = CancellationToken::new();
        let serving = tokio::spawn({
            let (sandbox, stop) = (sandbox.clone(), stop.clone());
            async move { sandbox.serve(listener, stop).await }
        });
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = [("grant_type", "client_credentials"), ("client_id", "a"), ("client_secret", "b")];
        let answer = client.post(endpoints.token_url.clone()).form(&form).send().await.unwrap();
        let token = json_of(answer).await["access_token"].as_str().unwrap().to_owned();
        Self { sandbox, endpoints, client, token, stop, serving }
    }

    async fn with(faults: &str) -> Self {
        let served = Self::start(Options::default()).await;
        served.sandbox.set_faults(Fault::parse_scenario(faults).unwrap());
        served
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.endpoints.base_url);
        let request = self.client.request(method, url).bearer_auth(&self.token);
        request.header("X-CXone-Correlation-ID", uuid::Uuid::nil().to_string())
    }

    fn submit(&self) -> reqwest::RequestBuilder {
        let body = payload().to_string();
        self.request(reqwest::Method::POST, POLICIES).header("content-type", "application/json").body(body)
    }

    async fn stop(self) {
        self.stop.cancel();
        self.serving.await.unwrap().unwrap();
    }
}

const POLICIES: &str = "/api/v2/webchat/security-policies";

fn acme() -> TenantName {
    "acme".parse().unwrap()
}

async fn json_of(response: reqwest::Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

fn payload() -> Value {
    json!({
        "channelType": "webchat",
        "securityProfile": {
            "contentSecurityPolicy": { "enabled": true, "directives": { "default-src": "'self'" }, "reportUri": "/r" },
            "xssProtection": { "enabled": true, "mode": "block", "filterRules": ["strip-script-tags"] },
            "botDetection": { "enabled": true, "challengeType": "hCaptcha", "rules": [], "rateLimitPerMinute": 15 },
        },
        "metadata": { "policyName": "chat" },
    })
}

fn quick() -> Options {
    Options { job_duration: Duration::ZERO, ..Options::default() }
}

#[tokio::test]
async fn a_policy_goes_live_over_http() {
    let served = Served::start(quick()).await;
    let answer = served.submit().header("Idempotency-Key", "k").send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let location = answer.url().join(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!(location.origin(), served.endpoints.base_url.origin());
    let path = location.path().strip_prefix("/tenants/acme").unwrap().to_owned();
    let job = json_of(served.request(reqwest::Method::GET, &path).send().await.unwrap()).await;
    assert_eq!(job["status"], "COMPLETED");
    assert_eq!(served.sandbox.live(&acme())["chat"], payload());

    let probe = served.endpoints.chat_endpoint.replace("{policy}", "chat") + "/validate/security";
    let probe = served.client.post(probe).header("content-type", "application/json");
    let blocked = probe.body(r#"{"testInput": "<script>alert(1)</script>"}"#).send().await.unwrap();
    assert_eq!(
        (blocked.status().as_u16(), &blocked.headers()["x-content-type-options"]),
        (403, &"nosniff".parse().unwrap())
    );

    let requests = served.sandbox.requests();
    let endpoints: Vec<Endpoint> = requests.iter().map(|request| request.endpoint).collect();
    assert_eq!(endpoints, [Endpoint::Token, Endpoint::Submit, Endpoint::Job, Endpoint::Probe]);
    assert_eq!(requests[1].headers["idempotency-key"], "k");
    assert_eq!(serde_json::from_slice::<Value>(&requests[1].body).unwrap(), payload());
    assert_eq!((requests[1].status, requests[1].tenant.as_str()), (Some(202), "acme"));
    served.stop().await;
}

#[tokio::test]
async fn the_default_tenant_is_at_the_root_too() {
    let served = Served::start(quick()).await;
    let url = served.endpoints.base_url.join("/oauth/token").unwrap();
    let answer = served.client.post(url).body("").send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(served.sandbox.requests().last().unwrap().tenant.as_str(), "default");
    served.stop().await;
}

#[tokio::test]
async fn a_cut_connection_looks_cut() {
    let served = Served::with("submit:reset:first=1\nsubmit:truncated").await;
    let error = served.submit().send().await.unwrap_err();
    assert!(error.is_request() && !error.is_connect(), "{error:?}");
    let truncated = served.submit().send().await.unwrap();
    assert_eq!(truncated.status(), 202);
    assert!(truncated.content_length().is_some_and(|length| length > 0));
    assert!(truncated.bytes().await.is_err());
    let statuses: Vec<Option<u16>> = served.sandbox.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(200), None, Some(202)]);
    served.stop().await;
}

#[tokio::test]
async fn answers_are_late_or_never_and_a_stop_waits_for_none() {
    let served =
        Served::with("submit:hang:first=1\nsubmit:slow=1h:first=3:after=2\nsubmit:slow=30ms:first=2").await;
    let error = served.submit().timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(error.is_timeout());
    let began = std::time::Instant::now();
    assert_eq!(served.submit().send().await.unwrap().status(), 202);
    assert!(began.elapsed() >= Duration::from_millis(30));
    let waiting = tokio::spawn(served.submit().send());
    while served.sandbox.requests().len() < 4 {
        tokio::task::yield_now().await;
    }
    served.stop().await;
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn a_stop_cuts_what_is_half_sent() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let served = Served::start(quick()).await;
    let port = served.endpoints.base_url.port().unwrap();
    let mut half = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    half.write_all(b"POST /oauth/token HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nab").await.unwrap();
    served.stop().await;
    let mut rest = Vec::new();
    let _ = half.read_to_end(&mut rest).await;
    assert_eq!(rest, b"", "no answer to half a request");
}

#[tokio::test]
async fn bodies_are_as_bad_as_asked() {
    let served =
        Served::with("submit:huge:first=1\nsubmit:garbage:after=1:first=1\nsubmit:redirect=/x:after=2").await;
    let huge = served.submit().send().await.unwrap().bytes().await.unwrap();
    assert!(huge.len() > MAX_BODY);
    assert!(served.submit().send().await.unwrap().text().await.unwrap().contains('\u{fffd}'));
    let redirect = served.submit().send().await.unwrap();
    assert_eq!((redirect.status().as_u16(), &redirect.headers()["location"]), (307, &"/x".parse().unwrap()));
    served.stop().await;
}

#[tokio::test]
async fn any_status_is_delivered() {
    let served = Served::start(quick()).await;
    for status in [200, 204, 205, 299, 304, 418, 451, 599] {
        served.sandbox.set_faults(vec![format!("submit:{status}:applied=yes").parse().unwrap()]);
        let answer = served.submit().send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        answer.bytes().await.unwrap();
    }
    assert_eq!(served.sandbox.live(&acme()).len(), 1);
    served.stop().await;
}

#[tokio::test]
async fn a_long_body_is_refused() {
    let served = Served::start(quick()).await;
    let answer = served.submit().body(vec![b' '; MAX_BODY + 1]).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    served.stop().await;
}

#[tokio::test]
async fn a_restart_finds_live_what_was_live() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sandbox.json");
    let options = Options { store: Some(path.clone()), ..quick() };
    let served = Served::start(options.clone()).await;
    assert_eq!(served.submit().send().await.unwrap().status(), 202);
    assert!(served.sandbox.tamper(&acme(), "chat", |policy| policy["extra"] = json!(true)));
    served.stop().await;

    let again = Served::start(options.clone()).await;
    assert_eq!(again.sandbox.live(&acme())["chat"]["extra"], true);
    assert!(again.sandbox.remove(&acme(), "chat"));
    again.stop().await;
    assert!(Sandbox::open(options.clone()).unwrap().live(&acme()).is_empty());

    std::fs::write(&path, "{").unwrap();
    let error = Sandbox::open(options).unwrap_err().to_string();
    assert!(error.contains("can't keep the sandbox in"), "{error}");
}

#[tokio::test]
async fn a_change_that_cannot_be_stored_is_not_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { store: Some(directory.path().join("gone/sandbox.json")), ..quick() };
    let served = Served::start(options).await;
    assert_eq!(served.submit().send().await.unwrap().status(), 500);
    served.stop().await;
}

#[test]
fn endpoints_are_urls_of_any_address() {
    let endpoints = Sandbox::endpoints("[fe80::1%3]:80".parse().unwrap(), &acme());
    assert_eq!(endpoints.base_url.as_str(), "http://[fe80::1]/tenants/acme");
    assert_eq!(endpoints.chat_endpoint, "http://[fe80::1]:80/tenants/acme/chat/{policy}");
    assert_eq!(endpoints.token_url.path(), "/tenants/acme/oauth/token");
}
