//! Leaving policies alone, and change windows: over real processes, and by the wall clock.

use chatward::sandbox::Endpoint;
use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;
use serde_json::Value;

use crate::daemon::killed_in_a_submit;
use crate::support::{Daemon, LISTEN_TOKEN, World, policy};

/// A policy that its document has left alone.
fn annotated(name: &str, script_src: &str, term: &str) -> String {
    policy(name, script_src)
        .replace("spec:\n", &format!("  annotations: {{ chatward.dev/suspend: '{term}' }}\nspec:\n"))
}

fn from_now(seconds: i64) -> String {
    (Timestamp::now() + SignedDuration::from_secs(seconds)).strftime("%FT%TZ").to_string()
}

/// How a policy stands.
fn status(world: &World, name: &str) -> Value {
    let ran = world.run(&["status", "-o", "json"]);
    ran.exits(0);
    let json = ran.json();
    json["policies"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone()
}

/// A daemon that has done its first pass, with its own address.
fn daemon(world: &World) -> (Daemon, String) {
    let mut daemon = world.start(&["run"]);
    let line = daemon.logs(&["health, metrics and status at"]);
    let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    (daemon, address)
}

fn get(address: &str, path: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        reqwest::get(format!("http://{address}{path}")).await.unwrap().text().await.unwrap()
    })
}

#[test]
fn a_document_leaves_its_policy_alone_until_a_time() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(0);
    let submits = world.submits();
    world.write("a.yaml", &annotated("a", "https://new.example", "2999-12-01T00:00Z the fair"));
    world.write("b.yaml", &annotated("b", "'self'", "2999-12-01T00:00Z the fair"));
    let plan = world.run(&["plan"]);
    plan.exits(0).says("held (suspended)").says("by its document until 2999-12-01T00:00:00Z: the fair");
    plan.says("https://new.example").says("0 in sync, 0 held. 2 suspended.");
    world.run(&["apply"]).exits(0).says("2 policies are suspended.");
    assert_eq!(world.submits(), submits);
    for (name, cause) in [("a", Value::from("source")), ("b", Value::Null)] {
        let row = status(&world, name);
        assert_eq!((&row["sync"], &row["cause"]), (&Value::from("Suspended"), &cause), "{row}");
        assert_eq!(row["suspension"]["reason"], "the fair");
        assert_eq!(row["suspension"]["by"], "document");
        assert_eq!(row["until"], "2999-12-01T00:00:00Z");
    }
    world
        .run(&["status"])
        .says("Suspended")
        .says("ago by its document until 2999-12-01T00:00:00Z: the fair; source waits");
    world.write("a.yaml", &policy("a", "https://new.example"));
    world.write("b.yaml", &policy("b", "'self'"));
    world.run(&["apply"]).exits(0).says("1 done");
    assert_eq!(status(&world, "b")["sync"], "Synced");
}

#[test]
fn what_says_no_time_is_an_error_with_its_place() {
    let world = World::new();
    let rows = [
        ("the fair", "it begins with no time"),
        ("2026-12-01 the fair", "\"2026-12-01\" is no time"),
        ("2026-12-01T00:00Z", "there is no reason behind the time"),
    ];
    for (term, why) in rows {
        world.write("a.yaml", &annotated("a", "'self'", term));
        let ran = world.run(&["validate"]);
        ran.exits(2).says("CW1035").says(why).says("a.yaml:6:40").says("2026-12-01T00:00Z the reason");
    }
}

#[test]
fn it_resumes_by_itself_at_that_very_time() {
    let world = World::new();
    let until = from_now(3);
    world.write("a.yaml", &annotated("a", "'self'", &format!("{until} soon over")));
    let mut daemon = world.start(&["run", "--log-format", "json"]);
    daemon.logs(&["\"event\":\"policy.suspended\"", "default/a", "soon over", &until]);
    assert_eq!(world.submits(), 0);
    daemon.logs(&["\"event\":\"policy.resumed\"", "default/a"]);
    daemon.logs(&["\"event\":\"policy.deployed\"", "default/a"]);
    assert!(Timestamp::now() >= until.parse::<Timestamp>().unwrap());
    assert_eq!(world.entries("policy.held")[0]["reason"], "suspended");
    assert_eq!(world.entries("policy.released")[0]["reason"], "suspended");
}

