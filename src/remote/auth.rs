//! Access tokens (RFC 6749 §4.3 and §4.4): fetched once for everyone who needs one, and kept until shortly before they expire.
//!
//! At most one request is in flight for a set of credentials, whoever asks. Those who waited for it share what came of
//! it, a failure too. A caller that goes away while it fetches leaves nothing behind: the next one fetches instead.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::{Url, form_urlencoded};

use super::answer::{Settled, Unread, object, settle, status_of};
use super::http::{Authorization, Body, Exchange, Http, Request};
use super::retry::{Decision, Tries};
use super::tuning::Tuning;
use super::words::Secrets;
use crate::config::{ClientAuth, Credentials};
use crate::outcome::{Answer, Endpoint, Failure, Fault};

/// How long a token is kept whose lifetime the tenant does not say.
const UNSAID_LIFETIME: Duration = Duration::from_secs(300);
/// The longest that any token is kept, and the shortest: else each request would ask for a token of its own.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);
const MIN_KEPT: Duration = Duration::from_secs(1);
/// How long before its end a token is not used any more, and the lifetime from which that holds.
const MARGIN: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(600);

/// The tokens of a process.
#[derive(Default)]
pub struct Tokens {
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
}

/// Those with the same of all these share a token.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    url: Url,
    client_id: String,
    /// The access key's id, of the grant `password` alone.
    user: Option<String>,
    organisation: Option<String>,
    scope: String,
}

#[derive(Default)]
struct Slot {
    /// Fetches that have ended.
    rounds: AtomicU64,
    last: tokio::sync::Mutex<Option<Result<Token, Failure>>>,
}

/// A token, as a tenant gave it.
#[derive(Clone)]
pub(super) struct Token {
    pub secret: SecretString,
    /// Which fetch it came from.
    round: u64,
    until: Instant,
}

/// Where a tenant's tokens come from.
pub(super) struct Source {
    pub url: Url,
    pub credentials: Credentials,
    pub organisation: Option<String>,
    pub scope: String,
    /// Names of the members of the answer: the token, and its lifetime in seconds.
    pub fields: (String, String),
    pub secrets: Secrets,
    pub tuning: Tuning,
}

impl Tokens {
    /// A token that was not refused.
    pub(super) async fn token(
        &self,
        source: &Source,
        http: &Http,
        refused: Option<&Token>,
    ) -> Result<Token, Failure> {
        let slot = self.slot(source);
        let seen = slot.rounds.load(Ordering::Acquire);
        let mut last = slot.last.lock().await;
        let rounds = slot.rounds.load(Ordering::Acquire);
        // What was fetched while this caller waited is shared whatever it is: asking at once would end the same.
        let shared = rounds != seen;
        match &*last {
            Some(Ok(token))
                if (shared || Instant::now() < token.until)
                    && refused.is_none_or(|refused| refused.round != token.round) =>
            {
                return Ok(token.clone());
            }
            Some(Err(failure)) if shared => return Err(failure.clone()),
            _ => *last = None,
        }
        let round = rounds + 1;
        let fetched = source.fetch(http, round).await;
        slot.rounds.store(round, Ordering::Release);
        last.insert(fetched).clone()
    }

    fn slot(&self, source: &Source) -> Arc<Slot> {
        let key = Key {
            url: source.url.clone(),
            client_id: source.credentials.client_id.clone(),
            user: source.credentials.access_key.as_ref().map(|key| key.id.clone()),
            organisation: source.organisation.clone(),
            scope: source.scope.clone(),
        };
        // Nothing can go wrong while it is held, so one that is poisoned is as good.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }
}

impl Source {
    async fn fetch(&self, http: &Http, round: u64) -> Result<Token, Failure> {
        let mut tries = Tries::default();
        loop {
            let exchange = http.send(self.request(tries.count + 1)).await;
            let Exchange { reply, permit, .. } = exchange
                .map_err(|refused| self.failure(Fault::Unavailable, &refused.to_string(), tries.count))?;
            let settled = settle(Endpoint::Token, reply, |answer| self.read(answer, round));
            if let Some(permit) = permit {
                permit.leave(&settled, |reply| format!("token: {}", self.secrets.of_reply(reply)));
            }
            let (reply, class) = match settled {
                Settled::Read(token) => return Ok(token),
                Settled::Ended(fault, why) => return Err(self.failure(fault, &why, tries.count + 1)),
                Settled::Open(reply, class) => (reply, class),
            };
            let fault =
                match tries.decide(class, status_of(&reply), &self.tuning.pace, (self.tuning.jitter)()) {
                    Decision::Again(pause) => {
                        sleep(pause).await;
                        continue;
                    }
                    Decision::GiveUp(Fault::Unavailable) => Fault::Unavailable,
                    // Refused, by whatever status: it will be until the settings change.
                    Decision::NewToken | Decision::GiveUp(_) => Fault::Credentials,
                };
            return Err(self.failure(fault, &self.secrets.of_reply(&reply), tries.count));
        }
    }

