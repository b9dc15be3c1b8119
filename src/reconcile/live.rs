//! Looking at what tenants really have: at each tenant's interval, and when it says that something changed there.
//!
//! A tenant is asked at the end of its part of a pass, so that what was just brought live is seen as such, and no tenant
//! keeps another waiting for longer than its steps do. What differs is for the next pass, which follows at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::Reconciler;
use crate::config::Tenant;
use crate::live::{LiveView, TenantLive};
use crate::outcome::Fault;
use crate::policy::TenantName;
use crate::remote::WriteTenant;

/// Tenants that are to be looked at now, whoever asks for it.
#[derive(Debug, Clone, Default)]
pub struct Looks(Arc<Mutex<BTreeSet<TenantName>>>);

impl Looks {
    /// Asks for a look at a tenant. Asked twice is asked once.
    pub fn ask(&self, tenant: TenantName) {
        self.asked().insert(tenant);
    }

    fn take(&self, tenant: &TenantName) -> bool {
        self.asked().remove(tenant)
    }

    fn asked(&self) -> MutexGuard<'_, BTreeSet<TenantName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was seen, and when each tenant is asked again.
#[derive(Debug, Default)]
pub(super) struct Lives {
    /// Whether tenants are looked at at all: not by a single pass.
    watching: bool,
    view: LiveView,
    asked: BTreeMap<TenantName, Instant>,
    /// Tenants that were said not to answer.
    silent: BTreeSet<TenantName>,
}

impl<T: WriteTenant> Reconciler<T> {
    /// From now on looks at what tenants have, at their intervals.
    pub fn watch_live(&self) {
        self.lives().watching = true;
    }

    /// Looks at what every tenant has, now. What does not answer stays unknown.
    pub async fn look_at_all(&self) {
        for (name, remote) in &self.tenants {
            if let Some(tenant) = self.settings.tenants.get(name) {
                self.look_at(tenant, remote).await;
            }
        }
    }

    /// Where a look is asked for.
    pub fn looks(&self) -> &Looks {
        &self.looks
    }

    /// What is known of live.
    pub(super) fn view(&self) -> LiveView {
        self.lives().view.clone()
    }

    /// How long until a tenant is to be asked; nothing where none is.
    pub fn live_wait(&self) -> Option<Duration> {
        let lives = self.lives();
        let waits = self.settings.tenants.values().filter(|_| lives.watching).filter_map(|tenant| {
            let asked = lives.asked.get(&tenant.name).map_or(Duration::MAX, Instant::elapsed);
            Some(tenant.live.interval?.saturating_sub(asked))
        });
        waits.min()
    }

    /// Whether a tenant is to be asked now; then it is not for the next interval, also where it can't be reached. A look that
    /// is asked for is given once.
    pub(super) fn is_live_due(&self, tenant: &Tenant) -> bool {
        let asked_for = self.looks.take(&tenant.name);
        let mut lives = self.lives();
        let due = |interval| lives.asked.get(&tenant.name).is_none_or(|asked| asked.elapsed() >= interval);
        let is_due = asked_for || (lives.watching && tenant.live.interval.is_some_and(due));
        if is_due {
            lives.asked.insert(tenant.name.clone(), Instant::now());
        }
        is_due
    }

    /// Asks a tenant what it has, and keeps what differs from what was brought live there.
    pub(super) async fn look_at(&self, tenant: &Tenant, remote: &T) {
        let (name, now) = (&tenant.name, self.host.now());
        let asking = self.ledger.read(|state| TenantLive::ask(now, state, name));
        let listed = remote.live((self.host.new_id)()).await;
        let seen = match &listed {
            Ok(listing) => {
                let (listing, ignore) = (listing.clone(), tenant.live.ignore.clone());
                let ledger = Arc::clone(&self.ledger);
                let compare = move || asking.answered(&listing, |at| ledger.payload_at(at), &ignore);
                self.host.wait_for(compare).await.unwrap_or_else(|_| TenantLive::unknown(now))
            }
            Err(failure) if failure.fault == Fault::NotOffered => TenantLive::not_offered(now),
            Err(_) => TenantLive::unknown(now),
        };
        let mut lives = self.lives();
        match &listed {
            Ok(listing) => {
                lives.silent.remove(name);
                let policies = listing.len();
                debug!(name: "live.read", tenant = %name, policies, "tenant {name} has {policies} policies");
            }
            Err(failure) if lives.silent.insert(name.clone()) => match failure.fault {
                Fault::NotOffered => info!(
                    name: "live.unknown", tenant = %name,
                    "tenant {name} does not say what it has, so what is live there stays unknown",
                ),
                _ => warn!(
                    name: "live.unknown", tenant = %name, error = failure.message,
                    "tenant {name} did not say what it has, so what is live there is unknown: {failure}",
                ),
            },
            Err(_) => {}
        }
        lives.view.tenants.insert(name.clone(), seen);
    }

    fn lives(&self) -> MutexGuard<'_, Lives> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
