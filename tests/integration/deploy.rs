//! Holds what is under `deploy/` to the program that it deploys, as far as files can be held to it without a cluster. What
//! needs tools of other fields is in `.ci/deploy`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{World, files};

/// What the daemon measures.
const METRICS: [&str; 27] = [
    "chatward_audit_entries_total",
    "chatward_bot_events_total",
    "chatward_breaker_state",
    "chatward_build_info",
    "chatward_convergence_seconds",
    "chatward_deploy_total",
    "chatward_drift",
    "chatward_drift_oldest_timestamp_seconds",
    "chatward_findings",
    "chatward_held",
    "chatward_hook_deliveries_total",
    "chatward_http_request_duration_seconds",
    "chatward_http_requests_total",
    "chatward_last_attempt_timestamp_seconds",
    "chatward_last_success_timestamp_seconds",
    "chatward_observed_oldest_timestamp_seconds",
    "chatward_observed_pages",
    "chatward_plan_held_changes",
    "chatward_policies",
    "chatward_probe_latency_seconds",
    "chatward_probe_success_ratio",
    "chatward_reconcile_duration_seconds",
    "chatward_reconcile_total",
    "chatward_suspended",
    "chatward_suspended_since_timestamp_seconds",
    "chatward_suspended_until_timestamp_seconds",
    "chatward_throttled_seconds_total",
];

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(deploy(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A YAML document as a value.
fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// The metrics that a text names, histograms without their suffix.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let named = words.filter(|word| word.starts_with("chatward_"));
    named
        .map(|name| ["_bucket", "_sum", "_count"].iter().fold(name, |name, it| name.trim_end_matches(it)))
        .collect()
}

#[test]
fn alerts_and_dashboard_are_about_what_is_measured() {
    let known = BTreeSet::from(METRICS);
    let (alerts, tests, dashboard) =
        (read("prometheus/alerts.yaml"), read("prometheus/tests.yaml"), read("grafana/dashboard.json"));
    for (file, text) in [("alerts", &alerts), ("tests", &tests), ("dashboard", &dashboard)] {
        let unknown: Vec<&str> = metrics(text).difference(&known).copied().collect();
        assert_eq!(unknown, Vec::<&str>::new(), "{file} name what is not measured");
    }
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let shown: String = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .map(|target| target["expr"].as_str().unwrap())
        .collect::<Vec<_>>()
        .join("\n");
    let unseen: Vec<&str> = known.difference(&metrics(&shown)).copied().collect();
    assert_eq!(unseen, Vec::<&str>::new(), "measured, and shown nowhere");
}

/// One that never fires is no alert, and one that is not tried is one that nobody has seen fire.
#[test]
fn every_alert_is_tried_and_says_what_to_do() {
    let (alerts, tests) = (yaml(&read("prometheus/alerts.yaml")), yaml(&read("prometheus/tests.yaml")));
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    let names: BTreeSet<&str> = rules.iter().map(|rule| rule["alert"].as_str().unwrap()).collect();
    assert_eq!(names.len(), rules.len());
    for rule in rules {
        assert!(matches!(rule["labels"]["severity"].as_str(), Some("page" | "ticket")), "{rule}");
        assert!(rule["annotations"]["summary"].as_str().unwrap().ends_with('.'), "{rule}");
        assert!(rule["annotations"]["description"].as_str().unwrap().len() > 40, "{rule}");
    }
    let cases = tests["tests"].as_array().unwrap().iter();
    let cases: Vec<&Value> = cases.flat_map(|test| test["alert_rule_test"].as_array().unwrap()).collect();
    let that = |fires: bool| -> BTreeSet<&str> {
        let so = cases.iter().filter(|case| case.get("exp_alerts").is_some() == fires);
        so.map(|case| case["alertname"].as_str().unwrap()).collect()
    };
    assert_eq!(that(true), names, "each is seen to fire");
    assert_eq!(that(false), names, "each is seen not to");
}

/// What `run` has after SIGTERM, in seconds, as its help says.
fn grace(world: &World) -> u64 {
    let help = world.run(&["run", "--help"]).stdout;
    let words: Vec<&str> = help.split_whitespace().collect();
    let at = words.windows(2).position(|pair| pair[1] == "seconds").expect("the help names the grace");
    words[at].parse().unwrap()
}

#[test]
fn whoever_ends_it_waits_for_longer_than_it_takes() {
    let world = World::new();
    let least = grace(&world) + 10;
    let deployment = yaml(&read("kubernetes/base/deployment.yaml"));
    let pod = &deployment["spec"]["template"]["spec"];
    let seconds = |text: &str, key: &str| -> u64 {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap();
        line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
    };
    let waits = [
        pod["terminationGracePeriodSeconds"].as_u64().unwrap(),
        seconds(&read("helm/chatward/values.yaml"), "terminationGracePeriodSeconds:"),
        seconds(&read("systemd/chatward.service"), "TimeoutStopSec="),
    ];
    for wait in waits {
        assert!(wait >= least, "{wait} s, of which {least} are needed");
    }
}

/// The settings and the policies that the manifests bring are ones that the program takes.
#[test]
fn what_the_manifests_mount_is_valid() {
    let world = World::new();
    let chart = yaml(&read("helm/chatward/values.yaml"));
    let settings = serde_yaml::to_string(&chart["settings"]).unwrap();
    for text in [read("kubernetes/base/chatward.yaml"), settings] {
        world.write_settings(&text);
        let policies = deploy("kubernetes/overlays/standalone/policies");
        world.run(&["validate", policies.to_str().unwrap()]).exits(0);
        let plan = world.run(&["plan", "--policies", policies.to_str().unwrap()]);
        plan.exits(0).says("+ default/checkout-chat  create (new)");
    }
}

/// Both ways of deploying it are the same deployment: whoever changes one changes the other.
#[test]
fn the_chart_and_the_manifests_agree() {
    let chart = read("helm/chatward/templates/deployment.yaml");
    let base = read("kubernetes/base/deployment.yaml");
    let git_sync = read("kubernetes/overlays/git-sync/git-sync.yaml");
    let values = yaml(&read("helm/chatward/values.yaml"));
    for needed in [
        "type: Recreate",
        "runAsNonRoot: true",
        "automountServiceAccountToken: false",
        "enableServiceLinks: false",
        "type: RuntimeDefault",
        "path: /healthz",
        "path: /readyz",
        "mountPath: /var/lib/chatward",
        "value: 0.0.0.0:8686",
        "value: /run/secrets/chatward/listen-token",
    ] {
        assert!(chart.contains(needed) && base.contains(needed), "{needed}");
    }
    for hardened in ["allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true", "drop: [ALL]"] {
        assert!(read("helm/chatward/templates/_helpers.tpl").contains(hardened), "{hardened}");
        assert!(base.contains(hardened) && git_sync.contains(hardened), "{hardened}");
    }
    let image = values["policies"]["git"]["image"].as_str().unwrap();
    assert!(git_sync.contains(&format!("image: {image}\n")), "{image}");
    let resources = &yaml(&base)["spec"]["template"]["spec"]["containers"][0]["resources"];
    assert_eq!(resources, &values["resources"]);
}

/// Nobody has to look for where a version is written.
#[test]
fn versions_agree() {
    let version = env!("CARGO_PKG_VERSION");
    let chart = yaml(&read("helm/chatward/Chart.yaml"));
    assert_eq!((chart["version"].as_str(), chart["appVersion"].as_str()), (Some(version), Some(version)));
    for overlay in ["standalone", "git-sync"] {
        let overlay = read(&format!("kubernetes/overlays/{overlay}/kustomization.yaml"));
        assert!(overlay.contains(&format!("newTag: {version}\n")), "{overlay}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let toolchain = fs::read_to_string(root.join("rust-toolchain.toml")).unwrap();
    let rust = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let dockerfile = fs::read_to_string(root.join("Dockerfile")).unwrap();
    assert!(dockerfile.contains(&format!("ARG RUST_IMAGE=docker.io/library/rust:{rust}-")), "{rust}");
    assert!(rust.starts_with(
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"')
    ));
}

/// What is shipped for others to run names no secret.
#[test]
fn no_secret_is_in_what_is_deployed() {
    for path in files(&deploy("")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("kind: Secret\n"), "{}", path.display());
    }
}
