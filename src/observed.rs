//! What a page sends of Content-Security-Policy, held against the policy that was brought live for it, by what both mean.
//!
//! ```text
//! headers, <meta> ─► received ─► what a browser enforces ─┐
//!                               the policy that is applied ┴─► verdict: missing, extra, allowed, blocked
//! ```
//!
//! A page has to satisfy every policy that it sends, in several headers, behind commas, or in `<meta>`. So one that is
//! sent twice counts once, one that the policy itself implies changes nothing, and directives that are spread over
//! several are put together again where that is the same to a browser. Where reports go is no part of it: that allows
//! and blocks nothing, and tenants put in their own.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::csp::directive::{self, Grammar};
use crate::csp::{Directive, Directives, header};
use crate::digest::Digest;
use crate::direction::header::{Change, ChangeKind, Difference};
use crate::direction::{Assessment, Direction};
use crate::entry::{PageDifference, PageVerdict};
use crate::printable::printable;
use crate::state::Seen;

pub mod meta;

/// How many policies a page may send. Nobody sends as many, and what is compared has to be bounded.
pub const MAX_POLICIES: usize = 100;
/// How many names and values all of them may have.
const MAX_WORDS: usize = 5_000;
/// How many missing, and how many extra values are told, and how long each may be.
const MAX_VALUES: usize = 20;
const MAX_VALUE: usize = 300;
/// Directives that only say where reports go.
const REPORTING: [&str; 2] = ["report-uri", "report-to"];
/// Directives that browsers overlook in `<meta>` (CSP3 §3.3).
const NOT_IN_META: [&str; 2] = ["frame-ancestors", "sandbox"];

/// Where a page said something of Content-Security-Policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `Content-Security-Policy`
    Header,
    /// `Content-Security-Policy-Report-Only`
    ReportOnly,
    /// `<meta http-equiv=content-security-policy>`
    Meta,
}

/// All that a page said of it, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received(pub Vec<(Place, String)>);

/// What a page that was had comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The word for it.
    pub verdict: PageVerdict,
    /// How what is enforced differs.
    pub difference: Option<PageDifference>,
    /// How many policies are enforced.
    pub enforced: usize,
    /// How many are only reported.
    pub report_only: usize,
}

impl Received {
    /// The digest of all that was said, nothing where nothing was.
    pub fn digest(&self) -> Option<Digest> {
        let mut text = String::new();
        for (place, value) in &self.0 {
            text += &format!("{place:?} {} {value}\n", value.len());
        }
        (!self.0.is_empty()).then(|| Digest::of(text.as_bytes()))
    }

    fn policies(&self, taken: impl Fn(Place) -> bool) -> Vec<Directives> {
        let said = self.0.iter().filter(|(place, _)| taken(*place));
        let policies = said.flat_map(|(place, value)| {
            let drop: &[&str] = if *place == Place::Meta { &NOT_IN_META } else { &[] };
            header::policies(value, 1).into_iter().map(|policy| without(policy, drop))
        });
        policies.filter(|policy| !policy.0.is_empty()).collect()
    }

    /// Holds it against what was brought live of the policy, where anything was.
    ///
    /// # Errors
    /// Where there is too much of it.
    pub fn against(&self, policy: Option<&Directives>) -> Result<Outcome, String> {
        let enforced = self.policies(|place| place != Place::ReportOnly);
        let reported = self.policies(|place| place == Place::ReportOnly);
        let words = |policy: &Directives| policy.0.iter().map(|it| 1 + it.sources().len()).sum::<usize>();
        let all = || enforced.iter().chain(&reported);
        if all().count() > MAX_POLICIES || all().map(words).sum::<usize>() > MAX_WORDS {
            return Err(format!("it sends over {MAX_POLICIES} policies or {MAX_WORDS} names and values"));
        }
        let (difference, verdict) = match policy {
            None => (None, PageVerdict::Unapplied),
            Some(policy) => {
                let difference = differs(&without(policy.clone(), &[]), enforced.clone());
                let verdict = match &difference {
                    _ if enforced.is_empty() => PageVerdict::None,
                    Some(_) => PageVerdict::Differs,
                    None => PageVerdict::Matches,
                };
                (difference, verdict)
            }
        };
        Ok(Outcome { verdict, difference, enforced: enforced.len(), report_only: reported.len() })
    }
}

/// A policy without where its reports go, and without these.
fn without(mut policy: Directives, names: &[&str]) -> Directives {
    let named = |directive: &Directive, names: &[&str]| {
        names.iter().any(|name| directive.name.eq_ignore_ascii_case(name))
    };
    policy.0.retain(|directive| !named(directive, &REPORTING) && !named(directive, names));
    policy
}

