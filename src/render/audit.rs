//! The ledger as it is read: every entry on a line of its own, or as the JSON that it is, with its hash.
//!
//! The view by deployment is in [`deployments`], what proving it showed in [`proof`].

use std::fmt;

use serde::Serialize;

use super::columns::{Cell, table};
use super::status::percent;
use super::{GREEN, PLAIN, RED, counted, pretty, short_revision, shown};
use crate::breaker::BreakerState;
use crate::digest::{Digest, EntryHash};
use crate::entry::{Entry, Event, Intent, Origin, Suspended};
use crate::printable::printable;

pub mod deployments;
pub mod proof;

/// The longest job id and the longest error of a line.
const MAX_JOB: usize = 40;
const MAX_DETAIL: usize = 100;

/// A line for each entry, in the order given.
pub fn text(entries: &[(Entry, EntryHash)]) -> impl fmt::Display {
    let heading =
        ["TIME", "SEQ", "EVENT", "POLICY", "OUTCOME", "DIGEST", "JOB", "FILE", "REVISION", "DETAIL"];
    table(heading, entries.iter().map(|(entry, _)| row(entry)).collect())
}

#[derive(Serialize)]
struct Hashed<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    hash: EntryHash,
}

/// An array of the entries as they are in the ledger, each with its hash.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(entries: &[(Entry, EntryHash)]) -> serde_json::Result<String> {
    let entries: Vec<_> = entries.iter().map(|(entry, hash)| Hashed { entry, hash: *hash }).collect();
    pretty(&entries)
}

/// What a line says besides when and what.
#[derive(Default)]
struct Told<'a> {
    outcome: String,
    digest: Option<Digest>,
    job: Option<&'a str>,
    origin: Option<&'a Origin>,
    detail: Option<&'a str>,
    /// In place of a detail, where it takes several parts.
    note: Option<String>,
}

fn row(entry: &Entry) -> [Cell; 10] {
    let event = &entry.event;
    let told = Told::by(event);
    let style = match event {
        failed if failed.is_failure() => RED,
        Event::Effect(_) => GREEN,
        _ => PLAIN,
    };
    let revision = told.origin.and_then(|origin| origin.revision());
    [
        Cell::new(entry.time.strftime("%FT%TZ").to_string()),
        Cell::new(entry.sequence.to_string()),
        Cell::styled(style, event.name()),
        Cell::new(subject(event)),
        Cell::styled(style, told.outcome),
        Cell::new(told.digest.map(|digest| digest.short()).unwrap_or_default()),
        Cell::new(told.job.map(|job| printable(job, MAX_JOB)).unwrap_or_default()),
        Cell::new(told.origin.map(|origin| shown(&origin.file)).unwrap_or_default()),
        Cell::new(revision.map(short_revision).unwrap_or_default()),
        Cell::styled(
            style,
            told.note
                .as_deref()
                .or(told.detail)
                .map(|detail| printable(detail, MAX_DETAIL))
                .unwrap_or_default(),
        ),
    ]
}

/// The direction of a change, why its document accepts it, and what makes it weaker.
fn intent_note(intent: &Intent) -> Option<String> {
    let assessment = intent.assessment.as_ref()?;
    let accepted = intent.accepted_weakening.as_ref().map(|why| format!(", accepted: {why}"));
    let summary = assessment.summary();
    let reasons = if summary.is_empty() { summary } else { format!("; {summary}") };
    Some(format!("{}{}{reasons}", assessment.direction, accepted.unwrap_or_default()))
}

/// The policy, the file or the tenant that an entry speaks of.
fn subject(event: &Event) -> String {
    match event {
        Event::Held(held) => shown(&held.subject.to_string()),
        Event::Released(released) => shown(&released.subject.to_string()),
        _ => match (event.policy(), event.tenant()) {
            (Some(id), _) => id.to_string(),
            (None, Some(tenant)) => tenant.to_string(),
            (None, None) => String::new(),
        },
    }
}

