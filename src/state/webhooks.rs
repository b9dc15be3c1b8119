//! What is known of a tenant's webhooks: what is registered, and which registration's end is not known.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::digest::Digest;

/// What is known of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookState {
    /// What is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Registered>,
    /// The registration whose end is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenWebhook>,
    /// Ids of earlier registrations that this one replaced, as long as they are to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obsolete: Vec<String>,
    /// Why the last registration failed, since the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A registered webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// With which settings.
    pub settings_digest: Digest,
    /// The tenant's id of it, where it said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// When.
    pub time: Timestamp,
}

/// A registration whose end is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenWebhook {
    /// With which settings.
    pub settings_digest: Digest,
    /// Its key.
    pub idempotency_key: Uuid,
    /// Its id.
    pub correlation_id: Uuid,
}

impl WebhookState {
    /// Every id that is known of it.
    pub fn ids(&self) -> impl Iterator<Item = &String> {
        let registered = self.registered.as_ref().and_then(|registered| registered.webhook_id.as_ref());
        self.obsolete.iter().chain(registered)
    }
}