    fn request(&self, attempt: u32) -> Request<'_> {
        let Credentials { client_id, client_secret, auth, access_key } = &self.credentials;
        let mut form = form_urlencoded::Serializer::new(String::new());
        match access_key {
            None => form.append_pair("grant_type", "client_credentials"),
            Some(key) => form
                .append_pair("grant_type", "password")
                .append_pair("username", &key.id)
                .append_pair("password", key.secret.expose_secret()),
        };
        let authorization = match auth {
            ClientAuth::Basic => Authorization::Basic(client_id, client_secret),
            ClientAuth::Post => {
                form.append_pair("client_id", client_id);
                form.append_pair("client_secret", client_secret.expose_secret());
                Authorization::None
            }
        };
        if !self.scope.is_empty() {
            form.append_pair("scope", &self.scope);
        }
        if let Some(organisation) = &self.organisation {
            form.append_pair("organization_id", organisation);
        }
        Request {
            endpoint: Endpoint::Token,
            attempt,
            method: Method::POST,
            url: self.url.clone(),
            authorization,
            headers: HeaderMap::new(),
            body: Body::Form(form.finish().into_bytes()),
        }
    }

    fn read(&self, answer: &Answer, round: u64) -> Result<Token, Unread> {
        let body = object(&answer.body)?;
        let (token, expires_in) = (&self.fields.0, &self.fields.1);
        let text = body.get(token).and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Unread::Unreadable(format!("its body has no usable {token}")));
        }
        // Left out and null are the same; anything else that is not Bearer is used in a way that is not known here.
        let kind = body.get("token_type").filter(|kind| !kind.is_null());
        let is_bearer = |kind: &Value| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
        if let Some(kind) = kind.filter(|kind| !is_bearer(kind)) {
            let why = format!("its token is of the type {kind}, not Bearer");
            return Err(Unread::Ended(Fault::Credentials, why));
        }
        let until = Instant::now() + kept(body.get(expires_in).and_then(seconds));
        Ok(Token { secret: text.to_owned().into(), round, until })
    }

    fn failure(&self, fault: Fault, why: &str, attempts: u32) -> Failure {
        let why = self.secrets.shown(why);
        Failure::new(
            fault,
            format!("no token from {}: {why}", self.url.origin().ascii_serialization()),
            attempts,
        )
    }
}

/// A number of seconds, as a number or as a text. A lifetime that is over before it began says nothing.
fn seconds(value: &Value) -> Option<f64> {
    let seconds: Option<f64> = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    seconds.filter(|seconds| seconds.is_finite() && *seconds > 0.0)
}

/// How long a token of that lifetime is used: until 60 s before its end, or 10 % of it where it is short.
fn kept(lifetime: Option<f64>) -> Duration {
    let Some(seconds) = lifetime else { return UNSAID_LIFETIME };
    let lifetime = Duration::from_secs_f64(seconds.clamp(0.0, MAX_LIFETIME.as_secs_f64()));
    let margin = if lifetime < LONG { lifetime / 10 } else { MARGIN };
    (lifetime - margin).max(MIN_KEPT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_kept_until_shortly_before_its_end() {
        let rows = [
            (json!(3600), 3540.0),
            (json!("3600"), 3540.0),
            (json!(600), 540.0),
            (json!(599), 539.1),
            (json!(100), 90.0),
            (json!(1.5), 1.35),
            (json!("59.5"), 53.55),
            (json!(0.001), 1.0),
            (json!(1), 1.0),
            (json!(0), 300.0),
            (json!("0"), 300.0),
            (json!(-5), 300.0),
            (json!("-3600"), 300.0),
            (json!(366 * 24 * 3600), 86340.0),
            (json!("99999999999999999999"), 86340.0),
            (json!("1e999"), 300.0),
            (json!(true), 300.0),
            (json!([3600]), 300.0),
            (json!(1e300), 86340.0),
            (json!(u64::MAX), 86340.0),
            (json!("NaN"), 300.0),
            (json!("soon"), 300.0),
            (json!(null), 300.0),
        ];
        for (lifetime, expected) in rows {
            let kept = kept(seconds(&lifetime)).as_secs_f64();
            assert!((kept - expected).abs() < 1e-6, "{lifetime}: {kept}");
        }
    }
}
