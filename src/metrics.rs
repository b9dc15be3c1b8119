//! What the daemon measures, under names that dashboards and alerts rest on.
//!
//! Two kinds: what happens is counted as it happens, and how things stand is worked out from the state when somebody asks
//! ([`Metrics::stand`]), so that no pass pays for it. Label sets are bounded: tenants of the settings, and words of ours.
//! Only `per_policy` adds a series for each policy.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use crate::breaker::BreakerState;
use crate::deploy::{Stage, StepResult};
use crate::entry::PageVerdict;
use crate::finding::Severity;
use crate::outcome::Endpoint;
use crate::policy::{PolicyId, TenantName};
use crate::remote::{Exchanged, Meter};
use crate::state::Pages;
use crate::status::Tally;

mod text;

pub use text::Format;

macro_rules! labels {
    ($($name:ident { $($label:ident: $kind:ty),+ })+) => {$(
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        struct $name { $($label: $kind),+ }
    )+};
}

labels! {
    OfTenant { tenant: String }
    OfSync { tenant: String, sync: String }
    OfVerdict { tenant: String, verdict: &'static str }
    OfCause { tenant: String, cause: String }
    OfReason { tenant: String, reason: String }
    OfPolicy { tenant: String, policy: String }
    OfDeploy { tenant: String, result: &'static str }
    OfRequest { tenant: String, endpoint: String, class: &'static str }
    OfEndpoint { tenant: String, endpoint: String }
    OfResult { result: &'static str }
    OfStage { stage: &'static str }
    OfSeverity { severity: &'static str }
    OfBuild { version: &'static str, revision: &'static str }
}

/// A number that goes up and down, such as seconds since 1970.
type Number = Gauge<f64, AtomicU64>;

/// The upper bounds of a histogram's buckets, in seconds.
#[derive(Debug, Clone, Copy)]
struct Buckets(&'static [f64]);

const REQUEST: Buckets = Buckets(&[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]);
const STAGE: Buckets = Buckets(&[0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 300.0, 900.0]);
const CONVERGENCE: Buckets =
    Buckets(&[1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 21600.0]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// How things stand, as somebody asks.
#[derive(Debug, Default)]
pub struct Standing {
    /// How many policies stand how.
    pub tally: Tally,
    /// Of every tenant.
    pub tenants: BTreeMap<TenantName, TenantStanding>,
    /// Since when what drifted first has drifted, by tenant.
    pub oldest: BTreeMap<TenantName, Timestamp>,
    /// What of each tenant is left alone; a tenant of which nothing is is not there.
    pub suspended: BTreeMap<TenantName, SuspendedStanding>,
    /// How many changes the guard holds whole, by tenant.
    pub held_whole: BTreeMap<TenantName, usize>,
    /// Entries of the ledger.
    pub entries: u64,
    /// What validation says.
    pub findings: BTreeMap<Severity, usize>,
    /// How pages were seen last.
    pub pages: Pages,
    /// Whether each policy is in sync; empty where that is not measured.
    pub policies: Vec<(PolicyId, bool)>,
}

/// How a tenant stands.
#[derive(Debug, Default)]
pub struct TenantStanding {
    /// Its breaker.
    pub breaker: BreakerState,
    /// The mean of what its policies' probes came to, where any was probed.
    pub success_rate: Option<f64>,
}

/// What of a tenant is left alone.
#[derive(Debug, Clone, Copy)]
pub struct SuspendedStanding {
    /// How many policies.
    pub count: usize,
    /// Since when the one that is for longest.
    pub since: Timestamp,
    /// Until when the one that is over first.
    pub until: Timestamp,
}

/// All metrics of one daemon.
pub struct Metrics {
    registry: Registry,
    policies: Family<OfSync, Gauge>,
    drift: Family<OfCause, Gauge>,
    held: Family<OfReason, Gauge>,
    oldest_drift: Family<OfTenant, Number>,
    suspended: Family<OfTenant, Gauge>,
    suspended_since: Family<OfTenant, Number>,
    suspended_until: Family<OfTenant, Number>,
    held_whole: Family<OfTenant, Gauge>,
    policy_synced: Family<OfPolicy, Gauge>,
    findings: Family<OfSeverity, Gauge>,
    breakers: Family<OfTenant, Gauge>,
    success_ratio: Family<OfTenant, Number>,
    pages: Family<OfVerdict, Gauge>,
    oldest_page: Family<OfTenant, Number>,
    entries: Counter,
    reconciles: Family<OfResult, Counter>,
    stages: Family<OfStage, Histogram, Buckets>,
    last_success: Number,
    last_attempt: Number,
    deploys: Family<OfDeploy, Counter>,
    convergence: Histogram,
    requests: Family<OfRequest, Counter>,
    durations: Family<OfEndpoint, Histogram, Buckets>,
    throttled: Family<OfTenant, Counter<f64, AtomicU64>>,
    probes: Family<OfTenant, Histogram, Buckets>,
    hooks: Family<OfDeploy, Counter>,
    bots: Family<OfTenant, Counter>,
}

impl Metrics {
    /// Nothing counted yet.
    #[rustfmt::skip]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("chatward");
        let build = OfBuild { version: env!("CARGO_PKG_VERSION"), revision: option_env!("CHATWARD_REVISION").unwrap_or("unknown") };
        registry.register("build", "The version that runs", Info::new(build));
        let mut new = Names(&mut registry);
        Self {
            policies: new.family("policies", "Policies by how they stand: Synced, OutOfSync, Held, Suspended or Unknown"),
            drift: new.family("drift", "Policies that have drifted, by cause"),
            held: new.family("held", "Policies that have drifted and are not acted on, by the reason"),
            oldest_drift: new.family("drift_oldest_timestamp_seconds", "Since when the tenant's longest drifted policy has drifted; 0 where none has"),
            suspended: new.family("suspended", "Policies that are left alone until a time"),
            suspended_since: new.family("suspended_since_timestamp_seconds", "Since when the tenant's longest suspended policy is; 0 where none is"),
            suspended_until: new.family("suspended_until_timestamp_seconds", "When the first of the tenant's suspensions ends; 0 where none is"),
            held_whole: new.family("plan_held_changes", "Changes of the tenant's plan where the guard holds it whole; 0 where it does not"),
            policy_synced: new.family("policy_synced", "Whether a policy is in sync; only where metrics.per_policy is set"),
            findings: new.family("findings", "What validation says of the policy directory, by severity"),
            breakers: new.family("breaker_state", "How the tenant's breaker stands: 0 closed, 1 half-open, 2 open"),
            success_ratio: new.family("probe_success_ratio", "Probes that came to what they should, of the last ones of each policy"),
            pages: new.family("observed_pages", "Pages by what the last look at them came to: matches, differs, none, unreachable or unapplied"),
            oldest_page: new.family("observed_oldest_timestamp_seconds", "When the tenant's page that was not had for longest was had last"),
            entries: new.metric("audit_entries", "Entries of the ledger", Counter::default()),
            reconciles: new.family("reconcile", "Passes by result: success where nothing failed, failure otherwise"),
            stages: new.histograms("reconcile_duration_seconds", "How long the stages of a pass take", STAGE),
            last_success: new.metric("last_success_timestamp_seconds", "When the last pass ended in which nothing failed", Number::default()),
            last_attempt: new.metric("last_attempt_timestamp_seconds", "When the last pass began", Number::default()),
            deploys: new.family("deploy", "Steps taken, by what they ended in: done, waiting, failed, in-doubt"),
            convergence: new.metric("convergence_seconds", "From a file's change, or the daemon's start if that is later, until it is live and verified", CONVERGENCE.new_metric()),
            requests: new.family("http_requests", "Requests to the tenant, by endpoint and class of the answer"),
            durations: new.histograms("http_request_duration_seconds", "How long requests to the tenant take, without the wait for their turn", REQUEST),
            throttled: new.family("throttled_seconds", "How long requests were kept back by the tenant's pauses and its pace"),
            probes: new.histograms("probe_latency_seconds", "How long probes take", REQUEST),
            hooks: new.family("hook_deliveries", "Deliveries to the tenant's hook, by what came of them: taken, or why not"),
            bots: new.family("bot_events", "Bots that the tenant said it detected"),
            registry,
        }
    }

    /// A pass has begun.
    pub fn pass_began(&self, now: Timestamp) {
        self.last_attempt.set(seconds(now));
    }

    /// A pass has ended, well or not.
    pub fn pass_ended(&self, success: bool, now: Timestamp) {
        let result = if success { "success" } else { "failure" };
        self.reconciles.get_or_create(&OfResult { result }).inc();
        if success {
            self.last_success.set(seconds(now));
        }
    }

    /// A stage of a pass took so long.
    pub fn stage(&self, stage: Stage, took: Duration) {
        self.stages.get_or_create(&OfStage { stage: stage.name() }).observe(took.as_secs_f64());
    }

    /// A step has ended.
    pub fn step_ended(&self, result: &StepResult) {
        let (tenant, result) = (result.id.tenant.to_string(), result.outcome.name());
        self.deploys.get_or_create(&OfDeploy { tenant, result }).inc();
    }

    /// Something was delivered to a tenant's hook.
    pub fn hooked(&self, tenant: &TenantName, result: &'static str) {
        self.hooks.get_or_create(&OfDeploy { tenant: tenant.to_string(), result }).inc();
    }

    /// A tenant says that it detected a bot.
    pub fn bot_seen(&self, tenant: &TenantName) {
        self.bots.get_or_create(&OfTenant { tenant: tenant.to_string() }).inc();
    }

    /// A policy is live and verified, so long after its file changed.
    pub fn converged(&self, took: Duration) {
        self.convergence.observe(took.as_secs_f64());
    }

    /// How things stand now.
    pub fn stand(&self, standing: &Standing) {
        self.policies.clear();
        for ((tenant, sync), count) in &standing.tally.sync {
            let of = OfSync { tenant: tenant.to_string(), sync: format!("{sync:?}") };
            self.policies.get_or_create(&of).set(whole(*count));
        }
        self.drift.clear();
        for ((tenant, cause), count) in &standing.tally.cause {
            let of = OfCause { tenant: tenant.to_string(), cause: cause.to_string() };
            self.drift.get_or_create(&of).set(whole(*count));
        }
        self.held.clear();
        for ((tenant, reason), count) in &standing.tally.held {
            let of = OfReason { tenant: tenant.to_string(), reason: reason.to_string() };
            self.held.get_or_create(&of).set(whole(*count));
        }
        self.success_ratio.clear();
        for (tenant, stands) in &standing.tenants {
            let of = OfTenant { tenant: tenant.to_string() };
            self.oldest_drift
                .get_or_create(&of)
                .set(standing.oldest.get(tenant).copied().map_or(0.0, seconds));
            let suspended = standing.suspended.get(tenant);
            self.suspended.get_or_create(&of).set(suspended.map_or(0, |it| whole(it.count)));
            self.suspended_since.get_or_create(&of).set(suspended.map_or(0.0, |it| seconds(it.since)));
            self.suspended_until.get_or_create(&of).set(suspended.map_or(0.0, |it| seconds(it.until)));
            let held = standing.held_whole.get(tenant).copied().unwrap_or_default();
            self.held_whole.get_or_create(&of).set(whole(held));
            self.breakers.get_or_create(&of).set(match stands.breaker {
                BreakerState::Closed => 0,
                BreakerState::HalfOpen { .. } => 1,
                BreakerState::Open { .. } => 2,
            });
            if let Some(rate) = stands.success_rate {
                self.success_ratio.get_or_create(&of).set(rate);
            }
        }
        for (severity, word) in
            [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "info")]
        {
            let count = standing.findings.get(&severity).copied().unwrap_or_default();
            self.findings.get_or_create(&OfSeverity { severity: word }).set(whole(count));
        }
        self.stand_pages(&standing.pages);
        self.entries.inner().store(standing.entries, Ordering::Relaxed);
        self.policy_synced.clear();
        for (PolicyId { tenant, name }, synced) in &standing.policies {
            let of = OfPolicy { tenant: tenant.to_string(), policy: name.to_string() };
            self.policy_synced.get_or_create(&of).set(i64::from(*synced));
        }
    }

    fn stand_pages(&self, pages: &Pages) {
        self.pages.clear();
        self.oldest_page.clear();
        for (tenant, _, seen) in pages.iter() {
            // All verdicts of a tenant with pages, so that an alert sees one come and go.
            for verdict in PageVerdict::ALL.map(PageVerdict::name) {
                drop(self.pages.get_or_create(&OfVerdict { tenant: tenant.to_string(), verdict }));
            }
            let of = OfVerdict { tenant: tenant.to_string(), verdict: seen.verdict.name() };
            self.pages.get_or_create(&of).inc();
            let oldest = self.oldest_page.get_or_create(&OfTenant { tenant: tenant.to_string() });
            let had = seconds(seen.had_at);
            if oldest.get() == 0.0 || had < oldest.get() {
                oldest.set(had);
            }
        }
    }

    /// All of it, in a format of the [Prometheus text formats](https://prometheus.io/docs/instrumenting/exposition_formats/).
    ///
    /// # Errors
    /// Never for a string.
    pub fn text(&self, format: Format) -> Result<String, fmt::Error> {
        text::write(&self.registry, format)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Meter for Metrics {
    fn request(&self, exchange: &Exchanged<'_>) {
        let Exchanged { tenant, endpoint, class, took, throttled } = *exchange;
        let (tenant, endpoint) = (tenant.to_string(), (endpoint, endpoint.to_string()));
        let took = took.as_secs_f64();
        if endpoint.0 == Endpoint::Probe {
            self.probes.get_or_create(&OfTenant { tenant: tenant.clone() }).observe(took);
        }
        let of = OfEndpoint { tenant: tenant.clone(), endpoint: endpoint.1.clone() };
        self.durations.get_or_create(&of).observe(took);
        let of = OfRequest { tenant: tenant.clone(), endpoint: endpoint.1, class };
        self.requests.get_or_create(&of).inc();
        self.throttled.get_or_create(&OfTenant { tenant }).inc_by(throttled.as_secs_f64());
    }
}

/// Registers what it makes.
struct Names<'r>(&'r mut Registry);

impl Names<'_> {
    fn metric<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn family<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        self.metric(name, help, M::default())
    }

    fn histograms<S>(&mut self, name: &str, help: &str, buckets: Buckets) -> Family<S, Histogram, Buckets>
    where
        S: EncodeLabelSet + fmt::Debug + Clone + PartialEq + Eq + std::hash::Hash + Send + Sync + 'static,
    {
        self.metric(name, help, Family::new_with_constructor(buckets))
    }
}

fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
