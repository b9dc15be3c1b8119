//! The drift report: what one pass found not to be as it should be, bounded, as the log tells it.
//!
//! Made from a [`Plan`], before anything is done about it. Its text is the message of a log event, its JSON a field.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::digest::Digest;
use crate::direction::{Assessment, Direction, Reason};
use crate::drift::Cause;
use crate::entry::{HoldReason, Subject};
use crate::plan::change::Change;
use crate::plan::{HeldItem, Plan, Step};
use crate::policy::{PolicyName, TenantName};
use crate::printable::printable;

/// What one pass found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftReport {
    /// Policies that drifted and are acted on.
    pub drifted: usize,
    /// Policies and files that are not acted on.
    pub held: usize,
    /// Policies that are as they should be.
    pub in_sync: usize,
    /// The first [`DriftReport::MAX_ITEMS`] of both, drifted ones first.
    pub items: Vec<DriftItem>,
    /// How many there are besides.
    pub more: usize,
}

/// One drifted or held policy, or a held file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftItem {
    /// Its tenant; nothing for a file whose policies can't be told.
    pub tenant: Option<TenantName>,
    /// Its name.
    pub name: Option<PolicyName>,
    /// The file, where there is one.
    pub file: Option<Arc<str>>,
    /// Why it drifted, where that is known.
    pub cause: Option<Cause>,
    /// Why it is held, where it is.
    pub reason: Option<HoldReason>,
    /// The same for people.
    pub detail: Option<String>,
    /// What is wanted.
    pub digest: Option<Digest>,
    /// What is applied; nothing for what is held.
    pub applied_digest: Option<Digest>,
    /// Whether what is wanted guards better or worse than what is applied, where both are known.
    pub direction: Option<Direction>,
    /// What makes it that.
    pub reasons: Vec<Reason>,
    /// How many such reasons there are besides.
    pub more_reasons: usize,
    /// Why the document accepts that it is weaker, where it does.
    pub accepted_weakening: Option<Arc<str>>,
    /// The first [`DriftItem::MAX_CHANGES`] changed fields, a line each.
    pub changes: Vec<String>,
    /// How many fields changed besides.
    pub more_changes: usize,
}

impl DriftReport {
    /// The longest list of items.
    pub const MAX_ITEMS: usize = 50;

    /// What this plan says; nothing where it says that all is well.
    pub fn of(plan: &Plan) -> Option<Self> {
        let drifted = || plan.steps.iter().filter(|step| step.cause.is_some());
        // What is suspended and as it should be is no news.
        let held = || plan.held.iter().filter(|item| !item.is_at_rest());
        let (drifts, held_count) = (drifted().count(), held().count());
        if drifts + held_count == 0 {
            return None;
        }
        let items = drifted().map(DriftItem::drifted).chain(held().map(DriftItem::held));
        Some(Self {
            drifted: drifts,
            held: held_count,
            in_sync: plan.in_sync,
            items: items.take(Self::MAX_ITEMS).collect(),
            more: (drifts + held_count).saturating_sub(Self::MAX_ITEMS),
        })
    }

    /// Logs it: the text for people, and all of it for programs.
    pub fn log(&self) {
        let items_json = serde_json::to_string(&self.items).unwrap_or_default();
        let Self { drifted, held, in_sync, more, .. } = self;
        tracing::info!(name: "drift.report", drifted, held, in_sync, more, items_json, "{self}");
    }
}

impl DriftItem {
    /// The longest list of changes.
    pub const MAX_CHANGES: usize = 10;
    /// The longest line of the text, and the longest detail or change, in characters.
    const MAX_LINE: usize = 500;
    const MAX_VALUE: usize = 200;

    fn drifted(step: &Step) -> Self {
        let desired = step.desired.as_ref();
        Self {
            cause: step.cause,
            digest: desired.map(|desired| desired.digest),
            applied_digest: step.applied,
            file: desired.map(|desired| Arc::clone(&desired.origin.file)),
            accepted_weakening: step.accepted_weakening().cloned(),
            ..Self::about(&Subject::Policy(step.id.clone()), &step.changes, step.assessment.as_ref())
        }
    }

