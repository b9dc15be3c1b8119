//! Entries about the registration of a webhook.

use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::digest::Digest;
use crate::policy::TenantName;

/// `webhook.intent`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookIntent {
    /// The tenant it is registered at.
    pub tenant: TenantName,
    /// Its name.
    pub webhook: String,
    /// The digest of its settings; the secret enters it through an HMAC.
    pub settings_digest: Digest,
    /// Where it delivers to.
    pub url: Url,
    /// Made with this intent.
    pub idempotency_key: Uuid,
    /// On every request and entry of this registration.
    pub correlation_id: Uuid,
}

/// `webhook.effect`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEffect {
    /// The tenant it is registered at.
    pub tenant: TenantName,
    /// Its name.
    pub webhook: String,
    /// Of which intent.
    pub correlation_id: Uuid,
    /// The tenant's id of it, where it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// Requests that it took.
    pub attempts: u32,
    /// In the tenant's words, where it was not registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
