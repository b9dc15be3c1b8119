//! The token endpoint (RFC 6749 §4.4) and the tokens it gave.
//!
//! Any client with any secret is let in, so that everybody's settings work as they are. To be refused, a client is
//! called `wrong-client`, its secret is `wrong-secret`, or it asks for the scope `wrong-scope`. Tokens don't outlive
//! the process: after a restart each is unknown, as after a tenant's change of keys.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;

use super::time::later;
use super::wire::{Request, Response};
use crate::policy::TenantName;

/// The most tokens that are valid at once; the oldest go first.
const MAX_TOKENS: usize = 100_000;

/// The tokens of all tenants.
#[derive(Default)]
pub(super) struct Tokens {
    by_text: HashMap<String, (TenantName, Timestamp)>,
    oldest_first: VecDeque<String>,
}

impl Tokens {
    /// Whether the request bears a token of that tenant.
    pub fn admit(&self, now: Timestamp, tenant: &TenantName, request: &Request) -> bool {
        let bearer = request.header("authorization").and_then(|value| credentials(value, "bearer"));
        let token = bearer.and_then(|token| self.by_text.get(token));
        token.is_some_and(|(owner, expires)| owner == tenant && now < *expires)
    }

    fn issue(&mut self, tenant: &TenantName, expires: Timestamp, rng: &mut fastrand::Rng) -> String {
        let token: String = (0..40).map(|_| rng.alphanumeric()).collect();
        self.by_text.insert(token.clone(), (tenant.clone(), expires));
        self.oldest_first.push_back(token.clone());
        if self.oldest_first.len() > MAX_TOKENS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_text.remove(&oldest);
        }
        token
    }

    /// Answers a request for a token.
    pub fn grant(
        &mut self,
        now: Timestamp,
        tenant: &TenantName,
        request: &Request,
        lifetime: Duration,
        rng: &mut fastrand::Rng,
    ) -> Response {
        let answer = match Grant::read(request).and_then(Grant::check) {
            Err(refusal) => refusal.response(),
            Ok(grant) => {
                let token = self.issue(tenant, later(now, lifetime), rng);
                let mut body = json!({
                    "access_token": token,
                    "token_type": "Bearer",
                    "expires_in": lifetime.as_secs(),
                });
                if let Some(scope) = grant.scope {
                    body["scope"] = json!(scope);
                }
                Response::json(200, &body)
            }
        };
        answer.with("cache-control", "no-store")
    }
}

/// What is asked for, and by whom.
struct Grant {
    client_id: String,
    client_secret: String,
    scope: Option<String>,
}

/// A refusal of RFC 6749 §5.2.
struct Refusal {
    error: &'static str,
    description: Cow<'static, str>,
}

impl Refusal {
    fn new(error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self { error, description: description.into() }
    }

    fn response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        match self.error {
            "invalid_client" => {
                Response::json(401, &body).with("www-authenticate", "Basic realm=\"sandbox\"")
            }
            _ => Response::json(400, &body),
        }
    }
}

impl Grant {
    fn read(request: &Request) -> Result<Self, Refusal> {
        let invalid = |description: &'static str| Refusal::new("invalid_request", description);
        if request.media_type().as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(invalid("the body must be application/x-www-form-urlencoded"));
        }
        let mut form = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(&request.body) {
            if form.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                let name: String = name.escape_debug().take(50).collect();
                return Err(Refusal::new("invalid_request", format!("{name} is repeated")));
            }
        }
        match form.remove("grant_type").as_deref() {
            None => return Err(invalid("grant_type is missing")),
            Some("client_credentials") => {}
            Some("password") => match (form.remove("username"), form.remove("password")) {
                (_, Some(password)) if password == "wrong-secret" => {
                    return Err(Refusal::new("invalid_grant", "the access key is not known"));
                }
                (Some(user), Some(password)) if !user.is_empty() && !password.is_empty() => {}
                _ => return Err(invalid("the grant password needs username and password")),
            },
            Some(_) => {
                let known = "only client_credentials and password are known";
                return Err(Refusal::new("unsupported_grant_type", known));
            }
        }
        let posted = (form.remove("client_id"), form.remove("client_secret"));
        let (client_id, client_secret) = match (request.header("authorization"), posted) {
            (Some(_), (_, Some(_))) => return Err(invalid("the client authenticates in two ways")),
            (Some(header), _) => basic(header)
                .ok_or_else(|| Refusal::new("invalid_client", "the basic credentials can't be read"))?,
            (None, (id, secret)) => (id.unwrap_or_default(), secret.unwrap_or_default()),
        };
        Ok(Self { client_id, client_secret, scope: form.remove("scope") })
    }

    fn check(self) -> Result<Self, Refusal> {
        let known = !self.client_id.is_empty() && self.client_id != "wrong-client";
        if !known || self.client_secret.is_empty() || self.client_secret == "wrong-secret" {
            return Err(Refusal::new("invalid_client", "no such client with that secret"));
        }
        match &self.scope {
            Some(scope) if scope.split(' ').any(|scope| scope == "wrong-scope") => {
                Err(Refusal::new("invalid_scope", "the client may not ask for wrong-scope"))
            }
            _ => Ok(self),
        }
    }
}

