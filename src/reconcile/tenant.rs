//! A tenant's ups and downs, on record and said once: whether it can be worked with, and how its breaker stands.

use std::sync::PoisonError;

use tracing::{info, warn};

use super::Reconciler;
use crate::config::Tenant;
use crate::deploy::StepError;
use crate::entry::{BreakerChanged, Event, TenantFailed, TenantRecovered};
use crate::outcome::Failure;
use crate::policy::TenantName;
use crate::remote::WriteTenant;

impl<T: WriteTenant> Reconciler<T> {
    /// Puts on record how the tenant's breaker stands, where that is not what the record says.
    pub(super) async fn record_breaker(&self, name: &TenantName, remote: &T) -> Result<(), StepError> {
        let breaker = remote.breaker();
        let known = self.ledger.read(|state| state.tenants.get(name).is_some_and(|it| it.breaker == breaker));
        if !known {
            self.ledger.append(Event::Breaker(BreakerChanged { tenant: name.clone(), breaker })).await?;
        }
        Ok(())
    }

    /// Obtains a token before anything is meant; a tenant that can't be worked with is said once, and once that it can.
    pub(super) async fn connect(
        &self,
        tenant: &Tenant,
        remote: &T,
    ) -> Result<Result<(), Failure>, StepError> {
        let connected = remote.connect().await;
        let before = self.ledger.read(|state| state.tenants.get(&tenant.name)?.failure.clone());
        let name = tenant.name.clone();
        match &connected {
            Ok(()) if before.is_some() => {
                let times = self.failures(&name, false);
                info!(
                    name: "tenant.recovered", tenant = %name, times,
                    "tenant {name} can be reached again, after {times} failed passes",
                );
                self.ledger.append(Event::TenantRecovered(TenantRecovered { tenant: name })).await?;
            }
            Ok(()) => {}
            Err(failure) => {
                let times = self.failures(&name, true);
                // The same again is only counted.
                if times == 1 || before.as_ref() != Some(&failure.message) {
                    warn!(
                        name: "tenant.failed", tenant = %name, error = failure.message, times,
                        "tenant {name}: {failure}",
                    );
                }
                if before.as_ref() != Some(&failure.message) {
                    let failed = TenantFailed { tenant: name, error: failure.message.clone() };
                    self.ledger.append(Event::TenantFailed(failed)).await?;
                }
            }
        }
        Ok(connected)
    }

    /// How often in a row a tenant could not be worked with, this time included; a success ends the row.
    fn failures(&self, name: &TenantName, again: bool) -> u32 {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if !again {
            return failed.remove(name).unwrap_or_default();
        }
        let times = failed.entry(name.clone()).or_default();
        *times = times.saturating_add(1);
        *times
    }
}
