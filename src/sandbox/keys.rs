//! What was answered under an `Idempotency-Key`, so that a repeated request is answered the same and done once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::hash::hash_of;
use super::time::elapsed;
use super::wire::{Request, Response};
use crate::policy::TenantName;

/// The most keys that are remembered; the oldest go first.
const MAX_KEYS: usize = 100_000;
/// How long a key is remembered.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// One key and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Remembered {
    tenant: TenantName,
    key: String,
    /// Of method, path and body.
    fingerprint: String,
    at: Timestamp,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// What is known of a request's key.
#[derive(Debug, PartialEq)]
pub(super) enum Seen {
    /// Nothing: do it.
    New,
    /// It was this very request: answer so again.
    Same(Response),
    /// It was another request.
    Other,
}

/// The keys of all tenants.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Vec<Remembered>")]
pub(super) struct Keys {
    by_key: BTreeMap<(TenantName, String), Remembered>,
    oldest_first: VecDeque<(TenantName, String)>,
}

impl Keys {
    /// Looks a request's key up.
    pub fn look_up(&mut self, now: Timestamp, tenant: &TenantName, key: &str, request: &Request) -> Seen {
        self.forget_expired(now);
        match self.by_key.get(&(tenant.clone(), key.to_owned())) {
            None => Seen::New,
            Some(known) if known.fingerprint == fingerprint(request) => Seen::Same(Response {
                status: known.status,
                headers: known.headers.clone(),
                body: known.body.clone().into_bytes(),
            }),
            Some(_) => Seen::Other,
        }
    }

    /// Remembers an answer.
    pub fn remember(
        &mut self,
        now: Timestamp,
        tenant: &TenantName,
        key: &str,
        request: &Request,
        answer: &Response,
    ) {
        self.insert(Remembered {
            tenant: tenant.clone(),
            key: key.to_owned(),
            fingerprint: fingerprint(request),
            at: now,
            status: answer.status,
            headers: answer.headers.clone(),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        });
        if self.oldest_first.len() > MAX_KEYS {
            self.forget_oldest();
        }
    }

    fn forget_expired(&mut self, now: Timestamp) {
        let expired = |keys: &Self| {
            let oldest = keys.oldest_first.front().and_then(|key| keys.by_key.get(key));
            oldest.is_some_and(|oldest| elapsed(oldest.at, now) > LIFETIME)
        };
        while expired(self) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(key) = self.oldest_first.pop_front() {
            self.by_key.remove(&key);
        }
    }

    fn insert(&mut self, remembered: Remembered) {
        let key = (remembered.tenant.clone(), remembered.key.clone());
        self.oldest_first.push_back(key.clone());
        self.by_key.insert(key, remembered);
    }
}

fn fingerprint(request: &Request) -> String {
    hash_of(&[request.method.as_bytes(), request.path.as_bytes(), &request.body])
}

impl From<Vec<Remembered>> for Keys {
    fn from(stored: Vec<Remembered>) -> Self {
        let mut keys = Self::default();
        stored.into_iter().for_each(|remembered| keys.insert(remembered));
        keys
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.oldest_first.iter().filter_map(|key| self.by_key.get(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> Request {
        Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: None,
            headers: BTreeMap::new(),
            body: body.into(),
        }
    }

    #[test]
    fn a_key_is_one_request_of_one_tenant_for_a_day() {
        let mut keys = Keys::default();
        let (acme, other) = ("acme".parse().unwrap(), "other".parse().unwrap());
        let at = |hour: i64| Timestamp::from_second(hour * 3600).unwrap();
        let answer = Response::empty(202).with("location", "x");
        keys.remember(at(0), &acme, "k", &request("a"), &answer);
        let mut keys: Keys = serde_json::from_value(serde_json::to_value(&keys).unwrap()).unwrap();
        assert_eq!(keys.look_up(at(24), &acme, "k", &request("a")), Seen::Same(answer));
        assert_eq!(keys.look_up(at(24), &acme, "k", &request("b")), Seen::Other);
        assert_eq!(keys.look_up(at(24), &other, "k", &request("a")), Seen::New);
        assert_eq!(keys.look_up(at(25), &acme, "k", &request("a")), Seen::New);
    }
}
