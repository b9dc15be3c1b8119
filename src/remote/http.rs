//! One request to one [`Reply`]: the only place that touches the network.
//!
//! No redirect is followed, every wait has an end, and a body is read to 1 MiB and no further. A reply is a value:
//! what it means is for [`crate::outcome::classify`], what follows for [`super::retry`].

use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use super::address::form_encoded;
use super::answer::status_of;
use super::cause;
use super::circuit::{Circuit, Permit};
use super::gate::Gates;
use super::tuning::Tuning;
use crate::breaker::Refused;
use crate::config::Tenant;
use crate::loopback::is_loopback;
use crate::outcome::{Answer, Endpoint, MAX_RETRY_AFTER, Reply};
use crate::policy::TenantName;

/// The most that is read of a body, after decompression.
pub(super) const MAX_BODY: usize = 1024 * 1024;

const USER_AGENT: &str = concat!("chatward/", env!("CARGO_PKG_VERSION"));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

/// Who a request says it is from.
pub(super) enum Authorization<'a> {
    None,
    Bearer(&'a SecretString),
    /// Both form-encoded first, as RFC 6749 §2.3.1 wants it.
    Basic(&'a str, &'a SecretString),
}

/// What a request carries.
pub(super) enum Body {
    None,
    Json(Vec<u8>),
    Form(Vec<u8>),
}

/// One request, ready to leave.
pub(super) struct Request<'a> {
    pub endpoint: Endpoint,
    /// Which try of its operation it is, from 1.
    pub attempt: u32,
    pub method: Method,
    pub url: Url,
    pub authorization: Authorization<'a>,
    pub headers: HeaderMap,
    pub body: Body,
}

/// What came of a request.
pub(super) struct Exchange<'a> {
    pub reply: Reply,
    /// To tell the breaker, once it is clear what the reply means. None for a probe, which is no request to the API.
    pub permit: Option<Permit<'a>>,
    /// Whether the answer said `X-Content-Type-Options: nosniff`.
    pub nosniff: bool,
    /// From the request's start to the end of the answer; the wait for a free slot is not in it.
    pub took: Duration,
}

/// A tenant's connections, and how many requests may use them at once.
pub(super) struct Http {
    tenant: TenantName,
    client: Client,
    pub(super) gates: Gates,
    pub(super) circuit: Circuit,
    now: fn() -> SystemTime,
}

impl Http {
    /// `base` says whether a proxy of the environment may stand in between: never before a loopback address.
    pub fn new(tenant: &Tenant, base: &Url, tuning: &Tuning) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(tuning.timeouts.connect)
            .read_timeout(tuning.timeouts.read)
            .timeout(tuning.timeouts.total)
            .gzip(true);
        if is_loopback(base) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            tenant: tenant.name.clone(),
            client: builder.build()?,
            gates: Gates::new(
                tenant.limits.requests_in_flight,
                tenant.limits.requests_per_second,
                tuning.pace.base,
            ),
            circuit: Circuit::new(tenant.name.clone(), tenant.breaker, (tuning.now)()),
            now: tuning.now,
        })
    }

    /// Sends a request and reads its answer, once its endpoint takes requests, a slot is free and it is its turn. Not
    /// where the breaker is open.
    pub async fn send(&self, request: Request<'_>) -> Result<Exchange<'_>, Refused> {
        let guarded = request.endpoint != Endpoint::Probe;
        if guarded {
            // At once: the wait for a slot may be long.
            self.circuit.check()?;
        }
        let pass = self.gates.enter(request.endpoint).await;
        let permit = if guarded { Some(self.circuit.enter().await?) } else { None };
        let (endpoint, attempt) = (request.endpoint, request.attempt);
        let started = Instant::now();
        let (reply, nosniff) = match self.prepared(request).send().await {
            Ok(response) => {
                let nosniff = is_nosniff(response.headers());
                (self.read(response).await, nosniff)
            }
            Err(error) => (cause::reply_of(&error), false),
        };
        let took = started.elapsed();
        pass.leave(&reply);
        self.note(endpoint, attempt, &reply, took);
        Ok(Exchange { reply, permit, nosniff, took })
    }

    /// Logs an exchange: never a body, a header or a query. The correlation id comes with the caller's span.
    fn note(&self, endpoint: Endpoint, attempt: u32, reply: &Reply, took: Duration) {
        let why = match reply {
            Reply::Answered(_) => None,
            Reply::Unreadable { why, .. } | Reply::NotSent(why) | Reply::Lost(why) => Some(why),
        };
        let (tenant, status, ms) = (&self.tenant, status_of(reply), took.as_millis());
        tracing::debug!(name: "tenant.request", %tenant, %endpoint, attempt, status, why, ms, "request");
        if let Reply::Answered(Answer { status: 429, retry_after, .. }) = reply {
            let pause = retry_after.map(|pause| pause.min(MAX_RETRY_AFTER).as_secs());
            tracing::warn!(name: "tenant.throttled", %tenant, %endpoint, pause, "the tenant asks to slow down");
        }
    }

    fn prepared(&self, request: Request<'_>) -> reqwest::RequestBuilder {
        let Request { method, url, authorization, headers, body, .. } = request;
        let builder = self.client.request(method, url).headers(headers).header(ACCEPT, JSON);
        let builder = match body {
            Body::None => builder,
            Body::Json(bytes) => builder.header(CONTENT_TYPE, JSON).body(bytes),
            Body::Form(bytes) => builder.header(CONTENT_TYPE, FORM).body(bytes),
        };
        // Both mark the header as sensitive: it is kept out of debug output and of HTTP/2's header table.
        match authorization {
            Authorization::None => builder,
            Authorization::Bearer(token) => builder.bearer_auth(token.expose_secret()),
            Authorization::Basic(id, secret) => {
                builder.basic_auth(form_encoded(id), Some(form_encoded(secret.expose_secret())))
            }
        }
    }

    async fn read(&self, mut response: Response) -> Reply {
        let status = response.status().as_u16();
        let text = |name| response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let location = text(LOCATION).map(|location| location.into_owned());
        let retry_after = text(RETRY_AFTER).and_then(|text| retry_after(&text, (self.now)()));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > MAX_BODY => {
                    return Reply::Unreadable { status, why: "its body is over 1 MiB".to_owned() };
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Reply::Answered(Answer { status, location, retry_after, body }),
                Err(error) => return Reply::Unreadable { status, why: cause::text(&error) },
            }
        }
    }
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date, which gives nothing to wait for once it has passed.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are as good as the most that fit; the clamp comes with the class.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

fn is_nosniff(headers: &HeaderMap) -> bool {
    headers
        .get(NOSNIFF)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.trim().eq_ignore_ascii_case("nosniff"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        let rows = [
            ("0", Some(0)),
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Wed, 21 Oct 2015 07:28:30 GMT", Some(30)),
            ("Wednesday, 21-Oct-15 07:29:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Wed, 45 Oct 2015", None),
        ];
        for (text, seconds) in rows {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text:?}");
        }
    }
}
