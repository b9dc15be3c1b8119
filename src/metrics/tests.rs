//! Every metric once, and what of it is pinned.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::*;
use crate::drift::Cause;
use crate::entry::HoldReason;
use crate::outcome::Outcome;
use crate::plan::Action;
use crate::status::Sync;

/// A page that was looked at once.
fn pages() -> Pages {
    let seen = serde_json::json!({
        "policy": "checkout-chat", "time": "2026-11-01T00:00:00Z", "hadAt": "2026-11-01T00:00:00Z", "verdict": "differs",
    });
    serde_json::from_value(serde_json::json!({ "acme": { "https://www.acme.example/": seen } })).unwrap()
}

/// Everything once.
fn measured() -> Metrics {
    let metrics = Metrics::new();
    let tenant: TenantName = "acme".parse().unwrap();
    let id = PolicyId { tenant: tenant.clone(), name: "checkout-chat".parse().unwrap() };
    let time: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    metrics.pass_began(time);
    metrics.pass_ended(true, time);
    metrics.pass_ended(false, time);
    for stage in [Stage::Snapshot, Stage::Plan, Stage::Deploy] {
        metrics.stage(stage, Duration::from_millis(30));
    }
    let (outcome, action) = (Outcome::Done, Action::Create);
    metrics.step_ended(&StepResult { id: id.clone(), action, outcome, verification: None, rollback: None });
    metrics.converged(Duration::from_secs(3));
    for endpoint in [Endpoint::Submit, Endpoint::Probe] {
        let (took, throttled) = (Duration::from_millis(20), Duration::from_millis(500));
        metrics.request(&Exchanged { tenant: &tenant, endpoint, class: "2xx", took, throttled });
    }
    metrics.hooked(&tenant, "taken");
    metrics.bot_seen(&tenant);
    let why = "5 failures in a row".to_owned();
    let breaker = BreakerState::Open { until: time, why };
    metrics.stand(&Standing {
        tally: Tally {
            sync: [((tenant.clone(), Sync::Synced), 2), ((tenant.clone(), Sync::OutOfSync), 1)].into(),
            cause: [((tenant.clone(), Cause::Source), 1)].into(),
            held: [((tenant.clone(), HoldReason::Window), 1)].into(),
        },
        tenants: [(tenant.clone(), TenantStanding { breaker, success_rate: Some(0.75) })].into(),
        oldest: [(tenant.clone(), time)].into(),
        suspended: [(tenant.clone(), SuspendedStanding { count: 2, since: time, until: time })].into(),
        held_whole: [(tenant, 12)].into(),
        entries: 42,
        findings: [(Severity::Warning, 3)].into(),
        pages: pages(),
        policies: vec![(id, true)],
    });
    metrics
}