/// What follows the scheme, in any case of letters, in an `Authorization` header.
fn credentials<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, rest) = header.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// Client id and secret, each form-encoded within the basic credentials (RFC 6749 §2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(credentials(header, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    if text.contains(['&', '=']) {
        return None;
    }
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    Some(pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn ask(tokens: &mut Tokens, headers: &[(&str, &str)], body: &str) -> (u16, serde_json::Value) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = Request {
            method: "POST".to_owned(),
            path: "/oauth/token".to_owned(),
            query: None,
            headers: headers.collect(),
            body: body.into(),
        };
        let mut rng = fastrand::Rng::with_seed(7);
        let tenant = "acme".parse().unwrap();
        let lifetime = Duration::from_secs(60);
        let response = tokens.grant(Timestamp::UNIX_EPOCH, &tenant, &request, lifetime, &mut rng);
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    /// Headers and body, and the status and error that are due.
    type Case<'a> = (&'a [(&'a str, &'a str)], String, u16, &'a str);

    #[test]
    fn refusals_are_those_of_rfc_6749() {
        let id = "client_id=me&client_secret=a%2Bb";
        let form = [("content-type", FORM)];
        // me:a+b, its plus form-encoded
        let basic = [
            ("content-type", "Application/X-www-form-urlencoded; charset=utf-8"),
            ("authorization", "basic bWU6YSUyQmI="),
        ];
        let broken = [("content-type", FORM), ("authorization", "Basic !")];
        let cases: &[Case<'_>] = &[
            (&form, format!("grant_type=client_credentials&{id}"), 200, ""),
            (&form, format!("grant_type=client_credentials&organization_id=o&scope=a+b&{id}"), 200, ""),
            (&basic, "grant_type=client_credentials".into(), 200, ""),
            (&basic, format!("grant_type=client_credentials&{id}"), 400, "invalid_request"),
            (&broken, "grant_type=client_credentials".into(), 401, "invalid_client"),
            (&[], format!("grant_type=client_credentials&{id}"), 400, "invalid_request"),
            (&form, id.into(), 400, "invalid_request"),
            (&form, format!("grant_type=implicit&{id}"), 400, "unsupported_grant_type"),
            (&form, format!("grant_type=password&{id}"), 400, "invalid_request"),
            (&form, format!("grant_type=password&username=me&password=s&{id}"), 200, ""),
            (
                &form,
                format!("grant_type=password&username=me&password=wrong-secret&{id}"),
                400,
                "invalid_grant",
            ),
            (&form, format!("grant_type=client_credentials&{id}&client_id=b"), 400, "invalid_request"),
            (&form, "grant_type=client_credentials".into(), 401, "invalid_client"),
            (
                &form,
                "grant_type=client_credentials&client_id=me&client_secret=".into(),
                401,
                "invalid_client",
            ),
            (
                &form,
                "grant_type=client_credentials&client_id=me&client_secret=wrong-secret".into(),
                401,
                "invalid_client",
            ),
            (
                &form,
                "grant_type=client_credentials&client_id=wrong-client&client_secret=s".into(),
                401,
                "invalid_client",
            ),
            (&form, format!("grant_type=client_credentials&scope=a+wrong-scope&{id}"), 400, "invalid_scope"),
        ];
        for (headers, body, status, error) in cases {
            let answer = ask(&mut Tokens::default(), headers, body);
            assert_eq!(answer.0, *status, "{body}: {}", answer.1);
            assert_eq!(answer.1["error"].as_str().unwrap_or_default(), *error, "{body}");
        }
    }

    #[test]
    fn a_token_is_of_its_tenant_and_ends() {
        let mut tokens = Tokens::default();
        let (_, body) = ask(
            &mut tokens,
            &[("content-type", FORM)],
            "grant_type=client_credentials&client_id=a&client_secret=b",
        );
        assert_eq!((body["token_type"].as_str(), body["expires_in"].as_u64()), (Some("Bearer"), Some(60)));
        let token = body["access_token"].as_str().unwrap();
        let cases = [
            ("acme", 0, format!("Bearer {token}"), true),
            ("acme", 59, format!("bearer {token}"), true),
            ("acme", 60, format!("Bearer {token}"), false),
            ("other", 0, format!("Bearer {token}"), false),
            ("acme", 0, format!("Basic {token}"), false),
            ("acme", 0, "Bearer x".to_owned(), false),
        ];
        for (tenant, second, header, expected) in cases {
            let request = Request {
                method: "GET".to_owned(),
                path: String::new(),
                query: None,
                headers: [("authorization".to_owned(), header)].into(),
                body: Vec::new(),
            };
            let now = Timestamp::from_second(second).unwrap();
            assert_eq!(tokens.admit(now, &tenant.parse().unwrap(), &request), expected);
        }
    }
}
