//! What a fault makes of an answer.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{BodyShape, Fault, Kind, RetryAfter};
use crate::sandbox::time::later;
use crate::sandbox::wire::{Delivery, Endpoint, MAX_BODY, Reply, Response};

impl Fault {
    /// The answer that stands in place of the real one.
    pub(in crate::sandbox) fn instead(&self, endpoint: Endpoint) -> Reply {
        match &self.kind {
            Kind::Reset => Reply { delivery: Delivery::Reset, ..Response::empty(500).into() },
            Kind::Hang => Reply { delivery: Delivery::Never, ..Response::empty(500).into() },
            Kind::Redirect(url) => Response::empty(307).with("location", url).into(),
            Kind::Status(status) => {
                let usual = if endpoint == Endpoint::Token { BodyShape::Error } else { BodyShape::Problem };
                self.body.unwrap_or(usual).answer(*status, endpoint).into()
            }
            _ => Response::empty(500).into(),
        }
    }

    /// Changes an answer as far as this kind does.
    pub(in crate::sandbox) fn alter(&self, now: Timestamp, mut reply: Reply) -> Reply {
        match &self.kind {
            Kind::Slow(late) => reply.delay = reply.delay.saturating_add(*late),
            Kind::Garbage => reply.response.body = b"\xff\xfe{\"status\": COMPLETED".to_vec(),
            Kind::Huge => reply.response.body.resize(reply.response.body.len() + MAX_BODY + 1, b' '),
            Kind::Truncated if reply.delivery == Delivery::Whole => reply.delivery = Delivery::Truncated,
            Kind::NoLocation => reply.response.headers.retain(|(name, _)| name != "location"),
            Kind::Location(value) => {
                let value = value.replace("{id}", &job_id(&reply.response).unwrap_or_default());
                reply.response = reply.response.with("location", value);
            }
            _ => {}
        }
        if let Some(after) = self.retry_after {
            reply.response = reply.response.with("retry-after", after.value(now));
        }
        reply
    }
}

fn job_id(response: &Response) -> Option<String> {
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    body["jobId"].as_str().map(str::to_owned)
}

impl RetryAfter {
    fn value(self, now: Timestamp) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Date(seconds) => {
                let at = later(now, Duration::from_secs(seconds.into()));
                httpdate::fmt_http_date(SystemTime::try_from(at).unwrap_or(SystemTime::UNIX_EPOCH))
            }
        }
    }
}

impl BodyShape {
    fn answer(self, status: u16, endpoint: Endpoint) -> Response {
        if matches!(status, 204 | 205 | 304) {
            // These have no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5).
            return Response::empty(status);
        }
        let text = format!("the sandbox was told to answer {status}");
        match self {
            Self::Plain => Response::typed(status, "text/plain", text),
            Self::Problem => Response::problem(status, "A fault on purpose", text),
            Self::Error if endpoint == Endpoint::Token => {
                let error = oauth_error(status);
                Response::json(status, &json!({ "error": error, "error_description": text }))
            }
            Self::Error => {
                Response::json(status, &json!({ "error": "on_purpose", "errorDescription": text }))
            }
            Self::Message => Response::json(status, &json!({ "message": text, "code": status })),
            Self::Errors => {
                let error = json!({ "field": "securityProfile", "message": text });
                Response::json(status, &json!({ "errors": [error] }))
            }
            Self::Html => {
                let page = format!("<!doctype html><title>{status}</title><h1>{text}</h1>");
                Response::typed(status, "text/html", page)
            }
            Self::Empty => Response::empty(status),
        }
    }
}

/// The error of RFC 6749 that goes with a status.
fn oauth_error(status: u16) -> &'static str {
    match status {
        401 => "invalid_client",
        403 => "unauthorized_client",
        400..500 => "invalid_request",
        _ => "temporarily_unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn altered(line: &str) -> Reply {
        let fault: Fault = line.parse().unwrap();
        let answer = Response::json(202, &json!({ "jobId": "job-1" })).with("location", "jobs/job-1");
        let endpoint = if line.starts_with("token") { Endpoint::Token } else { Endpoint::Submit };
        let reply = if fault.replaces() { fault.instead(endpoint) } else { answer.into() };
        fault.alter(Timestamp::UNIX_EPOCH, reply)
    }

    fn header(reply: &Reply, name: &str) -> Option<String> {
        reply.response.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn bodies_have_every_shape_of_an_error() {
        let cases = [
            ("submit:503", "application/problem+json", "\"title\""),
            ("submit:503:body=plain", "text/plain", "the sandbox was told to answer 503"),
            ("submit:503:body=problem", "application/problem+json", "\"detail\""),
            ("submit:503:body=error", "application/json", "\"errorDescription\""),
            ("submit:503:body=message", "application/json", "\"message\""),
            ("submit:503:body=errors", "application/json", "\"errors\":[{\"field\""),
            ("submit:503:body=html", "text/html", "<h1>"),
            ("token:401", "application/json", "\"error\":\"invalid_client\""),
            ("token:400", "application/json", "\"error\":\"invalid_request\""),
            ("token:503", "application/json", "\"error\":\"temporarily_unavailable\""),
        ];
        for (line, media_type, part) in cases {
            let reply = altered(line);
            assert_eq!(header(&reply, "content-type").as_deref(), Some(media_type), "{line}");
            let body = String::from_utf8(reply.response.body).unwrap();
            assert!(body.contains(part), "{line}: {body}");
        }
        assert_eq!(altered("submit:503:body=empty").response, Response::empty(503));
        assert_eq!(altered("submit:204:body=plain").response, Response::empty(204));
    }

    #[test]
    fn answers_are_altered() {
        let location = |line| header(&altered(line), "location");
        assert_eq!(location("submit:no-location"), None);
        assert_eq!(location("submit:location=/x/{id}?a"), Some("/x/job-1?a".to_owned()));
        assert_eq!(location("submit:redirect=https://a:1/"), Some("https://a:1/".to_owned()));
        assert_eq!(altered("submit:slow=2s").delay, Duration::from_secs(2));
        let huge = altered("submit:huge").response.body;
        assert!(huge.len() > MAX_BODY && serde_json::from_slice::<Value>(&huge).is_ok());
        assert!(serde_json::from_slice::<Value>(&altered("submit:garbage").response.body).is_err());
        assert_eq!(altered("submit:truncated").delivery, Delivery::Truncated);
        assert_eq!(altered("submit:hang").status(), None);
        assert_eq!(altered("submit:reset").status(), None);
    }

    #[test]
    fn retry_after_comes_in_both_forms() {
        let retry_after = |line| header(&altered(line), "retry-after");
        assert_eq!(retry_after("submit:429:retry-after=2"), Some("2".to_owned()));
        assert_eq!(retry_after("submit:slow=0s:retry-after=3"), Some("3".to_owned()));
        let date = retry_after("submit:429:retry-after=http-date+90");
        assert_eq!(date.as_deref(), Some("Thu, 01 Jan 1970 00:01:30 GMT"));
    }
}