    fn held(item: &HeldItem) -> Self {
        let about = Self::about(&item.subject, &item.changes, item.assessment.as_ref());
        Self {
            cause: item.cause,
            reason: Some(item.reason),
            detail: Some(bounded(&item.detail)),
            digest: item.digest,
            file: about.file.or(item.origin.as_ref().map(|origin| Arc::clone(&origin.file))),
            ..about
        }
    }

    fn about(subject: &Subject, changes: &[Change], assessment: Option<&Assessment>) -> Self {
        let (id, file) = match subject {
            Subject::Policy(id) => (Some(id), None),
            Subject::File { file } => (None, Some(Arc::clone(file))),
        };
        Self {
            tenant: id.map(|id| id.tenant.clone()),
            name: id.map(|id| id.name.clone()),
            file,
            cause: None,
            reason: None,
            detail: None,
            digest: None,
            applied_digest: None,
            direction: assessment.map(|assessment| assessment.direction),
            reasons: assessment.map(|assessment| assessment.reasons.clone()).unwrap_or_default(),
            more_reasons: assessment.map_or(0, |assessment| assessment.more_reasons),
            accepted_weakening: None,
            changes: changes
                .iter()
                .take(Self::MAX_CHANGES)
                .map(|change| bounded(&change.to_string()))
                .collect(),
            more_changes: changes.len().saturating_sub(Self::MAX_CHANGES),
        }
    }
}

/// A direction with its reasons, in one line.
fn told(direction: Direction, reasons: &[Reason], more_reasons: usize) -> String {
    let reasons = reasons.to_vec();
    let summary = Assessment { direction, reasons, more_reasons }.summary();
    if summary.is_empty() { direction.to_string() } else { format!("{direction} ({summary})") }
}

/// Warns of every step that weakens its policy, or may.
pub fn warn_of_weakening(plan: &Plan) {
    for step in &plan.steps {
        let Some(weaker) = step.assessment.as_ref().filter(|weaker| weaker.direction.weakens()) else {
            continue;
        };
        let (reasons, accepted) = (weaker.summary(), step.accepted_weakening());
        let why = accepted.map(|why| format!("; accepted: {}", bounded(why))).unwrap_or_default();
        tracing::warn!(
            name: "policy.weakened", policy = %step.id, direction = %weaker.direction, reasons, accepted = accepted.map(|why| &**why),
            "{} {}: {}: {reasons}{why}", step.action, step.id, weaker.direction,
        );
    }
}

fn bounded(text: &str) -> String {
    printable(text, DriftItem::MAX_VALUE)
}

impl fmt::Display for DriftReport {
    /// A line of counts, then a line for each item.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policies = if self.drifted == 1 { "policy" } else { "policies" };
        write!(f, "{} {policies} drifted, {} held, {} in sync", self.drifted, self.held, self.in_sync)?;
        for item in &self.items {
            write!(f, "\n{item}")?;
        }
        if self.more > 0 {
            write!(f, "\n… and {} more", self.more)?;
        }
        Ok(())
    }
}

impl fmt::Display for DriftItem {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = self.cause.map(|cause| cause.to_string());
        let reason = self.reason.map(|reason| format!("held ({reason})"));
        let more = (self.more_changes > 0).then(|| format!("… and {} more fields", self.more_changes));
        // A weakening hold has said why already.
        let direction = self.direction.filter(|_| self.reason != Some(HoldReason::Weakening));
        let direction = direction.map(|direction| told(direction, &self.reasons, self.more_reasons));
        let parts = cause.iter().chain(&reason).chain(&self.detail);
        let parts = parts.chain(&self.changes).chain(&more).chain(&direction);
        let parts: Vec<&str> = parts.map(String::as_str).collect();
        let subject = match (&self.tenant, &self.name, &self.file) {
            (Some(tenant), Some(name), _) => format!("{tenant}/{name}"),
            (_, _, file) => file.as_deref().unwrap_or_default().to_owned(),
        };
        let line = format!("{subject}: {}", parts.join("; "));
        f.write_str(&printable(&line, Self::MAX_LINE))
    }
}

#[cfg(test)]
pub(crate) mod tests;
