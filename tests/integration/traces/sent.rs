//! One operation, one trace: what is in it, and where it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chatward::sandbox::{Endpoint, Options};
use rustix::process::Signal;

use super::collector::{Collector, Got};
use super::traced;
use crate::support::{World, policy};

/// What is sent with every batch, and must show up nowhere else.
const HEADER: &str = "fake-collector-token";

/// Spans by their traces.
fn traces(spans: &[Got]) -> BTreeMap<String, Vec<Got>> {
    let mut traces: BTreeMap<String, Vec<Got>> = BTreeMap::new();
    for span in spans {
        traces.entry(span.trace.clone()).or_default().push(span.clone());
    }
    traces
}

/// The correlation ids of all operations in the ledger, as traces have them.
fn operations(world: &World) -> BTreeSet<String> {
    let intents = world.entries("operation.intent");
    intents.iter().map(|intent| intent["correlationId"].as_str().unwrap().replace('-', "")).collect()
}

fn roots(spans: &[Got]) -> Vec<&Got> {
    spans.iter().filter(|span| span.parent.is_empty()).collect()
}

fn count(spans: &[Got], name: &str) -> usize {
    spans.iter().filter(|span| span.name == name).count()
}

#[test]
fn every_operation_is_one_trace_under_its_correlation_id() {
    let (world, collector) = (World::new(), Collector::start());
    for name in ["a", "b"] {
        world.write(&format!("{name}.yaml"), &policy(name, "'self'"));
    }
    let mut apply = traced(&world, &["apply"], &collector.address);
    apply.env("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization=Bearer%20{HEADER}"));
    let ran = world.run_as(&mut apply);
    ran.exits(0).says("2 done");
    assert!(!ran.stderr.contains("traces"), "{}", ran.stderr);

    let spans = collector.spans();
    let traces = traces(&spans);
    assert_eq!(traces.keys().cloned().collect::<BTreeSet<_>>(), operations(&world));
    for (trace, spans) in &traces {
        let [root] = roots(spans)[..] else { panic!("one root: {spans:#?}") };
        let of = |name: &str| root.attributes[&format!("chatward.{name}")].clone();
        assert_eq!(root.name, "deploy");
        assert_eq!(of("correlation_id").replace('-', ""), *trace);
        assert_eq!(
            (of("tenant"), of("outcome"), of("verification")),
            ("default".into(), "done".into(), "verified".into())
        );
        assert_eq!(of("digest").len(), 64);
        assert_eq!(root.error, None);
        assert_eq!(root.service["service.name"], "chatward");
        // Intent, location, effect and verdict; one submit; polls until it has ended; three probes.
        let names = ["append", "submit", "poll", "verify"].map(|name| count(spans, name));
        assert_eq!(names, [4, 1, 1, 1], "{spans:#?}");
        let poll = spans.iter().find(|span| span.name == "poll").unwrap();
        let calls = spans.iter().filter(|span| span.name == "call");
        let mut endpoints: BTreeMap<&str, usize> = BTreeMap::new();
        calls.for_each(|call| *endpoints.entry(&call.attributes["chatward.endpoint"]).or_default() += 1);
        assert_eq!((endpoints["submit"], endpoints["probe"]), (1, 3));
        assert_eq!(poll.attributes["chatward.polls"], endpoints["job"].to_string());
        // Every other span hangs below one of the same trace.
        let ids: BTreeSet<&Vec<u8>> = spans.iter().map(|span| &span.id).collect();
        assert_eq!(ids.len(), spans.len());
        assert!(spans.iter().all(|span| span.parent.is_empty() || ids.contains(&span.parent)));
        // A tenant that looks at `traceparent` has the same trace.
        let submits = world.requests(Endpoint::Submit);
        assert!(submits.iter().any(|submit| submit.headers["traceparent"].contains(trace)));
    }

    // The header went to the collector, and to no attribute.
    assert!(collector.headers().iter().all(|headers| headers["authorization"] == format!("Bearer {HEADER}")));
    let shown = format!("{spans:?}");
    for secret in world.secrets().iter().map(String::as_str).chain([HEADER]) {
        assert!(!shown.contains(secret) && !ran.stderr.contains(secret), "{secret}");
    }
}

#[test]
fn an_operation_that_a_stop_cut_in_two_is_one_trace_still() {
    let world = World::with(Options { job_duration: Duration::from_secs(3600), ..Options::default() });
    let collector = Collector::start();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut run = traced(&world, &["run"], &collector.address);
    let mut daemon = world.started(&mut run);
    daemon.logs(&["policy.submitted"]);
    // The first one begins nothing new, the second one waits for nothing more.
    daemon.signal(Signal::TERM);
    daemon.logs(&["shutdown.started"]);
    daemon.signal(Signal::TERM);
    assert!(daemon.ends().is_some());
    let before = collector.spans();
    assert_eq!(count(&before, "submit"), 1, "what was there is sent before it ends");

    // Its job is lost, so it is sent again under the same key, and ends.
    world.sandbox.set_faults(vec!["job:404:first=1".parse().unwrap(), "submit:422".parse().unwrap()]);
    world.run_as(&mut traced(&world, &["apply"], &collector.address)).exits(1);
    let spans = collector.spans();
    let traces = traces(&spans);
    assert_eq!(traces.keys().cloned().collect::<BTreeSet<_>>(), operations(&world));
    let outcomes = roots(&spans).into_iter().map(|root| root.attributes["chatward.outcome"].clone());
    assert_eq!(outcomes.collect::<Vec<_>>(), ["waiting", "failed"]);
    assert!(roots(&spans)[1].error.as_ref().is_some_and(|why| why.contains("422")), "{spans:#?}");
}

#[test]
fn a_rollback_is_a_trace_of_its_own_and_what_is_not_sampled_is_not_sent() {
    let (world, collector) = (World::new(), Collector::start());
    let tenant = world.tenant("default", "").replace("/{policy}' }", "/{policy}', on_failure: rollback }");
    world.write_settings(&format!("tenants:\n{tenant}"));
    world.write("a.yaml", &policy("a", "'self'"));
    let mut silent = traced(&world, &["apply"], &collector.address);
    world.run_as(silent.env("OTEL_TRACES_SAMPLER", "always_off")).exits(0);
    assert_eq!(collector.spans().len(), 0);

    world.write("a.yaml", &policy("a", "'self'").replace(", block-script-uris", ""));
    world.run_as(&mut traced(&world, &["apply"], &collector.address)).exits(4).says("; rollback to ");
    let spans = collector.spans();
    let roots = roots(&spans);
    let names: Vec<(&str, &str)> = roots
        .iter()
        .map(|root| (root.name.as_str(), root.attributes["chatward.verification"].as_str()))
        .collect();
    assert_eq!(names, [("deploy", "degraded"), ("rollback", "verified")]);
    assert_ne!(roots[0].trace, roots[1].trace);
    assert!(roots.iter().all(|root| operations(&world).contains(&root.trace)));
    assert_eq!(traces(&spans).len(), 2);
}
