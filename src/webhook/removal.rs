//! Removing webhooks that were replaced, or that left the settings.
//!
//! Their ids stay on record until the tenant says that they are gone. A tenant that offers no removal is told of once.

use tracing::{info, warn};
use uuid::Uuid;

use super::Registrar;
use crate::deploy::StepError;
use crate::entry::{Event, WebhookRemoved};
use crate::outcome::{Failure, Fault};
use crate::remote::WriteTenant;
use crate::state::WebhookState;

impl<T: WriteTenant> Registrar<'_, T> {
    /// Removes what is registered under a name and not wanted: all of it, if the settings don't have the name any more.
    pub(super) async fn remove(&self, name: &str) -> Result<Result<(), Failure>, StepError> {
        let Some(known) = self.known(name) else { return Ok(Ok(())) };
        let correlation = (self.host.new_id)();
        let is_wanted = self.tenant.webhooks.iter().any(|webhook| webhook.name == name);
        let ids = match is_wanted {
            true => known.obsolete.clone(),
            false => match self.every_id(name, &known, correlation).await {
                Ok(ids) => ids,
                Err(failure) => return Ok(Err(failure)),
            },
        };
        for id in &ids {
            if let Err(failure) = self.remove_one(name, id, correlation).await? {
                return Ok(Err(failure));
            }
        }
        if !is_wanted && self.known(name).is_some() {
            let is_lost = ids.is_empty() && (known.registered.is_some() || known.open.is_some());
            let left =
                is_lost.then(|| "the tenant never said its id, so it can't be removed there".to_owned());
            self.record(name, None, correlation, (0, left)).await?;
        }
        Ok(Ok(()))
    }

    /// Removes one registration. Where that is not offered, it is left there, said once, and as good as gone.
    pub(super) async fn remove_one(
        &self,
        name: &str,
        id: &str,
        correlation: Uuid,
    ) -> Result<Result<(), Failure>, StepError> {
        let told = match self.remote.remove_webhook(id, correlation).await {
            Ok(attempts) => (attempts, None),
            Err(failure) if failure.fault == Fault::NotOffered => (failure.attempts, Some(failure.message)),
            Err(failure) => {
                let tenant = &self.tenant.name;
                warn!(
                    name: "webhook.failed", tenant = %tenant, webhook = name, id, error = failure.message,
                    "webhook {name} of {tenant} is not removed, and will be tried again: {failure}",
                );
                return Ok(Err(failure));
            }
        };
        self.record(name, Some(id), correlation, told).await?;
        Ok(Ok(()))
    }

    /// Ids that the tenant lists under a name, and that are not on record.
    pub(super) async fn strangers(&self, name: &str, correlation: Uuid) -> Result<Vec<String>, Failure> {
        let known = self.known(name).unwrap_or_default();
        let mut found = self.remote.find_webhooks(name, correlation).await?;
        found.retain(|id| !known.ids().any(|known| known == id));
        Ok(found)
    }

    /// Ids on record, and where those are not all, what the tenant lists.
    async fn every_id(
        &self,
        name: &str,
        known: &WebhookState,
        correlation: Uuid,
    ) -> Result<Vec<String>, Failure> {
        let mut ids: Vec<String> = known.ids().cloned().collect();
        let nameless = known.registered.as_ref().is_some_and(|registered| registered.webhook_id.is_none());
        if nameless || known.open.is_some() {
            match self.strangers(name, correlation).await {
                Err(failure) if failure.fault != Fault::NotOffered => return Err(failure),
                found => ids.extend(found.unwrap_or_default()),
            }
        }
        Ok(ids)
    }

    async fn record(
        &self,
        name: &str,
        id: Option<&str>,
        correlation_id: Uuid,
        (attempts, left): (u32, Option<String>),
    ) -> Result<(), StepError> {
        let tenant = &self.tenant.name;
        match &left {
            Some(why) => warn!(
                name: "webhook.left", tenant = %tenant, webhook = name, id, error = why,
                "webhook {name} of {tenant} is not wanted any more, but stays there: {why}",
            ),
            None => info!(
                name: "webhook.removed", tenant = %tenant, webhook = name, id,
                "webhook {name} of {tenant} is removed",
            ),
        }
        let removed = WebhookRemoved {
            tenant: tenant.clone(),
            webhook: name.to_owned(),
            webhook_id: id.map(str::to_owned),
            correlation_id,
            attempts,
            left,
        };
        self.ledger.append(Event::WebhookRemoved(removed)).await?;
        Ok(())
    }
}
