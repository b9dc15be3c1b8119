//! The ledger by deployment: one record for each operation, from its intent to what probing showed.
//!
//! A pure fold of entries. It is meant for all of them in their order: an operation whose intent is not among them
//! is left out, and so a filter comes after it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::digest::{Digest, EntryHash};
use crate::direction::{Direction, Reason};
use crate::entry::{EffectOutcome, Entry, Event, Intent, Operation, Verdict, WebhookEffect};
use crate::outcome::{self, Expected, ProbeResult};
use crate::policy::{PolicyName, TenantName};
use crate::render::pretty;

/// The version of the JSON shape.
pub const VERSION: u32 = 1;

/// One operation on one policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// When it was meant.
    pub deployment_timestamp: Timestamp,
    /// The tenant.
    pub tenant: TenantName,
    /// The policy.
    pub policy: PolicyName,
    /// What was asked.
    pub operation: Operation,
    /// What it was about.
    pub policy_hash: Digest,
    /// On all its requests and entries.
    pub correlation_id: Uuid,
    /// Its job, once the tenant named one.
    pub job_id: Option<String>,
    /// What it ended in; nothing while that is not known.
    pub outcome: Option<EffectOutcome>,
    /// From its intent to its end.
    pub duration_ms: Option<u64>,
    /// The git commit that it came from.
    pub revision: Option<Arc<str>>,
    /// That commit's author.
    pub author: Option<Arc<str>>,
    /// Whether it guarded better or worse than what it was, where something was.
    pub direction: Option<Direction>,
    /// What made it that.
    pub reasons: Vec<Reason>,
    /// Why its document accepted that it was weaker.
    pub accepted_weakening: Option<Arc<str>>,
    /// What probing showed, the last time.
    pub validation_results: Vec<ValidationResult>,
    /// Probes that came to what they should, out of all; nothing where none were sent.
    pub success_rate: Option<f64>,
    /// The tenant's id of the webhook that was registered last before it.
    pub webhook_id: Option<String>,
    /// What went wrong, in the tenant's words.
    pub error: Option<String>,
}

/// What one probe showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidationResult {
    /// The probe's name.
    pub name: String,
    /// What it should have come to.
    pub expected: Expected,
    /// Whether it did; not where it is inconclusive.
    pub met: bool,
    /// Whether it was stopped.
    pub blocked: bool,
    /// What can be said: inconclusive is neither blocked nor allowed.
    pub verdict: outcome::Verdict,
    /// From the request's start to the answer, in milliseconds.
    pub latency_ms: u64,
}

impl From<&ProbeResult> for ValidationResult {
    fn from(probe: &ProbeResult) -> Self {
        Self {
            name: probe.name.clone(),
            expected: probe.expected,
            met: probe.is_met(),
            blocked: probe.verdict == outcome::Verdict::Blocked,
            verdict: probe.verdict,
            latency_ms: probe.latency_ms,
        }
    }
}

/// Every operation of these entries, in the order of their intents.
pub fn deployments(entries: &[(Entry, EntryHash)]) -> Vec<Deployment> {
    let mut deployments = Deployments::default();
    for (entry, _) in entries {
        deployments.add(entry);
    }
    deployments.end()
}

/// Operations as they are told of, entry by entry.
#[derive(Default)]
pub struct Deployments {
    deployments: Vec<Deployment>,
    places: HashMap<Uuid, usize>,
    webhooks: BTreeMap<TenantName, String>,
}

impl Deployments {
    /// Every operation so far, in the order of their intents.
    pub fn end(self) -> Vec<Deployment> {
        self.deployments
    }

    /// The next entry.
    pub fn add(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Intent(intent) => self.begin(entry.time, intent),
            Event::Location(location) => self.update(location.correlation_id, |deployment| {
                deployment.job_id = Some(location.job_id.clone());
            }),
            Event::Waiting(waiting) => self.update(waiting.correlation_id, |deployment| {
                deployment.error = Some(waiting.error.clone());
            }),
            Event::Effect(effect) => self.update(effect.correlation_id, |deployment| {
                deployment.outcome = Some(effect.outcome);
                deployment.duration_ms = Some(effect.duration_ms);
                deployment.error.clone_from(&effect.error);
                if effect.job_id.is_some() {
                    deployment.job_id.clone_from(&effect.job_id);
                }
            }),
            Event::Verdict(verdict) => self.update(verdict.correlation_id, |it| probed(it, verdict)),
            Event::WebhookEffect(effect) => self.registered(effect),
            _ => {}
        }
    }

    fn begin(&mut self, time: Timestamp, intent: &Intent) {
        let assessment = intent.assessment.as_ref();
        self.places.insert(intent.correlation_id, self.deployments.len());
        self.deployments.push(Deployment {
            deployment_timestamp: time,
            tenant: intent.id.tenant.clone(),
            policy: intent.id.name.clone(),
            operation: intent.operation,
            policy_hash: intent.digest,
            correlation_id: intent.correlation_id,
            job_id: None,
            outcome: None,
            duration_ms: None,
            revision: intent.origin.commit.as_ref().map(|commit| Arc::clone(&commit.revision)),
            author: intent.origin.commit.as_ref().and_then(|commit| commit.author.clone()),
            direction: assessment.map(|assessment| assessment.direction),
            reasons: assessment.map(|assessment| assessment.reasons.clone()).unwrap_or_default(),
            accepted_weakening: intent.accepted_weakening.clone(),
            validation_results: Vec::new(),
            success_rate: None,
            webhook_id: self.webhooks.get(&intent.id.tenant).cloned(),
            error: None,
        });
    }

    fn update(&mut self, correlation_id: Uuid, change: impl FnOnce(&mut Deployment)) {
        let place = self.places.get(&correlation_id).copied();
        if let Some(deployment) = place.and_then(|place| self.deployments.get_mut(place)) {
            change(deployment);
        }
    }

    fn registered(&mut self, effect: &WebhookEffect) {
        if let (None, Some(id)) = (&effect.error, &effect.webhook_id) {
            self.webhooks.insert(effect.tenant.clone(), id.clone());
        }
    }
}

fn probed(deployment: &mut Deployment, verdict: &Verdict) {
    deployment.validation_results = verdict.probes.iter().map(ValidationResult::from).collect();
    deployment.success_rate = (!verdict.probes.is_empty()).then_some(verdict.success_rate);
}

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    deployments: &'a [Deployment],
}

/// Deployments for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(deployments: &[Deployment]) -> serde_json::Result<String> {
    pretty(&Report { version: VERSION, deployments })
}