impl<'a> Told<'a> {
    fn by(event: &'a Event) -> Self {
        let base = Self::default();
        match event {
            Event::Bound(bound) => {
                Self { outcome: "bound".to_owned(), detail: Some(&bound.binding.origin), ..base }
            }
            Event::TenantFailed(failed) => {
                Self { outcome: "failed".to_owned(), detail: Some(&failed.error), ..base }
            }
            Event::Breaker(changed) => {
                let (word, why) = match &changed.breaker {
                    BreakerState::Closed => ("closed", None),
                    BreakerState::Open { why, .. } => ("open", Some(why)),
                    BreakerState::HalfOpen { why } => ("half-open", Some(why)),
                };
                Self { outcome: format!("breaker {word}"), detail: why.map(String::as_str), ..base }
            }
            Event::TenantRecovered(_) => Self { outcome: "recovered".to_owned(), ..base },
            Event::Intent(intent) => Self {
                outcome: format!("{} ({})", intent.operation, intent.cause),
                digest: Some(intent.digest),
                origin: Some(&intent.origin),
                note: intent_note(intent),
                ..base
            },
            Event::Location(location) => {
                Self { outcome: "accepted".to_owned(), job: Some(&location.job_id), ..base }
            }
            Event::Waiting(waiting) => Self {
                outcome: waiting.reason.to_string(),
                job: waiting.job_id.as_deref(),
                detail: Some(&waiting.error),
                ..base
            },
            Event::Late(late) => Self {
                outcome: format!("late {}", late.outcome),
                digest: Some(late.digest),
                job: Some(&late.job_id),
                detail: late.error.as_deref(),
                ..base
            },
            Event::Effect(effect) => Self {
                outcome: effect.outcome.to_string(),
                digest: Some(effect.digest),
                job: effect.job_id.as_deref(),
                detail: effect.error.as_deref(),
                ..base
            },
            Event::Verdict(verdict) => Self {
                outcome: format!("{} ({} met)", verdict.verification, percent(verdict.success_rate)),
                digest: Some(verdict.digest),
                ..base
            },
            Event::Held(held) => Self {
                outcome: held.reason.to_string(),
                digest: held.digest,
                origin: held.origin.as_ref(),
                detail: Some(&held.detail),
                ..base
            },
            Event::Released(released) => Self { outcome: format!("was {}", released.reason), ..base },
            Event::Suspended(Suspended { term, by, .. }) => Self {
                outcome: format!("until {}", term.until.strftime("%FT%TZ")),
                note: Some(format!("by {by}: {}", term.reason)),
                ..base
            },
            Event::Resumed(resumed) => Self {
                outcome: "resumed".to_owned(),
                note: Some(match &resumed.by {
                    Some(by) => format!("by {by}"),
                    None => "its time was over".to_owned(),
                }),
                ..base
            },
            Event::PlanApproved(approved) => Self {
                outcome: format!("approved by {}", shown(&approved.by.to_string())),
                note: Some(format!("plan {}: {}", approved.digest, approved.why)),
                ..base
            },
            Event::PlanReleased(released) => Self {
                outcome: "let through".to_owned(),
                note: Some(format!("plan {}", released.digest)),
                ..base
            },
            Event::HookRefused(refused) => Self {
                outcome: format!(
                    "{} refused",
                    counted(usize::try_from(refused.count).unwrap_or(usize::MAX), "delivery", "deliveries")
                ),
                detail: Some(&refused.reason),
                ..base
            },
            Event::WebhookIntent(intent) => {
                Self { outcome: "register".to_owned(), detail: Some(&intent.webhook), ..base }
            }
            Event::WebhookEffect(effect) => match &effect.error {
                Some(error) => Self { outcome: "failed".to_owned(), detail: Some(error), ..base },
                None => Self { outcome: "registered".to_owned(), detail: Some(&effect.webhook), ..base },
            },
            Event::Signing(signing) => Self {
                outcome: "signed from here on".to_owned(),
                note: Some(format!("by key {}", signing.key)),
                ..base
            },
            Event::PageObserved(observed) => Self {
                outcome: observed.verdict.to_string(),
                digest: observed.header_digest,
                note: Some(format!("{} {}", observed.url, observed.detail())),
                ..base
            },
            Event::PageDropped(dropped) => {
                Self { outcome: "dropped".to_owned(), detail: Some(dropped.url.as_str()), ..base }
            }
            Event::Anchor(_) => Self { outcome: "carried on".to_owned(), ..base },
            Event::WebhookRemoved(removed) => match &removed.left {
                Some(left) => Self { outcome: "left there".to_owned(), detail: Some(left), ..base },
                None => Self { outcome: "removed".to_owned(), detail: Some(&removed.webhook), ..base },
            },
        }
    }
}

#[cfg(test)]
mod tests;