#[test]
fn it_is_asked_for_without_a_daemon_and_is_on_record() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["apply"]).exits(0);
    let suspend = ["suspend", "default/a", "--until", "2999-12-01T00:00Z", "--reason", "INC-12:\nrepair"];
    let mut command = world.command(&suspend);
    let ran = world.run_as(command.env("USER", "ada"));
    ran.exits(0).says("Suspended: default/a until 2999-12-01T00:00:00Z.").says("chatward resume default/a");
    world.write("a.yaml", &policy("a", "https://new.example"));
    world.run(&["apply"]).exits(0).says("suspended");
    assert_eq!(world.submits(), 1);
    let entry = &world.entries("policy.suspended")[0];
    assert_eq!((&entry["policy"], &entry["by"]["user"]), (&"a".into(), &"ada".into()), "{entry}");
    assert_eq!(entry["reason"], "INC-12:\nrepair");
    world.run(&["audit", "show"]).exits(0).says("until 2999-12-01T00:00:00Z").says("INC-12:\\nrepair");
    world.run(&["status"]).exits(0).says("INC-12:\\nrepair");
    world.run(&["resume", "default/b"]).exits(1).complains("default/b is not suspended by anybody");
    world.run(&["resume", "default/a"]).exits(0).says("Resumed: default/a.");
    world.run(&["apply"]).exits(0);
    assert_eq!(world.submits(), 2);
    let rows: [(&[&str], &str); 4] = [
        (&["suspend", "nobody", "--until", "2h", "--reason", "x"], "tenant nobody is not in the settings"),
        (&["suspend", "default", "--until", "soon", "--reason", "x"], "\"soon\" is no time"),
        (&["suspend", "default", "--until", "2020-01-01T00:00Z", "--reason", "x"], "is over already"),
        (&["suspend", "default", "--until", "2h", "--reason", " "], "there is no reason"),
    ];
    for (arguments, why) in rows {
        world.run(arguments).exits(1).complains(why);
    }
    world.run(&["audit", "verify"]).exits(0);
}

#[test]
fn a_running_daemon_is_asked_for_it() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.write("b.yaml", &policy("b", "'self'"));
    let (mut daemon, address) = daemon(&world);
    world.until("both are live", |world| world.live("default").len() == 2);
    daemon.logs(&["2 of 2 steps done"]);
    let ran = world.run(&["suspend", "default", "--until", "1h", "--reason", "INC-12"]);
    ran.exits(0).says("Suspended: default until ");
    daemon.logs(&["default is suspended by ", "INC-12"]);
    world.write("a.yaml", &policy("a", "https://new.example"));
    daemon.logs(&["default/a: source; held (suspended); with its whole tenant by "]);
    assert_eq!(world.submits(), 2);
    let json: Value = serde_json::from_str(&get(&address, "/status?sync=Suspended")).unwrap();
    assert_eq!(json["counts"]["Suspended"], 2, "{json}");
    assert_eq!(json["tenants"][0]["suspension"]["reason"], "INC-12");
    assert_eq!(json["policies"][0]["cause"], "source");
    let metrics = get(&address, "/metrics");
    assert!(metrics.contains("chatward_suspended{tenant=\"default\"} 2\n"), "{metrics}");
    assert!(
        !metrics.contains("chatward_suspended_since_timestamp_seconds{tenant=\"default\"} 0.0"),
        "{metrics}"
    );
    assert!(
        metrics.contains("chatward_drift_oldest_timestamp_seconds{tenant=\"default\"} 0.0\n"),
        "{metrics}"
    );
    world.run(&["suspend", "nobody", "--until", "1h", "--reason", "x"]).exits(1);
    world.run(&["resume", "default/a"]).exits(1).complains("its whole tenant is");
    world.run(&["resume", "default"]).exits(0).says("Resumed: default.");
    daemon.logs(&["default was suspended by", "and is not any more"]);
    daemon.logs(&["deploy default/a: done"]);
    assert_eq!(world.submits(), 3);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    world.run(&["audit", "verify"]).exits(0);
}

#[test]
fn what_a_daemon_was_asked_for_ends_by_itself() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    world.run(&["suspend", "default/a", "--until", "3s", "--reason", "soon over"]).exits(0);
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["default/a is suspended by", "soon over"]);
    daemon.logs(&["default/a was suspended by", "and is not any more"]);
    daemon.logs(&["deploy default/a: done"]);
    let entries = world.entries("policy.resumed");
    assert_eq!((entries.len(), &entries[0]["by"]), (1, &Value::Null), "nobody asked for that");
}

