//! Looking at pages as browsers receive them: when a look is due, and on record what it came to.
//!
//! ```text
//! state (last look) ─ due ─► page ─► observed ─► ledger: page.observed ─► state
//! ```
//!
//! The rhythm is in the ledger, not in the process: a restart neither loses a week nor looks before it is over. Looks
//! are made beside passes, never within one, so that a page that hangs keeps no policy waiting.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::config::{self, Settings};
use crate::direction::directives;
use crate::entry::{Event, PageDropped, PageObserved, PageVerdict};
use crate::host::Host;
use crate::ledger::{Ledger, LedgerError};
use crate::observed::{self, Outcome, Received};
use crate::page;
use crate::policy::{PolicyId, TenantName};
use crate::printable::printable;
use crate::state::Position;

/// How many pages are fetched at once.
const AT_ONCE: usize = 4;
/// The longest reason that is put on record.
const MAX_ERROR: usize = 300;

/// Which looks are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// Those that are due.
    Due,
    /// One at each page.
    All,
}

/// Looks at pages.
pub struct Observer {
    ledger: Arc<Ledger>,
    host: Host,
    pages: Vec<(TenantName, config::Page)>,
}

impl Observer {
    /// For the pages of the settings.
    pub fn new(settings: &Settings, ledger: Arc<Ledger>, host: Host) -> Self {
        let of = |tenant: &config::Tenant| {
            let name = tenant.name.clone();
            tenant.observe.clone().into_iter().map(move |page| (name.clone(), page))
        };
        Self { ledger, host, pages: settings.tenants.values().flat_map(of).collect() }
    }

