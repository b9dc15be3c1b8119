//! Webhooks of a tenant: registering one, finding those of a name, removing one.

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::answer::id;
use super::client::{Call, HttpTenant};
use super::words::Secrets;
use crate::config::Webhook;
use crate::outcome::{Answer, Endpoint, Failure};

impl HttpTenant {
    /// Registers a webhook: its id, where the tenant said one, and the requests that it took.
    pub(super) async fn register(
        &self,
        webhooks: &Url,
        webhook: &Webhook,
        key: Uuid,
        correlation: Uuid,
    ) -> Result<(Option<String>, u32), Failure> {
        let body = body(webhook);
        let call = Call {
            endpoint: Endpoint::Webhook,
            method: Method::POST,
            url: webhooks.clone(),
            body: Some(&body),
            key: Some(key),
            correlation,
            again: false,
        };
        let read = |answer: &Answer, _: &Secrets| {
            let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
            Ok(id(&body, &self.wire.fields.webhook_id))
        };
        self.call(&call, read).await
    }

    /// The ids of the webhooks of that name.
    pub(super) async fn find(
        &self,
        webhooks: &Url,
        name: &str,
        correlation: Uuid,
    ) -> Result<Vec<String>, Failure> {
        let mut found = Vec::new();
        let each = |item: Value| {
            if item.get("name").and_then(Value::as_str) == Some(name) {
                found.extend(id(&item, &self.wire.fields.webhook_id));
            }
        };
        self.list(Endpoint::Webhook, webhooks, correlation, each).await?;
        Ok(found)
    }

    /// Removes a webhook, or finds it gone: the requests that it took.
    pub(super) async fn unregister(&self, url: Url, correlation: Uuid) -> Result<u32, Failure> {
        let (endpoint, method) = (Endpoint::Remove, Method::DELETE);
        let call = Call { endpoint, method, url, body: None, key: None, correlation, again: false };
        Ok(self.call(&call, |_: &Answer, _: &Secrets| Ok(())).await?.1)
    }
}

/// The body of a registration: the one place where a webhook's secret is shown, and to its tenant alone.
fn body(webhook: &Webhook) -> Vec<u8> {
    json!({
        "name": webhook.name,
        "url": webhook.url,
        "secret": webhook.secret.expose_secret(),
        "events": webhook.events,
        "enabled": true,
        "headers": {"X-Integration-Source": "chatward"},
    })
    .to_string()
    .into_bytes()
}