#[test]
fn names_and_labels_stay() {
    let text = measured().text(Format::Plain).unwrap();
    let shown = text.lines().filter(|line| !line.contains("_bucket") && !line.starts_with("# HELP"));
    // The library keeps series in no order.
    let shown: BTreeSet<&str> = shown.collect();
    assert_snapshot!(shown.into_iter().collect::<Vec<_>>().join("\n"), @r##"
    # TYPE chatward_audit_entries_total counter
    # TYPE chatward_bot_events_total counter
    # TYPE chatward_breaker_state gauge
    # TYPE chatward_build_info gauge
    # TYPE chatward_convergence_seconds histogram
    # TYPE chatward_deploy_total counter
    # TYPE chatward_drift gauge
    # TYPE chatward_drift_oldest_timestamp_seconds gauge
    # TYPE chatward_findings gauge
    # TYPE chatward_held gauge
    # TYPE chatward_hook_deliveries_total counter
    # TYPE chatward_http_request_duration_seconds histogram
    # TYPE chatward_http_requests_total counter
    # TYPE chatward_last_attempt_timestamp_seconds gauge
    # TYPE chatward_last_success_timestamp_seconds gauge
    # TYPE chatward_observed_oldest_timestamp_seconds gauge
    # TYPE chatward_observed_pages gauge
    # TYPE chatward_plan_held_changes gauge
    # TYPE chatward_policies gauge
    # TYPE chatward_policy_synced gauge
    # TYPE chatward_probe_latency_seconds histogram
    # TYPE chatward_probe_success_ratio gauge
    # TYPE chatward_reconcile_duration_seconds histogram
    # TYPE chatward_reconcile_total counter
    # TYPE chatward_suspended gauge
    # TYPE chatward_suspended_since_timestamp_seconds gauge
    # TYPE chatward_suspended_until_timestamp_seconds gauge
    # TYPE chatward_throttled_seconds_total counter
    chatward_audit_entries_total 42
    chatward_bot_events_total{tenant="acme"} 1
    chatward_breaker_state{tenant="acme"} 2
    chatward_build_info{version="0.1.0",revision="unknown"} 1
    chatward_convergence_seconds_count 1
    chatward_convergence_seconds_sum 3.0
    chatward_deploy_total{tenant="acme",result="done"} 1
    chatward_drift_oldest_timestamp_seconds{tenant="acme"} 1793491200.0
    chatward_drift{tenant="acme",cause="source"} 1
    chatward_findings{severity="error"} 0
    chatward_findings{severity="info"} 0
    chatward_findings{severity="warning"} 3
    chatward_held{tenant="acme",reason="window"} 1
    chatward_hook_deliveries_total{tenant="acme",result="taken"} 1
    chatward_http_request_duration_seconds_count{tenant="acme",endpoint="probe"} 1
    chatward_http_request_duration_seconds_count{tenant="acme",endpoint="submit"} 1
    chatward_http_request_duration_seconds_sum{tenant="acme",endpoint="probe"} 0.02
    chatward_http_request_duration_seconds_sum{tenant="acme",endpoint="submit"} 0.02
    chatward_http_requests_total{tenant="acme",endpoint="probe",class="2xx"} 1
    chatward_http_requests_total{tenant="acme",endpoint="submit",class="2xx"} 1
    chatward_last_attempt_timestamp_seconds 1793491200.0
    chatward_last_success_timestamp_seconds 1793491200.0
    chatward_observed_oldest_timestamp_seconds{tenant="acme"} 1793491200.0
    chatward_observed_pages{tenant="acme",verdict="differs"} 1
    chatward_observed_pages{tenant="acme",verdict="matches"} 0
    chatward_observed_pages{tenant="acme",verdict="none"} 0
    chatward_observed_pages{tenant="acme",verdict="unapplied"} 0
    chatward_observed_pages{tenant="acme",verdict="unreachable"} 0
    chatward_plan_held_changes{tenant="acme"} 12
    chatward_policies{tenant="acme",sync="OutOfSync"} 1
    chatward_policies{tenant="acme",sync="Synced"} 2
    chatward_policy_synced{tenant="acme",policy="checkout-chat"} 1
    chatward_probe_latency_seconds_count{tenant="acme"} 1
    chatward_probe_latency_seconds_sum{tenant="acme"} 0.02
    chatward_probe_success_ratio{tenant="acme"} 0.75
    chatward_reconcile_duration_seconds_count{stage="deploy"} 1
    chatward_reconcile_duration_seconds_count{stage="plan"} 1
    chatward_reconcile_duration_seconds_count{stage="snapshot"} 1
    chatward_reconcile_duration_seconds_sum{stage="deploy"} 0.03
    chatward_reconcile_duration_seconds_sum{stage="plan"} 0.03
    chatward_reconcile_duration_seconds_sum{stage="snapshot"} 0.03
    chatward_reconcile_total{result="failure"} 1
    chatward_reconcile_total{result="success"} 1
    chatward_suspended_since_timestamp_seconds{tenant="acme"} 1793491200.0
    chatward_suspended_until_timestamp_seconds{tenant="acme"} 1793491200.0
    chatward_suspended{tenant="acme"} 2
    chatward_throttled_seconds_total{tenant="acme"} 1.0
    "##);
}

#[test]
fn what_stands_no_more_is_shown_no_more() {
    let metrics = measured();
    metrics.stand(&Standing::default());
    let text = metrics.text(Format::Plain).unwrap();
    assert!(!text.contains("chatward_policies{"), "{text}");
    assert!(text.contains("chatward_findings{severity=\"warning\"} 0"), "{text}");
}
