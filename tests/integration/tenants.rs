//! Several tenants, their limits, their webhooks, and a tenant that is not the one it was.

use std::time::Duration;

use chatward::sandbox::{Endpoint, Options, Recorded};

use crate::support::{World, policy};

#[test]
fn a_dead_tenant_harms_none_of_the_others() {
    let world = World::new();
    let dead = "  - name: dead\n    base_url: http://127.0.0.1:9\n    token_url: http://127.0.0.1:9/token\n    \
                client_id: x\n    client_secret: { env: TEST_SECRET }\n";
    let refused = world.tenant("refused", "").replace("client_id: test-client", "client_id: wrong-client");
    world.write_settings(&format!("tenants:\n{}{refused}", world.tenant("default", "")));
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'").replace("tenant: default", "tenant: refused"));
    world.write("c.yaml", &policy("c", "'self'").replace("tenant: default", "tenant: nowhere"));
    let ran = world.run(&["apply"]);
    ran.exits(4).says("✓ default/a").says("refused").says("held (unknown-tenant)");
    assert_eq!(world.live("default").len(), 1);
    assert_eq!(world.entries("tenant.failed").len(), 1);
    world.run(&["apply"]).exits(4);
    assert_eq!(world.entries("tenant.failed").len(), 1, "said once");
    world.write_settings(&format!(
        "tenants:\n{}{}",
        world.tenant("default", ""),
        world.tenant("refused", "")
    ));
    world.remove("c.yaml");
    world.run(&["apply"]).exits(0);
    assert_eq!(world.entries("tenant.recovered").len(), 1);
    assert_eq!(world.live("refused").len(), 1);
    world.write_settings(&format!("tenants:\n{}{dead}", world.tenant("default", "")));
    world.run(&["plan"]).exits(0);
}

#[test]
fn refused_credentials_exit_3() {
    let world = World::new();
    let refused = world.tenant("default", "").replace("client_id: test-client", "client_id: wrong-client");
    world.write_settings(&format!("tenants:\n{refused}"));
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(3).says("invalid_client");
    world.run(&["doctor"]).exits(3).says("failed");
    assert_eq!(world.submits(), 0);
    assert_eq!(world.entries("operation.intent").len(), 0, "nothing is meant that can't be asked");
}

#[test]
fn a_token_can_be_had_with_an_access_key_and_by_basic_authentication() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let key = |id: &str| {
        format!(
            "    grant: password\n    access_key_id: {id}\n    access_key_secret: {{ env: TEST_SECRET }}\n"
        )
    };
    world.settings(&["default"], &(key("me") + "    client_auth: basic\n"));
    world.run(&["apply"]).exits(0);
    let token = &world.requests(Endpoint::Token)[0];
    let form = String::from_utf8(token.body.clone()).unwrap();
    assert!(form.contains("grant_type=password") && form.contains("username=me"), "{form}");
    assert!(
        token.headers["authorization"].starts_with("Basic ") && !form.contains("client_secret"),
        "{form}"
    );
}

#[test]
fn every_request_of_an_operation_carries_its_correlation() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    let id = world.entries("operation.intent")[0]["correlationId"].as_str().unwrap().to_owned();
    for event in ["operation.location", "operation.effect", "policy.verdict"] {
        assert_eq!(world.entries(event)[0]["correlationId"], id.as_str(), "{event}");
    }
    let trace = format!("00-{}-", id.replace('-', ""));
    let requests = world.sandbox.requests();
    // A token, and what the tenant has before anything is known of it, are of no operation.
    let ours = |request: &&Recorded| !matches!(request.endpoint, Endpoint::Token | Endpoint::List);
    let ours: Vec<_> = requests.iter().filter(ours).collect();
    assert!(ours.len() >= 5);
    for request in ours {
        assert_eq!(request.headers["x-cxone-correlation-id"], id, "{}", request.path);
        assert!(request.headers["traceparent"].starts_with(&trace), "{}", request.path);
    }
}

#[test]
fn missing_credentials_are_named() {
    let world = World::new();
    let mut command = world.command(&["apply"]);
    let output = command.env_remove("CHATWARD_CONFIG").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("CXONE_CLIENT_ID") && text.contains("CXONE_ORG_ID"), "{text}");
}

#[test]
fn requests_and_jobs_in_flight_keep_to_the_limits() {
    let world = World::with(Options {
        faults: vec!["any:slow=20ms".parse().unwrap()],
        job_duration: Duration::from_millis(400),
        ..Options::default()
    });
    world.settings(&["default"], "    limits: { requests_in_flight: 3, jobs_in_flight: 7 }\n");
    for number in 0..30 {
        world.write(&format!("p{number}.yaml"), &policy(&format!("p{number}"), "'self'"));
    }
    world.run(&["apply"]).exits(0);
    let requests = world.sandbox.most_in_flight();
    assert!((2..=3).contains(&requests), "{requests} requests at once");
    // Jobs that were under way at once, by what the ledger says of when each began and ended.
    let mut moments: Vec<(String, i32)> = Vec::new();
    for (event, step) in [("operation.location", 1), ("operation.effect", -1)] {
        let time = |entry: &serde_json::Value| entry["time"].as_str().unwrap().to_owned();
        moments.extend(world.entries(event).iter().map(|entry| (time(entry), step)));
    }
    moments.sort();
    let (mut now, mut most) = (0, 0);
    for (_, step) in moments {
        now += step;
        most = most.max(now);
    }
    assert!((2..=7).contains(&most), "{most} jobs at once");
}