    /// Whether there is no page to look at.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Looks at pages when they are due, until it is stopped. What is live is known once a pass has ended.
    ///
    /// # Errors
    /// Only where the ledger fails.
    pub async fn run(&self, passed: &Notify, stop: &CancellationToken) -> Result<(), LedgerError> {
        self.drop_unnamed().await?;
        if self.is_empty() {
            return Ok(());
        }
        let mut wait = None;
        loop {
            let waited = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = passed.notified() => {}
                () = waited => {}
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                looked = self.look(Looks::Due) => { looked?; }
            }
            wait = self.wait();
        }
    }

    /// Puts on record which pages the settings name no longer.
    ///
    /// # Errors
    /// Only where the ledger fails.
    pub async fn drop_unnamed(&self) -> Result<(), LedgerError> {
        let is_named = |tenant: &TenantName, url: &url::Url| {
            self.pages.iter().any(|(name, page)| name == tenant && page.url == *url)
        };
        let dropped: Vec<PageDropped> = self.ledger.read(|state| {
            let unnamed = state.pages.iter().filter(|(tenant, url, _)| !is_named(tenant, url));
            unnamed.map(|(tenant, url, _)| PageDropped { tenant: tenant.clone(), url: url.clone() }).collect()
        });
        for page in dropped {
            info!(
                name: "page.dropped", tenant = %page.tenant, url = %page.url,
                "{} is looked at no more: the settings name it no longer", page.url,
            );
            self.ledger.append(Event::PageDropped(page)).await?;
        }
        Ok(())
    }

    /// Makes looks, and gives what they came to, in the order in which they ended.
    ///
    /// # Errors
    /// Only where the ledger fails.
    pub async fn look(&self, looks: Looks) -> Result<Vec<PageObserved>, LedgerError> {
        let now = self.host.now();
        let wanted = |(tenant, page): &&(TenantName, config::Page)| {
            looks == Looks::All || self.due(tenant, page, now) <= now
        };
        let wanted = self.pages.iter().filter(wanted);
        let wanted: Vec<_> = wanted.map(|(tenant, page)| self.look_at(tenant, page)).collect();
        stream::iter(wanted).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// How long until the next look is due.
    fn wait(&self) -> Option<Duration> {
        let now = self.host.now();
        let due = self.pages.iter().map(|(tenant, page)| self.due(tenant, page, now)).min()?;
        Some(due.duration_since(now).try_into().unwrap_or_default())
    }

    fn due(&self, tenant: &TenantName, page: &config::Page, now: jiff::Timestamp) -> jiff::Timestamp {
        self.ledger.read(|state| {
            let known = state.tenants.get(tenant).and_then(|tenant| tenant.policies.get(&page.policy));
            let applied = known.and_then(|policy| policy.applied.as_ref()).map(|applied| applied.digest);
            observed::due(state.pages.get(tenant, &page.url), page.every, applied, now)
        })
    }

    async fn look_at(&self, tenant: &TenantName, page: &config::Page) -> Result<PageObserved, LedgerError> {
        let id = PolicyId::new(tenant.clone(), page.policy.clone());
        let applied = self.ledger.read(|state| {
            state.policy(&id)?.applied.as_ref().map(|applied| (applied.digest, applied.intent))
        });
        let fetched = page::fetch(page.address()).await;
        let mut observed = PageObserved {
            id,
            url: page.url.clone(),
            landed_at: None,
            verdict: PageVerdict::Unreachable,
            policy_digest: applied.map(|(digest, _)| digest),
            header_digest: None,
            enforced: 0,
            report_only: 0,
            difference: None,
            error: None,
        };
        let outcome = match fetched {
            Ok(fetched) => {
                observed.header_digest = fetched.received.digest();
                observed.landed_at = Some(fetched.landed_at).filter(|landed| landed != page.address());
                self.compare(fetched.received, applied.map(|(_, intent)| intent)).await
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(Outcome { verdict, difference, enforced, report_only }) => {
                observed = PageObserved { verdict, difference, enforced, report_only, ..observed };
            }
            Err(error) => observed.error = Some(printable(&error, MAX_ERROR)),
        }
        self.record(observed).await
    }

    /// Holds what was received against the payload of an intent, where reading files keeps nobody else waiting.
    async fn compare(&self, received: Received, intent: Option<Position>) -> Result<Outcome, String> {
        let ledger = Arc::clone(&self.ledger);
        let compare = move || {
            let payload = intent.map(|intent| {
                let unread = || "what was brought live can't be read from the ledger".to_owned();
                ledger.payload_at(intent).ok_or_else(unread)
            });
            let payload = payload.transpose()?;
            let policy = payload.map(|it| directives(&it.security_profile.content_security_policy));
            received.against(policy.as_ref())
        };
        let compared = self.host.wait_for(compare).await;
        compared.unwrap_or_else(|_| Err("it could not be compared".to_owned()))
    }

    async fn record(&self, observed: PageObserved) -> Result<PageObserved, LedgerError> {
        let known = self.ledger.read(|state| {
            let seen = state.pages.get(&observed.id.tenant, &observed.url)?;
            Some((seen.verdict, seen.header_digest))
        });
        let recorded = self.ledger.append(Event::PageObserved(Box::new(observed.clone()))).await?;
        let PageObserved { id, url, verdict, .. } = &observed;
        let detail = observed.detail();
        let colon = if detail.is_empty() { "" } else { ": " };
        // What stays as it is, is said once.
        if known == Some((*verdict, observed.header_digest)) {
            debug!(
                name: "page.observed", policy = %id, url = %url, verdict = %verdict, detail,
                entry = recorded.sequence, head = %recorded.hash, "{url} against {id}: {verdict}, as before",
            );
        } else if *verdict == PageVerdict::Matches {
            info!(
                name: "page.observed", policy = %id, url = %url, verdict = %verdict, detail,
                entry = recorded.sequence, head = %recorded.hash,
                "{url} against {id}: {verdict}, entry {}, head {}", recorded.sequence, recorded.hash,
            );
        } else {
            warn!(
                name: "page.observed", policy = %id, url = %url, verdict = %verdict, detail,
                entry = recorded.sequence, head = %recorded.hash,
                "{url} against {id}: {verdict}{colon}{detail}, entry {}, head {}", recorded.sequence, recorded.hash,
            );
        }
        Ok(observed)
    }
}
