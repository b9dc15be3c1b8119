//! Entries about the registration of a webhook, and its removal.

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

/// `webhook.removed`: one for each registration that is gone. A removal can be repeated at will, so it has no intent: what
/// is to be removed is on record until this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRemoved {
    /// The tenant it was registered at.
    pub tenant: TenantName,
    /// Its name.
    pub webhook: String,
    /// The tenant's id of it. Without one, all that is known under that name is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// On every request of this removal.
    pub correlation_id: Uuid,
    /// Requests that it took.
    pub attempts: u32,
    /// Why it is left at the tenant, where it can't be removed there. It is not tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}
