//! What is known of a tenant's webhooks: what is registered, which registration's end is not known, and what each entry
//! about them makes of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::State;
use crate::digest::Digest;
use crate::entry::{WebhookEffect, WebhookIntent, WebhookRemoved};

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

impl State {
    pub(super) fn intend_webhook(&mut self, intent: &WebhookIntent) -> Result<(), String> {
        let webhooks = &mut self.tenant_mut(&intent.tenant)?.webhooks;
        webhooks.entry(intent.webhook.clone()).or_default().open = Some(OpenWebhook {
            settings_digest: intent.settings_digest,
            idempotency_key: intent.idempotency_key,
            correlation_id: intent.correlation_id,
        });
        Ok(())
    }

    pub(super) fn end_webhook(&mut self, effect: &WebhookEffect, time: Timestamp) -> Result<(), String> {
        let webhook = self.tenant_mut(&effect.tenant)?.webhooks.get_mut(&effect.webhook);
        let ours = |open: &mut OpenWebhook| open.correlation_id == effect.correlation_id;
        let Some((webhook, open)) = webhook.and_then(|webhook| {
            let open = webhook.open.take_if(ours)?;
            Some((webhook, open))
        }) else {
            return Err(format!("webhook {:?} is not being registered", effect.webhook));
        };
        webhook.error = effect.error.clone();
        if effect.error.is_none() {
            let registered = Registered {
                settings_digest: open.settings_digest,
                webhook_id: effect.webhook_id.clone(),
                time,
            };
            let before = webhook.registered.replace(registered).and_then(|before| before.webhook_id);
            webhook.obsolete.extend(before);
            // A tenant may change a webhook in its place, and say so by its id or by none: then nothing is left behind.
            match &effect.webhook_id {
                Some(id) => webhook.obsolete.retain(|obsolete| obsolete != id),
                None => webhook.obsolete.clear(),
            }
        }
        Ok(())
    }

    pub(super) fn remove_webhook(&mut self, removed: &WebhookRemoved) -> Result<(), String> {
        let webhooks = &mut self.tenant_mut(&removed.tenant)?.webhooks;
        let Some(webhook) = webhooks.get_mut(&removed.webhook) else {
            return Err(format!("webhook {:?} is not known", removed.webhook));
        };
        if let Some(id) = &removed.webhook_id {
            webhook.obsolete.retain(|obsolete| obsolete != id);
            webhook.registered.take_if(|registered| registered.webhook_id.as_ref() == Some(id));
        }
        let is_known = webhook.registered.is_some() || webhook.open.is_some() || !webhook.obsolete.is_empty();
        if removed.webhook_id.is_none() || !is_known {
            webhooks.remove(&removed.webhook);
        }
        Ok(())
    }
}
