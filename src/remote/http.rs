//! One request to one [`Reply`]: its headers, its turn, and what of the answer counts.
//!
//! A reply is a value: what it means is for [`crate::outcome::classify`], what follows for [`super::retry`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use super::address::form_encoded;
use super::answer::status_of;
use super::circuit::{Circuit, Permit};
use super::gate::Gates;
use super::meter::{Exchanged, Meter, class_of};
use super::transport::{Response, Transport};
use super::tuning::Tuning;
use crate::breaker::Refused;
use crate::config::Tenant;
use crate::outcome::{Answer, Endpoint, MAX_RETRY_AFTER, Reply};
use crate::policy::TenantName;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

/// Who a request says it is from.
#[derive(Clone, Copy)]
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

/// The way to a tenant, and how many requests may use it at once.
pub(super) struct Http {
    tenant: TenantName,
    transport: Arc<dyn Transport>,
    pub(super) gates: Gates,
    pub(super) circuit: Circuit,
    pub(super) meter: Arc<dyn Meter>,
    now: fn() -> SystemTime,
    /// Whether the last answer was a 429.
    throttled: AtomicBool,
}

impl Http {
    pub fn new(tenant: &Tenant, transport: Arc<dyn Transport>, tuning: &Tuning) -> Self {
        Self {
            tenant: tenant.name.clone(),
            transport,
            gates: Gates::new(
                tenant.limits.requests_in_flight,
                tenant.limits.requests_per_second,
                tuning.pace.base,
            ),
            circuit: Circuit::new(tenant.name.clone(), tenant.breaker, (tuning.now)()),
            meter: Arc::new(()),
            now: tuning.now,
            throttled: AtomicBool::new(false),
        }
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
        let (reply, nosniff) = match self.transport.carry(prepared(request)).await {
            Ok(response) => {
                let nosniff = is_nosniff(&response.headers);
                (self.reply(response), nosniff)
            }
            Err(reply) => (reply, false),
        };
        let took = started.elapsed();
        let throttled = pass.throttled();
        pass.leave(&reply);
        let (tenant, class) = (&self.tenant, class_of(&reply));
        self.meter.request(&Exchanged { tenant, endpoint, class, took, throttled });
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
        let Reply::Answered(answer) = reply else { return };
        let again = self.throttled.swap(answer.status == 429, Ordering::Relaxed);
        // One of many is said, and how long they hold everyone up is measured.
        if answer.status == 429 && !again {
            let pause = answer.retry_after.map(|pause| pause.min(MAX_RETRY_AFTER).as_secs());
            tracing::warn!(name: "tenant.throttled", %tenant, %endpoint, pause, "the tenant asks to slow down");
        }
    }

    fn reply(&self, Response { status, headers, body }: Response) -> Reply {
        let body = match body {
            Ok(body) => body,
            Err(why) => return Reply::Unreadable { status, why },
        };
        let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let location = text(LOCATION).map(|location| location.into_owned());
        let retry_after = text(RETRY_AFTER).and_then(|text| retry_after(&text, (self.now)()));
        Reply::Answered(Answer { status, location, retry_after, body })
    }
}

fn prepared(Request { method, url, authorization, mut headers, body, .. }: Request<'_>) -> reqwest::Request {
    headers.insert(ACCEPT, JSON);
    let body = match body {
        Body::None => None,
        Body::Json(bytes) => Some((JSON, bytes)),
        Body::Form(bytes) => Some((FORM, bytes)),
    };
    let mut request = reqwest::Request::new(method, url);
    if let Some((media_type, bytes)) = body {
        headers.insert(CONTENT_TYPE, media_type);
        *request.body_mut() = Some(bytes.into());
    }
    headers.extend(credentials(authorization).map(|value| (AUTHORIZATION, value)));
    *request.headers_mut() = headers;
    request
}

/// The value of `Authorization`, marked as sensitive: it is kept out of debug output and of HTTP/2's header table.
fn credentials(authorization: Authorization<'_>) -> Option<HeaderValue> {
    let text = match authorization {
        Authorization::None => return None,
        Authorization::Bearer(token) => format!("Bearer {}", token.expose_secret()),
        Authorization::Basic(id, secret) => {
            let pair = format!("{}:{}", form_encoded(id), form_encoded(secret.expose_secret()));
            format!("Basic {}", STANDARD.encode(pair))
        }
    };
    // A token is of visible ASCII where it is read, so there always is a value.
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
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
