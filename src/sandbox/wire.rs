//! Requests and answers as the model sees them: values, without a connection.
//!
//! The front makes a [`Request`] of what it read and delivers the [`Reply`]; whoever drives the model without HTTP
//! does the same. [`Route`] says what a request is for.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::policy::TenantName;

/// The longest body that is read, in bytes; a longer one is answered with 413.
pub const MAX_BODY: usize = 1024 * 1024;

/// A request as it arrived.
#[derive(Clone)]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// As sent, without the query.
    pub path: String,
    /// Behind the `?`.
    pub query: Option<String>,
    /// By name in lower case; of a repeated header the last value.
    pub headers: BTreeMap<String, String>,
    /// The body; one that is longer than [`MAX_BODY`] may be cut anywhere behind that.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The media type of the body, without parameters, in lower case.
    pub(super) fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(value.split(';').next()?.trim().to_ascii_lowercase())
    }

    /// A parameter of the query; the first, if repeated.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref()?;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

impl fmt::Debug for Request {
    // Neither headers nor body: both hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.path.escape_debug(), self.body.len())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status, from 200 to 599.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A JSON answer.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::typed(status, "application/json", body.to_string())
    }

    /// An answer of some media type.
    pub(super) fn typed(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::empty(status) }.with("content-type", media_type)
    }

    /// An RFC 9457 problem.
    pub(super) fn problem(status: u16, title: &str, detail: impl Into<String>) -> Self {
        let problem = json!({ "title": title, "status": status, "detail": detail.into() });
        Self::typed(status, "application/problem+json", problem.to_string())
    }

    /// The same answer with a header set, in place of one of that name.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Whether it tells of success.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What reaches the caller, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub response: Response,
    /// How much of it arrives.
    pub delivery: Delivery,
    /// How long after the request.
    pub delay: Duration,
}

impl Reply {
    /// The status that the caller sees, if any.
    pub fn status(&self) -> Option<u16> {
        match self.delivery {
            Delivery::Whole | Delivery::Truncated => Some(self.response.status),
            Delivery::Reset | Delivery::Never => None,
        }
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self { response, delivery: Delivery::Whole, delay: Duration::ZERO }
    }
}

/// How much of an answer arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// All of it.
    Whole,
    /// Its head and half of its body; then the connection is cut.
    Truncated,
    /// Nothing: the connection is cut.
    Reset,
    /// Nothing, and the connection stays open.
    Never,
}

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A token.
    Token,
    /// A policy to bring live.
    Submit,
    /// How a job stands.
    Job,
    /// The live policies.
    List,
    /// One live policy.
    Get,
    /// A policy to remove.
    Delete,
    /// Whether an input is stopped.
    Probe,
    /// The page that a policy's chat is on.
    Page,
    /// A webhook to register.
    RegisterWebhook,
    /// The webhooks.
    ListWebhooks,
    /// A webhook to remove.
    DeleteWebhook,
    /// Nothing that there is.
    Other,
}

/// One request of the log.
#[derive(Clone)]
pub struct Recorded {
    /// When it had been read.
    pub at: Timestamp,
    /// Whose it was; `default` where the path names no tenant.
    pub tenant: TenantName,
    /// What it was for.
    pub endpoint: Endpoint,
    /// In capitals.
    pub method: String,
    /// As sent, without the query.
    pub path: String,
    /// Behind the `?`.
    pub query: Option<String>,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
    /// The answer's; `None`: never answered.
    pub status: Option<u16>,
}

impl fmt::Debug for Recorded {
    // Neither headers nor body: both hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {:?}", self.at, self.method, self.path.escape_debug(), self.status)
    }
}

/// Whose a request is, and what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub tenant: TenantName,
    pub target: Target,
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Token,
    Policies,
    Policy(String),
    Job(String),
    Probe(Option<String>),
    Page(String),
    Webhooks,
    Webhook(String),
    Nothing,
}

impl Route {
    /// Reads a path. One with a tenant that can't be names nothing, of the tenant `default`.
    pub fn of(path: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        match path.strip_prefix("tenants/") {
            None => Self { tenant: default_tenant(), target: Target::of(path) },
            Some(rest) => {
                let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
                match name.parse() {
                    Ok(tenant) => Self { tenant, target: Target::of(rest) },
                    Err(_) => Self { tenant: default_tenant(), target: Target::Nothing },
                }
            }
        }
    }
}

