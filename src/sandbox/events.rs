//! What a simulated tenant tells its webhooks: that a policy came live, changed or is gone.
//!
//! Each delivery is signed as CXone signs. Only addresses on this machine are delivered to: a sandbox bothers nobody else.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::webhooks::Webhook;
use super::{Model, Sandbox};
use crate::loopback::is_loopback;
use crate::policy::TenantName;
use crate::signature::sign;

/// What a policy's coming, changing and going are told as.
const UPDATED: &str = "SECURITY_POLICY_UPDATED";
/// How many deliveries wait at most; then the oldest are dropped, as a tenant's are after its last try.
const MAX_WAITING: usize = 1_000;
/// How long the receiver has for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Events that are still to be delivered.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Delivery>,
    /// The secrets of webhooks, by id. They are in no store, so after a restart nothing is signed, and nothing sent.
    secrets: BTreeMap<String, SecretString>,
    /// How many events there were: no two are the same, so that none is taken for a repetition.
    events: u64,
}

/// One event for one webhook.
#[derive(Debug)]
struct Delivery {
    url: String,
    headers: BTreeMap<String, String>,
    secret: SecretString,
    body: Vec<u8>,
}

impl Outbox {
    /// Remembers what a webhook's deliveries are signed with.
    pub fn keep_secret(&mut self, webhook: &str, secret: &str) {
        self.secrets.insert(webhook.to_owned(), secret.into());
    }

    /// Forgets it.
    pub fn forget(&mut self, webhook: &str) {
        self.secrets.remove(webhook);
    }

    /// A policy of a tenant with these webhooks changed.
    pub fn changed(&mut self, webhooks: &[Webhook], tenant: &TenantName, policy: &str) {
        self.events += 1;
        let id = format!("evt-{}", self.events);
        let body =
            json!({ "event": UPDATED, "eventId": id, "tenant": tenant, "policyName": policy }).to_string();
        for webhook in
            webhooks.iter().filter(|it| it.enabled && it.events.iter().any(|event| event == UPDATED))
        {
            let local = Url::parse(&webhook.url).is_ok_and(|url| is_loopback(&url));
            let Some(secret) = self.secrets.get(&webhook.id).filter(|_| local) else { continue };
            if self.waiting.len() == MAX_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back(Delivery {
                url: webhook.url.clone(),
                headers: webhook.headers.clone(),
                secret: secret.clone(),
                body: body.clone().into_bytes(),
            });
        }
    }
}

impl Model {
    fn next_delivery(&mut self) -> Option<Delivery> {
        self.outbox.waiting.pop_front()
    }
}

/// Delivers until `stop` is cancelled; each event once, whatever comes of it.
pub(super) async fn deliver(sandbox: Sandbox, news: &Notify, stop: CancellationToken) {
    let client = match reqwest::Client::builder().no_proxy().timeout(PATIENCE).build() {
        Ok(client) => client,
        Err(error) => {
            tracing::warn!(%error, "the sandbox delivers no events");
            return;
        }
    };
    loop {
        let heard = news.notified();
        while let Some(delivery) = { sandbox.model().next_delivery() } {
            let now = Timestamp::now().as_second();
            let Some(signature) = sign(&delivery.secret, now, &delivery.body) else { continue };
            let mut request = client.post(&delivery.url).body(delivery.body);
            for (name, value) in &delivery.headers {
                request = request.header(name, value);
            }
            let request = request
                .header("Content-Type", "application/json")
                .header("X-CXone-Timestamp", now)
                .header("X-CXone-Signature", signature);
            if let Err(error) = request.send().await {
                tracing::debug!(%error, "an event was not delivered");
            }
        }
        tokio::select! { () = heard => {} () = stop.cancelled() => return }
    }
}
