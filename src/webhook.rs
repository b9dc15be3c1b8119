//! Keeping a tenant's webhooks as the settings say: registered once, again only when their settings change, and gone
//! once they are replaced or not wanted any more.
//!
//! As with a policy, the intent goes to disk first. A registration whose end is not known is looked up by its name before
//! it is sent again under its key.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use sha2::Sha256;
use tracing::{info, warn};

use crate::config::{Tenant, Webhook};
use crate::deploy::StepError;
use crate::digest::{Digest, canonical_json};
use crate::entry::{Event, WebhookEffect, WebhookIntent};
use crate::host::Host;
use crate::ledger::Ledger;
use crate::outcome::{Failure, Fault};
use crate::remote::WriteTenant;
use crate::state::{OpenWebhook, State, WebhookState};

mod removal;

/// What is to be done about a webhook.
#[derive(Debug, Clone)]
pub enum Due<'a> {
    /// It is not registered as it is set.
    Registration(&'a Webhook, Digest),
    /// Something of that name is registered that is not wanted any more.
    Removal(String),
}

/// Works on the webhooks of one tenant.
pub struct Registrar<'a, T> {
    /// Where everything is put on record.
    pub ledger: &'a Ledger,
    /// The tenant.
    pub remote: &'a T,
    /// Ids.
    pub host: &'a Host,
    /// The tenant's settings.
    pub tenant: &'a Tenant,
}

/// The digest of a webhook's settings. Its secret is the key, so the digest changes with it and tells nothing of it.
pub fn settings_digest(webhook: &Webhook) -> Result<Digest, StepError> {
    let settings = serde_json::json!({ "name": webhook.name, "url": webhook.url, "events": webhook.events });
    let no_form = |_| StepError::Internal("webhook settings without a form");
    let text = canonical_json(&settings).map_err(no_form)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(webhook.secret.expose_secret().as_bytes())
        .map_err(|_| StepError::Internal("a key that HMAC does not take"))?;
    mac.update(&text);
    Ok(Digest::from_bytes(mac.finalize().into_bytes().into()))
}

/// What is to be done about a tenant's webhooks.
///
/// # Errors
/// Only where chatward contradicts itself.
pub fn due<'a>(tenant: &'a Tenant, state: &State) -> Result<Vec<Due<'a>>, StepError> {
    let known = state.tenants.get(&tenant.name).map(|tenant| &tenant.webhooks);
    let mut due = Vec::new();
    for webhook in &tenant.webhooks {
        let digest = settings_digest(webhook)?;
        let known = known.and_then(|known| known.get(&webhook.name));
        let registered = known.and_then(|known| known.registered.as_ref());
        if registered.is_none_or(|registered| registered.settings_digest != digest) {
            due.push(Due::Registration(webhook, digest));
        } else if known.is_some_and(|known| !known.obsolete.is_empty()) {
            due.push(Due::Removal(webhook.name.clone()));
        }
    }
    let unwanted = |name: &&String| !tenant.webhooks.iter().any(|webhook| webhook.name == **name);
    let left = known.into_iter().flat_map(|known| known.keys()).filter(unwanted);
    due.extend(left.map(|name| Due::Removal(name.clone())));
    Ok(due)
}

impl<T: WriteTenant> Registrar<'_, T> {
    /// Does what is due, and says whether that went well.
    ///
    /// # Errors
    /// Only where the ledger fails; what the tenant answers is on record.
    pub async fn settle(&self, due: Due<'_>) -> Result<Result<(), Failure>, StepError> {
        match due {
            Due::Registration(webhook, digest) => match self.register(webhook, digest).await? {
                Ok(()) => self.remove(&webhook.name).await,
                Err(failure) => Ok(Err(failure)),
            },
            Due::Removal(name) => self.remove(&name).await,
        }
    }

    async fn register(&self, webhook: &Webhook, digest: Digest) -> Result<Result<(), Failure>, StepError> {
        let before = self.known(&webhook.name).and_then(|known| known.open);
        // An earlier registration may have arrived: then the tenant lists it.
        let found = match &before {
            Some(open) => self.strangers(&webhook.name, open.correlation_id).await.unwrap_or_default(),
            None => Vec::new(),
        };
        let (open, found) = match before {
            Some(open) if open.settings_digest == digest => (open, found.into_iter().next()),
            // What arrived of an intent with other settings is not what is wanted now.
            Some(open) => {
                for id in &found {
                    if let Err(failure) = self.remove_one(&webhook.name, id, open.correlation_id).await? {
                        return Ok(Err(failure));
                    }
                }
                (self.intend(webhook, digest).await?, None)
            }
            None => (self.intend(webhook, digest).await?, None),
        };
        let registered = match found {
            Some(id) => Ok((Some(id), 0)),
            None => self.remote.register_webhook(webhook, open.idempotency_key, open.correlation_id).await,
        };
        let registered = match registered {
            // Taken, but its id was not said or could not be read; perhaps the tenant lists it.
            Ok((None, attempts)) => {
                let found = self.strangers(&webhook.name, open.correlation_id).await.unwrap_or_default();
                Ok((found.into_iter().next(), attempts))
            }
            said => said,
        };
        self.conclude(webhook, &open, registered).await
    }

    /// Puts on record what came of a registration; one that is in doubt stays open.
    async fn conclude(
        &self,
        webhook: &Webhook,
        open: &OpenWebhook,
        registered: Result<(Option<String>, u32), Failure>,
    ) -> Result<Result<(), Failure>, StepError> {
        let (tenant, name) = (&self.tenant.name, &webhook.name);
        if let Err(failure) = &registered
            && failure.fault == Fault::InDoubt
        {
            warn!(
                name: "webhook.in_doubt", tenant = %tenant, webhook = name,
                "webhook {name} of {tenant}: whether it was registered is not known: {failure}",
            );
            return Ok(Err(failure.clone()));
        }
        let (webhook_id, attempts, error) = match &registered {
            Ok((id, attempts)) => (id.clone(), *attempts, None),
            Err(failure) => (None, failure.attempts, Some(failure.message.clone())),
        };
        let effect = WebhookEffect {
            tenant: tenant.clone(),
            webhook: name.clone(),
            correlation_id: open.correlation_id,
            webhook_id: webhook_id.clone(),
            attempts,
            error,
        };
        self.ledger.append(Event::WebhookEffect(effect)).await?;
        match &registered {
            Ok(_) => info!(
                name: "webhook.registered", tenant = %tenant, webhook = name, id = webhook_id,
                "webhook {name} of {tenant} is registered",
            ),
            Err(failure) => warn!(
                name: "webhook.failed", tenant = %tenant, webhook = name, error = failure.message,
                "webhook {name} of {tenant} is not registered: {failure}",
            ),
        }
        Ok(registered.map(drop))
    }

    async fn intend(&self, webhook: &Webhook, digest: Digest) -> Result<OpenWebhook, StepError> {
        let open = OpenWebhook {
            settings_digest: digest,
            idempotency_key: (self.host.new_id)(),
            correlation_id: (self.host.new_id)(),
        };
        let intent = WebhookIntent {
            tenant: self.tenant.name.clone(),
            webhook: webhook.name.clone(),
            settings_digest: digest,
            url: webhook.url.clone(),
            idempotency_key: open.idempotency_key,
            correlation_id: open.correlation_id,
        };
        self.ledger.append(Event::WebhookIntent(intent)).await?;
        Ok(open)
    }

    fn known(&self, name: &str) -> Option<WebhookState> {
        self.ledger.read(|state| state.tenants.get(&self.tenant.name)?.webhooks.get(name).cloned())
    }
}