#[expect(clippy::expect_used, reason = "the text is a DNS label")]
fn default_tenant() -> TenantName {
    "default".parse().expect("a DNS label")
}

impl Target {
    fn of(path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').collect();
        match *segments.as_slice() {
            ["oauth", "token"] => Self::Token,
            ["api", "v2", "webchat", "security-policies"] => Self::Policies,
            ["api", "v2", "webchat", "security-policies", "jobs", id] => Self::Job(id.to_owned()),
            ["api", "v2", "webchat", "security-policies", id] => Self::Policy(id.to_owned()),
            ["api", "v2", "webhooks", "security-events"] => Self::Webhooks,
            ["api", "v2", "webhooks", "security-events", id] => Self::Webhook(id.to_owned()),
            ["chat", "validate", "security"] => Self::Probe(None),
            ["chat", policy, "validate", "security"] => Self::Probe(Some(policy.to_owned())),
            ["chat", policy] => Self::Page(policy.to_owned()),
            _ => Self::Nothing,
        }
    }

    /// What a request with that method is for.
    pub fn endpoint(&self, method: &str) -> Endpoint {
        let endpoints = self.methods();
        endpoints.iter().find(|(name, _)| *name == method).map_or(Endpoint::Other, |(_, endpoint)| *endpoint)
    }

    /// The methods that it knows.
    pub fn methods(&self) -> &'static [(&'static str, Endpoint)] {
        match self {
            Self::Token => &[("POST", Endpoint::Token)],
            Self::Policies => &[("GET", Endpoint::List), ("POST", Endpoint::Submit)],
            Self::Policy(_) => &[("DELETE", Endpoint::Delete), ("GET", Endpoint::Get)],
            Self::Job(_) => &[("GET", Endpoint::Job)],
            Self::Probe(_) => &[("POST", Endpoint::Probe)],
            Self::Page(_) => &[("GET", Endpoint::Page)],
            Self::Webhooks => &[("GET", Endpoint::ListWebhooks), ("POST", Endpoint::RegisterWebhook)],
            Self::Webhook(_) => &[("DELETE", Endpoint::DeleteWebhook)],
            Self::Nothing => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_tenant_and_an_endpoint() {
        let cases = [
            ("POST", "/oauth/token", "default", Endpoint::Token),
            ("GET", "/oauth/token", "default", Endpoint::Other),
            ("POST", "/tenants/acme/oauth/token", "acme", Endpoint::Token),
            ("POST", "/tenants/default/api/v2/webchat/security-policies", "default", Endpoint::Submit),
            ("GET", "/api/v2/webchat/security-policies", "default", Endpoint::List),
            ("GET", "/api/v2/webchat/security-policies/", "default", Endpoint::Get),
            ("DELETE", "/tenants/a/api/v2/webchat/security-policies/pol-1", "a", Endpoint::Delete),
            ("GET", "/tenants/a/api/v2/webchat/security-policies/jobs/job-1", "a", Endpoint::Job),
            ("POST", "/tenants/a/chat/validate/security", "a", Endpoint::Probe),
            ("POST", "/chat/checkout-chat/validate/security", "default", Endpoint::Probe),
            ("POST", "/api/v2/webhooks/security-events", "default", Endpoint::RegisterWebhook),
            ("DELETE", "/api/v2/webhooks/security-events/wh-1", "default", Endpoint::DeleteWebhook),
            ("GET", "/tenants/a/chat/checkout-chat", "a", Endpoint::Page),
            ("GET", "/tenants/Acme/oauth/token", "default", Endpoint::Other),
            ("GET", "/tenants/acme", "acme", Endpoint::Other),
            ("GET", "//oauth/token", "default", Endpoint::Other),
            ("GET", "", "default", Endpoint::Other),
        ];
        for (method, path, tenant, endpoint) in cases {
            let route = Route::of(path);
            assert_eq!((route.tenant.as_str(), route.target.endpoint(method)), (tenant, endpoint), "{path}");
        }
    }
}
