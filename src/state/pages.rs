//! How pages were seen last: what is kept of looks, so that the next is made when it is due, and not sooner.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::digest::Digest;
use crate::entry::{PageDropped, PageObserved, PageVerdict};
use crate::policy::{PolicyName, TenantName};

/// How many pages of a tenant are looked at.
pub const MAX_PAGES: usize = 100;
/// How much of what came of a look is kept, in characters.
const MAX_DETAIL: usize = 500;

/// Pages by tenant and address; at most [`MAX_PAGES`] of a tenant, of more those that were seen last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pages(BTreeMap<TenantName, BTreeMap<Url, Seen>>);

/// The last look at a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The policy that it was held to.
    pub policy: PolicyName,
    /// When.
    pub time: Timestamp,
    /// When the page was last had, or first asked for where it never was.
    pub had_at: Timestamp,
    /// What came of it.
    pub verdict: PageVerdict,
    /// How many looks in a row came to something else than a match.
    #[serde(default)]
    pub misses: u32,
    /// What was live of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_digest: Option<Digest>,
    /// Of all that the page said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_digest: Option<Digest>,
    /// What is wrong, in one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Pages {
    /// Whether none was ever looked at.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last look at a page.
    pub fn get(&self, tenant: &TenantName, url: &Url) -> Option<&Seen> {
        self.0.get(tenant)?.get(url)
    }

    /// Every page with the last look at it, in the order of tenants and addresses.
    pub fn iter(&self) -> impl Iterator<Item = (&TenantName, &Url, &Seen)> {
        self.0.iter().flat_map(|(tenant, pages)| pages.iter().map(move |(url, seen)| (tenant, url, seen)))
    }

    pub(super) fn see(&mut self, observed: &PageObserved, time: Timestamp) {
        let pages = self.0.entry(observed.id.tenant.clone()).or_default();
        let before = pages.get(&observed.url);
        let misses = match observed.verdict {
            PageVerdict::Matches => 0,
            _ => before.map_or(0, |seen| seen.misses).saturating_add(1),
        };
        let had_at = match observed.verdict.was_seen() {
            true => time,
            false => before.map_or(time, |seen| seen.had_at),
        };
        let seen = Seen {
            policy: observed.id.name.clone(),
            time,
            had_at,
            verdict: observed.verdict,
            misses,
            policy_digest: observed.policy_digest,
            header_digest: observed.header_digest,
            detail: observed.detail().chars().take(MAX_DETAIL).collect(),
        };
        pages.insert(observed.url.clone(), seen);
        if pages.len() > MAX_PAGES
            && let Some(oldest) = pages.iter().min_by_key(|(_, seen)| seen.time).map(|(url, _)| url.clone())
        {
            pages.remove(&oldest);
        }
    }

    pub(super) fn drop_page(&mut self, dropped: &PageDropped) -> Result<(), String> {
        let known = self.0.get_mut(&dropped.tenant).and_then(|pages| pages.remove(&dropped.url));
        self.0.retain(|_, pages| !pages.is_empty());
        known.map(drop).ok_or_else(|| format!("{} was never looked at", dropped.url))
    }

    pub(super) fn forget(&mut self, tenant: &TenantName) {
        self.0.remove(tenant);
    }
}