#[test]
fn whoever_asks_a_daemon_shows_its_token() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut command = world.command(&["run"]);
    let mut daemon = world.started(command.env("CHATWARD_LISTEN_TOKEN", LISTEN_TOKEN));
    daemon.logs(&["1 of 1 steps done"]);
    let suspend = ["suspend", "default", "--until", "1h", "--reason", "x"];
    world.run(&suspend).exits(1).complains("this is not the token (401 Unauthorized)");
    assert!(world.entries("policy.suspended").is_empty());
    let mut command = world.command(&suspend);
    world.run_as(command.env("CHATWARD_LISTEN_TOKEN", LISTEN_TOKEN)).exits(0);
    assert_eq!(world.entries("policy.suspended").len(), 1);
}

#[test]
fn a_writer_that_answers_nowhere_is_named() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let mut daemon = world.start(&["run", "--listen", "off"]);
    daemon.logs(&["1 of 1 steps done"]);
    let ran = world.run(&["suspend", "default", "--until", "1h", "--reason", "x"]);
    ran.exits(1).complains("answers nowhere").complains("--listen");
}

#[test]
fn what_may_not_have_arrived_is_not_sent_again_while_its_tenant_is_suspended() {
    let world = killed_in_a_submit();
    world.run(&["suspend", "default", "--until", "1h", "--reason", "INC-12"]).exits(0);
    world.run(&["apply"]).exits(0).says("suspended");
    assert_eq!(world.submits(), 1, "not while it is suspended");
    world.run(&["resume", "default"]).exits(0);
    world.run(&["apply"]).exits(0);
    assert_eq!(world.live("default").len(), 1);
    let keys: Vec<_> =
        world.requests(Endpoint::Submit).iter().map(|it| it.headers["idempotency-key"].clone()).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "under its key");
}

/// A window that keeps changes out since this minute began, and so many seconds longer.
fn deny_for(seconds: i64) -> (String, Timestamp) {
    let now = Timestamp::now().as_second();
    let since = Timestamp::from_second(now / 60 * 60).unwrap();
    let (cron, duration) = (since.strftime("%-M %-H * * *"), now % 60 + seconds);
    (
        format!("    windows: [{{ kind: deny, cron: '{cron}', duration: {duration}s }}]\n"),
        since + SignedDuration::from_secs(duration),
    )
}

#[test]
fn changes_wait_for_their_window_and_begin_when_it_opens() {
    let world = World::new();
    let (windows, opens) = deny_for(4);
    world.settings(&["default"], &windows);
    world.write("a.yaml", &policy("a", "'self'"));
    let told = format!("it may begin at {}", opens.strftime("%FT%TZ"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["held default/a: window", &told]);
    assert_eq!((world.submits(), status(&world, "a")["until"].as_str()), (0, Some(&*opens.to_string())));
    daemon.logs(&["deploy default/a: done"]);
    assert!(Timestamp::now() >= opens);
    assert_eq!(world.entries("policy.held")[0]["reason"], "window");
    world.write("a.yaml", &policy("a", "https://new.example"));
    daemon.logs(&["deploy default/a: done"]);
}

#[test]
fn a_window_that_denies_keeps_changes_out_and_what_is_wrong_in_one_is_named() {
    let world = World::new();
    world.settings(
        &["default"],
        "    windows: [{ kind: deny, cron: '* * * * *', timezone: Europe/Berlin, duration: 2m }]\n",
    );
    world.write("a.yaml", &policy("a", "'self'"));
    world
        .run(&["apply"])
        .exits(1)
        .says("held (window)")
        .says("a window keeps changes out (`* * * * *` Europe/Berlin, 2m)");
    assert_eq!(world.submits(), 0);
    let rows = [
        (
            "kind: allow, cron: '0 25 * * *', duration: 1h",
            "tenant default: windows: cron: \"0 25 * * *\" is no cron expression",
        ),
        ("kind: allow, cron: '0 2 * * *', duration: 1h, timezone: Mars", "\"Mars\" is no time zone"),
        ("kind: allow, cron: '0 2 * * *', duration: 0s", "windows: duration is from 1s"),
        ("kind: maybe, cron: '0 2 * * *', duration: 1h", "maybe"),
    ];
    for (window, why) in rows {
        world.settings(&["default"], &format!("    windows: [{{ {window} }}]\n"));
        world.run(&["plan"]).exits(1).complains(why);
    }
}