/// How these policies together differ from one; nothing where they mean the same.
fn differs(policy: &Directives, enforced: Vec<Directives>) -> Option<PageDifference> {
    let mut enforced = merged(distinct(enforced));
    let direction = |other: &Directives| Assessment::of_policies(policy, other).direction;
    if enforced.iter().any(|it| direction(it) == Direction::Neutral) {
        // The policy is there: what allows all that it does takes nothing away.
        enforced.retain(|it| !matches!(direction(it), Direction::Neutral | Direction::Weakens));
        if enforced.is_empty() {
            return None;
        }
        enforced.insert(0, policy.clone());
    }
    // The one that is nearest to the policy is compared with it; what the others have is extra.
    let old = std::slice::from_ref(policy);
    enforced.sort_by_cached_key(|it| {
        Difference::between(old, std::slice::from_ref(it)).directives.iter().map(distance).sum::<usize>()
    });
    let difference = Difference::between(old, &enforced);
    let (allowed, blocked): (Vec<_>, Vec<_>) =
        (difference.allowed().map(|it| it.name().to_owned()).collect(), difference.blocked().collect());
    if difference.assessment.direction == Direction::Neutral && allowed.is_empty() && blocked.is_empty() {
        return None;
    }
    let (missing, extra) = values(&difference.directives);
    let more = missing.len().saturating_sub(MAX_VALUES) + extra.len().saturating_sub(MAX_VALUES);
    let told = |values: Vec<String>| {
        values.into_iter().take(MAX_VALUES).map(|value| printable(&value, MAX_VALUE)).collect()
    };
    Some(PageDifference {
        missing: told(missing),
        extra: told(extra),
        more,
        allowed,
        blocked: blocked.into_iter().map(|it| it.name().to_owned()).collect(),
        assessment: difference.assessment,
    })
}

fn distance(change: &Change) -> usize {
    1 + change.added.len() + change.removed.len()
}

/// Directives and values by side: what only the policy has, and what only the page has.
fn values(changes: &[Change]) -> (Vec<String>, Vec<String>) {
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    for Change { directive, kind, added, removed, .. } in changes {
        let told = |values: &[String]| format!("{directive} {}", values.join(" ")).trim_end().to_owned();
        match kind {
            ChangeKind::Added => extra.push(told(added)),
            ChangeKind::Removed => missing.push(told(removed)),
            ChangeKind::Changed => {
                missing.extend((!removed.is_empty()).then(|| told(removed)));
                extra.extend((!added.is_empty()).then(|| told(added)));
            }
        }
    }
    (missing, extra)
}

/// Policies that mean something of their own: the same once more asks for nothing more.
fn distinct(policies: Vec<Directives>) -> Vec<Directives> {
    let mut distinct: Vec<Directives> = Vec::with_capacity(policies.len());
    for policy in policies {
        let slice = std::slice::from_ref(&policy);
        let known = |other: &Directives| {
            Difference::between(std::slice::from_ref(other), slice).directives.is_empty()
        };
        if !distinct.iter().any(known) {
            distinct.push(policy);
        }
    }
    distinct
}

/// Policies with as many of them put together as is the same to a browser: those that have no directive in common, and of
/// which at most one has directives that stand in for others.
fn merged(policies: Vec<Directives>) -> Vec<Directives> {
    let mut merged: Vec<Directives> = Vec::with_capacity(policies.len());
    for policy in policies {
        let shares = |other: &Directives| policy.0.iter().any(|it| other.get(&it.name).is_some());
        let rival = |other: &Directives| has_fetch(&policy) && has_fetch(other);
        let fits = |other: &&mut Directives| !shares(other) && !rival(other);
        match merged.iter_mut().find(fits) {
            Some(other) => other.0.extend(policy.0),
            None => merged.push(policy),
        }
    }
    merged
}

/// Whether it has a directive that another one may stand in for, or that may stand in for another.
fn has_fetch(policy: &Directives) -> bool {
    let is_fetch = |directive: &Directive| {
        directive::lookup(&directive.name).is_none_or(|info| {
            info.grammar == Grammar::SourceList && (!info.fallbacks.is_empty() || info.name == "default-src")
        })
    };
    policy.0.iter().any(is_fetch)
}

/// The longest between two looks at a page that is not as it should be.
const MAX_BACK_OFF: Duration = Duration::from_secs(3600);
const BACK_OFF: Duration = Duration::from_secs(60);
/// How much before its time a look is made, as a part of the time between two: so that a page which does not answer at
/// once is still seen in time.
const LEAD: u32 = 24;

/// When a page is to be looked at, where it should be looked at once in `every`, and `applied` is what is live of its
/// policy. At once, if it never was, if something else was brought live since, and if the last look is from the future.
///
/// A page that is not as it should be is looked at again after a minute, doubled to an hour.
pub fn due(seen: Option<&Seen>, every: Duration, applied: Option<Digest>, now: Timestamp) -> Timestamp {
    let Some(seen) = seen.filter(|seen| seen.time <= now) else { return now };
    if seen.policy_digest != applied {
        return now;
    }
    let usual = every - every / LEAD;
    let wait = match seen.misses {
        0 => usual,
        misses => BACK_OFF.saturating_mul(1 << (misses - 1).min(16)).min(MAX_BACK_OFF).min(usual),
    };
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    seen.time.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