#[test]
fn a_webhook_is_registered_once_and_again_when_its_settings_change() {
    let world = World::new();
    let webhook = |url: &str| {
        format!("    webhooks: [{{ name: siem, url: '{url}', secret: {{ env: TEST_SECRET }} }}]\n")
    };
    world.settings(&["default"], &webhook("https://siem.example/in"));
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    world.run(&["apply"]).exits(0);
    let registrations = world.requests(Endpoint::RegisterWebhook);
    assert_eq!(registrations.len(), 1);
    let body: serde_json::Value = serde_json::from_slice(&registrations[0].body).unwrap();
    assert_eq!(body["events"], serde_json::json!(["SECURITY_POLICY_UPDATED", "BOT_DETECTION_TRIGGERED"]));
    assert_eq!(body["headers"]["X-Integration-Source"], "chatward");
    let status = world.run(&["status", "-o", "json"]).json();
    assert_eq!(status["tenants"][0]["webhooks"][0], "siem");
    world.settings(&["default"], &webhook("https://siem.example/other"));
    world.run(&["apply"]).exits(0);
    assert_eq!(world.requests(Endpoint::RegisterWebhook).len(), 2);
    assert_eq!(world.entries("webhook.effect").len(), 2);
}

#[test]
fn another_tenant_under_a_known_name_is_refused() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    world.settings(&["default"], "    org_id: other\n");
    world.run(&["apply"]).exits(1).complains("the state was made for").complains("--rebind");
    world.run(&["plan"]).exits(1).complains("the state was made for");
    // It has what is wanted already, as it says itself.
    world.run(&["apply", "--rebind"]).exits(0).says("create, done").complains("state.lost");
    world.run(&["apply"]).exits(0).says("1 in sync");
    assert_eq!((world.submits(), world.entries("operation.intent").len()), (1, 2));
}

#[test]
fn a_mass_change_is_held() {
    let world = World::new();
    for number in 0..15 {
        world.write(&format!("p{number}.yaml"), &policy(&format!("p{number}"), "'self'"));
    }
    world.run(&["apply"]).exits(0);
    for number in 0..15 {
        world.write(&format!("p{number}.yaml"), &policy(&format!("p{number}"), "'self' https://cdn.example"));
    }
    world
        .run(&["plan"])
        .exits(0)
        .says("15 held")
        .says("15 of 15 policies would change, over guard.max_changes (50%)");
    world.run(&["apply"]).exits(1);
    assert_eq!(world.submits(), 15);
    let settings = format!("guard: {{ max_changes: 100% }}\ntenants:\n{}", world.tenant("default", ""));
    world.write_settings(&settings);
    world.run(&["apply"]).exits(0);
    assert_eq!(world.submits(), 30);
}

#[test]
fn a_tenant_wide_endpoint_is_probed_once_a_pass() {
    let world = World::new();
    let text = format!("tenants:\n{}", world.tenant("default", "")).replace("/{policy}", "");
    world.write_settings(&text);
    for name in ["a", "b", "c"] {
        world.write(&format!("{name}.yaml"), &policy(name, "'self'"));
    }
    world.run(&["apply"]).exits(0);
    assert_eq!(world.requests(Endpoint::Probe).len(), 3);
    let verdicts = world.entries("policy.verdict");
    assert_eq!(verdicts.len(), 3);
    assert!(verdicts.iter().all(|verdict| verdict["scope"] == "tenant"));
}

#[test]
fn what_lets_a_probe_through_is_degraded() {
    let world = World::new();
    world.write(
        "a.yaml",
        &policy("a", "'self'").replace("block-script-uris", "strip-script-tags").replace(
            "[strip-script-tags, sanitize-event-handlers, strip-script-tags]",
            "[strip-script-tags, sanitize-event-handlers]",
        ),
    );
    world.write("b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(4).says("degraded");
    let status = world.run(&["status", "-o", "json"]).json();
    assert_eq!(status["policies"][0]["health"], "Degraded");
    assert_eq!(status["policies"][0]["sync"], "Synced");
    assert_eq!(status["policies"][1]["health"], "Healthy");
}

#[test]
fn a_live_read_shows_what_the_tenant_really_has() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(0);
    world.run(&["plan", "--live"]).exits(0).says("2 in sync");
    let tenant = "default".parse().unwrap();
    world.sandbox.tamper(&tenant, "a", |payload| {
        payload["securityProfile"]["xssProtection"]["mode"] = "report".into();
    });
    world.sandbox.remove(&tenant, "b");
    world.run(&["plan", "--live"]).exits(0).says("default/a").says("(report-only)").says("2 held");
    let plan = world.run(&["plan", "--live", "-o", "json"]).json();
    let causes: Vec<_> = plan["held"].as_array().unwrap().iter().map(|item| item["cause"].clone()).collect();
    assert_eq!(causes, ["live", "missing"]);
}
