//! Registering a tenant's webhooks: once, and again only when their settings change.
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
use crate::state::{OpenWebhook, State};

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

/// The webhooks of a tenant that are not registered as they are set.
pub fn due<'a>(tenant: &'a Tenant, state: &State) -> Result<Vec<(&'a Webhook, Digest)>, StepError> {
    let known = state.tenants.get(&tenant.name).map(|tenant| &tenant.webhooks);
    let mut due = Vec::new();
    for webhook in &tenant.webhooks {
        let digest = settings_digest(webhook)?;
        let registered = known.and_then(|known| known.get(&webhook.name)?.registered.as_ref());
        if registered.is_none_or(|registered| registered.settings_digest != digest) {
            due.push((webhook, digest));
        }
    }
    Ok(due)
}

/// Registers a webhook, and says whether that went well.
///
/// # Errors
/// Only where the ledger fails; what the tenant answers is on record.
pub async fn register(
    ledger: &Ledger,
    remote: &impl WriteTenant,
    host: &Host,
    tenant: &Tenant,
    (webhook, digest): (&Webhook, Digest),
) -> Result<Result<(), Failure>, StepError> {
    let before =
        ledger.read(|state| state.tenants.get(&tenant.name)?.webhooks.get(&webhook.name)?.open.clone());
    let before = before.filter(|open| open.settings_digest == digest);
    // An earlier registration with these settings may have arrived: then the tenant lists it.
    let found = match &before {
        Some(open) => remote.find_webhook(&webhook.name, open.correlation_id).await.ok().flatten(),
        None => None,
    };
    let open = match before {
        Some(open) => open,
        None => intend(ledger, host, tenant, webhook, digest).await?,
    };
    let registered = match found {
        Some(id) => Ok((Some(id), 0)),
        None => remote.register_webhook(webhook, open.idempotency_key, open.correlation_id).await,
    };
    if let Err(failure) = &registered
        && failure.fault == Fault::InDoubt
    {
        warn!(
            name: "webhook.in_doubt", tenant = %tenant.name, webhook = webhook.name,
            "webhook {} of {}: whether it was registered is not known: {failure}", webhook.name, tenant.name,
        );
        return Ok(Err(failure.clone()));
    }
    let (webhook_id, attempts, error) = match &registered {
        Ok((id, attempts)) => (id.clone(), *attempts, None),
        Err(failure) => (None, failure.attempts, Some(failure.message.clone())),
    };
    let effect = WebhookEffect {
        tenant: tenant.name.clone(),
        webhook: webhook.name.clone(),
        correlation_id: open.correlation_id,
        webhook_id: webhook_id.clone(),
        attempts,
        error,
    };
    ledger.append(Event::WebhookEffect(effect)).await?;
    match registered {
        Ok(_) => {
            info!(
                name: "webhook.registered", tenant = %tenant.name, webhook = webhook.name, id = webhook_id,
                "webhook {} of {} is registered", webhook.name, tenant.name,
            );
            Ok(Ok(()))
        }
        Err(failure) => {
            warn!(
                name: "webhook.failed", tenant = %tenant.name, webhook = webhook.name, error = failure.message,
                "webhook {} of {} is not registered: {failure}", webhook.name, tenant.name,
            );
            Ok(Err(failure))
        }
    }
}

async fn intend(
    ledger: &Ledger,
    host: &Host,
    tenant: &Tenant,
    webhook: &Webhook,
    digest: Digest,
) -> Result<OpenWebhook, StepError> {
    let open = OpenWebhook {
        settings_digest: digest,
        idempotency_key: (host.new_id)(),
        correlation_id: (host.new_id)(),
    };
    let intent = WebhookIntent {
        tenant: tenant.name.clone(),
        webhook: webhook.name.clone(),
        settings_digest: digest,
        url: webhook.url.clone(),
        idempotency_key: open.idempotency_key,
        correlation_id: open.correlation_id,
    };
    ledger.append(Event::WebhookIntent(intent)).await?;
    Ok(open)
}
