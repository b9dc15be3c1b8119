//! How every policy stands, as a table; what needs a word is told below it, then tenants, then the ledger's head.

use std::fmt;

use anstyle::Style;
use jiff::Timestamp;

use super::columns::{Cell, table};
use super::plan::held_whole;
use super::{
    BOLD, CYAN, DIM, GREEN, MAX_DETAIL, PLAIN, RED, Styled, YELLOW, counted, pretty, short_revision, shown,
};
use crate::drift::LiveSync;
use crate::entry::PageVerdict;
use crate::outcome::Verification;
use crate::printable::printable;
use crate::state::Head;
use crate::status::{Health, PageStatus, PolicyStatus, Status, Sync, TenantStatus};

/// The status for people, ages counted to `now`.
pub fn text(status: &Status, now: Timestamp) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        if status.policies.is_empty() {
            writeln!(f, "no policies")?;
        } else {
            let rows = status.policies.iter().map(|policy| row(policy, now)).collect();
            let heading = ["POLICY", "SYNC", "CAUSE", "LIVE", "HEALTH", "DIGEST", "REVISION", "AGE"];
            write!(f, "{}", table(heading, rows))?;
        }
        paragraph(f, status.policies.iter().filter_map(|policy| detail(policy, now)))?;
        tenants(f, &status.tenants)?;
        pages(f, &status.pages, now)?;
        writeln!(f, "\n{}", head(status.ledger))
    })
}

/// The status for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(status: &Status) -> serde_json::Result<String> {
    pretty(status)
}

fn row(policy: &PolicyStatus, now: Timestamp) -> [Cell; 8] {
    let (sync, sync_style) = sync(policy.sync);
    let (health, health_style) = health(policy.health);
    let cause = match (policy.cause, policy.held) {
        (Some(cause), _) => cause.to_string(),
        (None, Some(reason)) => reason.to_string(),
        (None, None) => String::new(),
    };
    [
        Cell::new(subject(policy)),
        Cell::styled(sync_style, sync),
        Cell::new(cause),
        Cell::styled(live(policy.live), policy.live.to_string()),
        Cell::styled(health_style, health),
        Cell::new(digest(policy)),
        Cell::new(policy.revision.as_deref().map(short_revision).unwrap_or_default()),
        Cell::new(policy.applied_at.map(|then| age(then, now)).unwrap_or_default()),
    ]
}

/// *tenant/name*, or the file.
fn subject(policy: &PolicyStatus) -> String {
    match &policy.tenant {
        Some(tenant) => format!("{tenant}/{}", shown(&policy.name)),
        None => shown(&policy.name),
    }
}

fn sync(sync: Sync) -> (&'static str, Style) {
    match sync {
        Sync::Synced => ("Synced", GREEN),
        Sync::OutOfSync => ("OutOfSync", YELLOW),
        Sync::Held => ("Held", YELLOW),
        Sync::Suspended => ("Suspended", YELLOW),
        Sync::Unknown => ("Unknown", DIM),
    }
}

fn health(health: Health) -> (&'static str, Style) {
    match health {
        Health::Healthy => ("Healthy", GREEN),
        Health::Progressing => ("Progressing", CYAN),
        Health::Degraded => ("Degraded", RED),
        Health::Unverified => ("Unverified", YELLOW),
        Health::Unknown => ("Unknown", DIM),
    }
}

fn live(live: LiveSync) -> Style {
    match live {
        LiveSync::Matches => GREEN,
        LiveSync::Differs | LiveSync::Absent => RED,
        LiveSync::Unknown | LiveSync::NotOffered => DIM,
    }
}

/// What was applied, and what is wanted where that is something else.
fn digest(policy: &PolicyStatus) -> String {
    match (policy.applied_digest, policy.digest) {
        (Some(applied), Some(wanted)) if applied != wanted => {
            format!("{}→{}", applied.short(), wanted.short())
        }
        (Some(digest), _) | (None, Some(digest)) => digest.short(),
        (None, None) => String::new(),
    }
}

