//! Evidence: what pages sent and what was changed in a time, gathered entry by entry as the ledger is proven.
//!
//! What is looked for are weeks in which nobody looked (PCI DSS 4.0.1, 11.6.1): only a page that was had counts as seen.
//! Times are those of the ledger.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::audit::deployments::{Deployment, Deployments};
use super::audit::proof;
use super::pretty;
use crate::config::Page;
use crate::digest::EntryHash;
use crate::entry::{Entry, Event, PageObserved, PageVerdict};
use crate::ledger::Proof;
use crate::policy::{PolicyName, TenantName};

mod markdown;

pub use markdown::markdown;

/// The version of the JSON shape.
pub const VERSION: u32 = 1;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Of which time, and of whom.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    /// From this moment on.
    pub since: Timestamp,
    /// Up to this one, which is no part of it.
    pub until: Timestamp,
    /// Of this tenant alone, if one is named.
    pub tenant: Option<TenantName>,
}

impl Window {
    fn has(&self, time: Timestamp) -> bool {
        (self.since..self.until).contains(&time)
    }

    fn is_about(&self, tenant: Option<&TenantName>) -> bool {
        self.tenant.is_none() || self.tenant.as_ref() == tenant
    }
}

/// A report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Of this shape.
    pub version: u32,
    /// What it is about.
    #[serde(flatten)]
    pub window: Window,
    /// When it was made.
    pub made_at: Timestamp,
    /// What was proven of the ledger, as `audit verify` says it.
    pub proof: Value,
    /// In the order of tenants and addresses.
    pub pages: Vec<PageEvidence>,
    /// What was deployed, rolled back or removed.
    pub changes: Vec<Deployment>,
}

/// What is on record of a page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageEvidence {
    /// Its tenant.
    pub tenant: TenantName,
    /// Its address.
    pub url: Url,
    /// How many looks came to what.
    pub counts: BTreeMap<PageVerdict, usize>,
    /// Times longer than a week in which the page was not had.
    pub gaps: Vec<Gap>,
    /// When the settings ceased to name it.
    pub dropped: Vec<Timestamp>,
    /// Every look, oldest first.
    pub looks: Vec<Look>,
}

/// A time in which a page was not had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// When it was had before, or the report begins.
    pub from: Timestamp,
    /// When it was had again, or the report ends.
    pub to: Timestamp,
}

/// A look, with its entry.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// The entry's sequence.
    pub entry: u64,
    /// Its hash.
    pub hash: EntryHash,
    /// When.
    pub time: Timestamp,
    /// What it came to.
    #[serde(flatten)]
    pub observed: PageObserved,
}

/// A report while it is gathered.
pub struct Gathering {
    window: Window,
    pages: BTreeMap<(TenantName, Url), Trail>,
    deployments: Deployments,
}

/// A page while it is followed.
#[derive(Default)]
struct Trail {
    /// Since when it was not had; nothing while it is not looked at.
    since: Option<Timestamp>,
    gaps: Vec<Gap>,
    dropped: Vec<Timestamp>,
    looks: Vec<Look>,
}

impl Trail {
    /// It was had, or the time is over.
    fn had(&mut self, window: &Window, time: Timestamp) {
        if let Some(from) = self.since
            && time > window.since
            && time.duration_since(from) > WEEK
        {
            self.gaps.push(Gap { from, to: time });
        }
        self.since = Some(time);
    }
}

impl Gathering {
    /// Nothing yet.
    pub fn new(window: Window) -> Self {
        Self { window, pages: BTreeMap::new(), deployments: Deployments::default() }
    }

    /// A page that the settings name is in the report, looked at or not.
    pub fn expect(&mut self, tenant: &TenantName, page: &Page) {
        if self.window.is_about(Some(tenant)) {
            let trail = self.pages.entry((tenant.clone(), page.url.clone())).or_default();
            trail.since = Some(self.window.since);
        }
    }

    /// The next entry.
    pub fn add(&mut self, entry: &Entry, hash: EntryHash) {
        if !self.window.is_about(entry.event.tenant()) || entry.time >= self.window.until {
            return;
        }
        match &entry.event {
            Event::PageObserved(observed) => self.observed(entry, hash, observed),
            Event::PageDropped(dropped) => {
                let trail = self.pages.entry((dropped.tenant.clone(), dropped.url.clone())).or_default();
                trail.had(&self.window, entry.time);
                trail.since = None;
                trail.dropped.extend(self.window.has(entry.time).then_some(entry.time));
            }
            // An effect counts by its intent, whose time is that of the change.
            Event::Intent(_) if entry.time < self.window.since => {}
            _ => self.deployments.add(entry),
        }
    }

    fn observed(&mut self, entry: &Entry, hash: EntryHash, observed: &PageObserved) {
        let key = (observed.id.tenant.clone(), observed.url.clone());
        let trail = self.pages.entry(key).or_default();
        if trail.since.is_none() {
            trail.since = Some(entry.time);
        }
        if observed.verdict.was_seen() {
            trail.had(&self.window, entry.time);
        }
        if self.window.has(entry.time) {
            let observed = observed.clone();
            trail.looks.push(Look { entry: entry.sequence, hash, time: entry.time, observed });
        }
    }

    /// The report, once the ledger is proven.
    pub fn end(self, proof: &Proof, checked: bool, made_at: Timestamp) -> Evidence {
        let Self { window, pages, deployments } = self;
        let page = |((tenant, url), mut trail): ((TenantName, Url), Trail)| {
            if trail.since.is_some() {
                trail.had(&window, window.until);
            }
            let Trail { gaps, dropped, looks, .. } = trail;
            let mut counts = BTreeMap::new();
            for look in &looks {
                *counts.entry(look.observed.verdict).or_default() += 1;
            }
            let is_there = !looks.is_empty() || !gaps.is_empty() || !dropped.is_empty();
            is_there.then_some(PageEvidence { tenant, url, counts, gaps, dropped, looks })
        };
        let pages = pages.into_iter().filter_map(page).collect();
        let proof = proof::json(proof, checked);
        Evidence { version: VERSION, window, made_at, proof, pages, changes: deployments.end() }
    }
}

impl PageEvidence {
    /// The policies that it was held to.
    pub fn policies(&self) -> Vec<&PolicyName> {
        let mut policies: Vec<_> = self.looks.iter().map(|look| &look.observed.id.name).collect();
        policies.sort();
        policies.dedup();
        policies
    }
}

/// The report for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(evidence: &Evidence) -> serde_json::Result<String> {
    pretty(evidence)
}

#[cfg(test)]
mod tests;