/// How long ago, in the largest unit that fits: `5m`, `3h`, `2d`.
fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Why a policy is held or not well.
fn detail(policy: &PolicyStatus, now: Timestamp) -> Option<(String, Style, String)> {
    let detail = policy.detail.as_deref().map(|detail| printable(detail, MAX_DETAIL)).unwrap_or_default();
    if let Some(suspension) = &policy.suspension {
        let pending = policy.cause.map(|cause| format!("; {cause} waits")).unwrap_or_default();
        let since = age(suspension.since, now);
        let text = format!("suspended {since} ago {}{pending}", suspension.detail());
        return Some((subject(policy), YELLOW, printable(&text, MAX_DETAIL)));
    }
    if let Some(reason) = policy.held {
        return Some((subject(policy), YELLOW, format!("held ({reason}): {detail}")));
    }
    if !detail.is_empty() {
        return Some((subject(policy), RED, detail));
    }
    let verification = policy.verification?;
    let style = match verification {
        Verification::Degraded => RED,
        Verification::Unverified => YELLOW,
        Verification::Verified | Verification::NotConfigured => return None,
    };
    let rate = policy.success_rate.map(percent).unwrap_or_default();
    Some((subject(policy), style, format!("{verification}: {rate} of probes blocked")))
}

/// A share as whole percents. Rounded down, so that only all is 100%.
pub(super) fn percent(share: f64) -> String {
    format!("{}%", (share * 100.0).floor())
}

fn tenants(f: &mut fmt::Formatter<'_>, tenants: &[TenantStatus]) -> fmt::Result {
    if tenants.is_empty() {
        return Ok(());
    }
    let rows = tenants.iter().map(|tenant| {
        let webhooks: Vec<String> = tenant.webhooks.iter().map(|name| shown(name)).collect();
        let well = tenant.error.is_none() && tenant.breaker.is_closed();
        let style = if well { PLAIN } else { RED };
        [
            Cell::styled(style, tenant.name.as_str()),
            Cell::new(tenant.applied.to_string()),
            Cell::new(tenant.binding.as_deref().map(shown).unwrap_or_default()),
            Cell::new(webhooks.join(", ")),
        ]
    });
    write!(f, "\n{}", table(["TENANT", "APPLIED", "BINDING", "WEBHOOKS"], rows.collect()))?;
    let lines = tenants.iter().flat_map(|tenant| {
        let broken = (!tenant.breaker.is_closed()).then(|| format!("breaker {}", tenant.breaker));
        let held = tenant.held_plan.as_ref().map(|held| held_whole(&held.why, held.digest, held.changes));
        let texts = tenant.error.clone().into_iter().chain(broken).chain(held);
        texts.map(|text| (tenant.name.to_string(), RED, printable(&text, MAX_DETAIL)))
    });
    paragraph(f, lines)
}

/// Pages as they were seen last, and what is wrong with them.
fn pages(f: &mut fmt::Formatter<'_>, pages: &[PageStatus], now: Timestamp) -> fmt::Result {
    if pages.is_empty() {
        return Ok(());
    }
    let style = |page: &PageStatus| if page.seen.verdict == PageVerdict::Matches { GREEN } else { RED };
    let rows = pages.iter().map(|page| {
        [
            Cell::new(shown(page.url.as_str())),
            Cell::new(format!("{}/{}", page.tenant, page.seen.policy)),
            Cell::styled(style(page), page.seen.verdict.name()),
            Cell::new(age(page.seen.time, now)),
        ]
    });
    write!(f, "\n{}", table(["PAGE", "POLICY", "SEEN", "AGE"], rows.collect()))?;
    let wrong = pages.iter().filter(|page| !page.seen.detail.is_empty());
    paragraph(
        f,
        wrong.map(|page| (shown(page.url.as_str()), style(page), printable(&page.seen.detail, MAX_DETAIL))),
    )
}

/// A line for each name that something is to be said of, behind an empty one.
fn paragraph(
    f: &mut fmt::Formatter<'_>,
    lines: impl Iterator<Item = (String, Style, String)>,
) -> fmt::Result {
    let mut separator = "\n";
    for (name, style, text) in lines {
        writeln!(f, "{separator}{}: {}", Styled(BOLD, name), Styled(style, text))?;
        separator = "";
    }
    Ok(())
}

fn head(head: Head) -> String {
    match usize::try_from(head.sequence).unwrap_or(usize::MAX) {
        0 => "ledger: no entries".to_owned(),
        entries => format!("ledger: {}, head {}", counted(entries, "entry", "entries"), head.hash.short()),
    }
}

#[cfg(test)]
mod tests;
