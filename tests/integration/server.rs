//! The daemon's own endpoints, over real HTTP.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use chatward::sandbox::Endpoint;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Daemon, LISTEN_TOKEN, PATIENCE, World, policy};

/// Where a daemon says that it answers.
fn address(daemon: &mut Daemon) -> SocketAddr {
    let line = daemon.logs(&["server.started"]);
    line.rsplit_once("http://").unwrap().1.trim().parse().unwrap()
}

/// One request on a connection of its own: the status, the head and the body.
fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = match head.to_lowercase().contains("transfer-encoding: chunked") {
        true => body.lines().filter(|line| u32::from_str_radix(line.trim(), 16).is_err()).collect(),
        false => body.to_owned(),
    };
    (status, head.to_owned(), body)
}

fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let (status, _, body) = ask(address, "GET", path, "");
    (status, body)
}

fn status(address: SocketAddr, query: &str) -> Value {
    let (code, body) = get(address, &format!("/status{query}"));
    assert_eq!(code, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// The value of one series.
fn series(address: SocketAddr, name: &str) -> Option<f64> {
    let (code, body) = get(address, "/metrics");
    assert_eq!(code, 200, "{body}");
    let line = body.lines().find(|line| line.rsplit_once(' ').is_some_and(|(series, _)| series == name));
    line.map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
}

#[test]
fn everything_is_told_of_a_policy_that_goes_live() {
    let world = World::new();
    world.write("checkout.yaml", &policy("checkout-chat", "'self'"));
    world.write("broken.yaml", "kind: nothing\n");
    let mut daemon = world.start(&["run"]);
    let address = address(&mut daemon);
    daemon.logs(&["probe.result", "checkout-chat"]);
    world.until("it is ready", |_| get(address, "/readyz") == (200, "ready\n".to_owned()));
    assert_eq!(get(address, "/healthz").0, 200);

    let all = status(address, "");
    assert_eq!((&all["version"], &all["more"]), (&1.into(), &0.into()), "{all}");
    assert_eq!(all["counts"], serde_json::json!({"Synced": 1, "Held": 1}));
    let row = &all["policies"][0];
    assert_eq!(
        (&row["name"], &row["sync"], &row["health"]),
        (&"checkout-chat".into(), &"Synced".into(), &"Healthy".into())
    );
    assert_eq!(row["digest"], row["appliedDigest"]);
    assert!(
        row["lastAttempt"].is_string() && row["nextRetry"].is_null() && row["findings"].as_u64().unwrap() > 0,
        "{row}"
    );
    assert_eq!(
        all["ledger"]["sequence"].as_u64().unwrap() as f64,
        series(address, "chatward_audit_entries_total").unwrap()
    );

    let one = status(address, "?sync=Held&limit=1");
    assert_eq!((one["policies"].as_array().unwrap().len(), &one["more"]), (1, &0.into()));
    assert!(one["policies"][0]["findings"].as_u64().unwrap() > 0, "{one}");
    assert_eq!(status(address, "?limit=1")["more"], 1);
    assert_eq!(get(address, "/status?colour=red").0, 400);

    let tenant = r#"tenant="default""#;
    for (name, value) in [
        (format!(r#"chatward_policies{{{tenant},sync="Synced"}}"#), 1.0),
        (format!(r#"chatward_deploy_total{{{tenant},result="done"}}"#), 1.0),
        (format!(r#"chatward_http_requests_total{{{tenant},endpoint="submit",class="2xx"}}"#), 1.0),
        (format!("chatward_probe_success_ratio{{{tenant}}}"), 1.0),
        (format!("chatward_breaker_state{{{tenant}}}"), 0.0),
        ("chatward_convergence_seconds_count".to_owned(), 1.0),
        (r#"chatward_reconcile_total{result="success"}"#.to_owned(), 1.0),
    ] {
        assert_eq!(series(address, &name), Some(value), "{name}\n{}", get(address, "/metrics").1);
    }
    let (_, head, body) = ask(address, "GET", "/metrics", "Accept: application/openmetrics-text\r\n");
    assert!(head.contains("application/openmetrics-text") && body.ends_with("# EOF\n"), "{head}");

    let ran = world.run(&["status", "--check", "--listen", &address.to_string()]);
    ran.exits(0).says("alive");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    world
        .run(&["status", "--check", "--listen", &address.to_string()])
        .exits(1)
        .complains("no daemon answers");
}

#[test]
fn a_pass_is_made_when_it_is_asked_for() {
    let world = World::new();
    let mut daemon = world.started(world.command(&["run"]).env("CHATWARD_LOG", "chatward=debug"));
    let address = address(&mut daemon);
    daemon.logs(&["pass.ended"]);
    assert_eq!(ask(address, "POST", "/reconcile", "Content-Length: 0\r\n").0, 202);
    daemon.logs(&["pass.started", "asked"]);
    let from_a_page = "Origin: https://evil.example\r\nContent-Length: 0\r\n";
    assert_eq!(ask(address, "POST", "/reconcile", from_a_page).0, 403);
    assert_eq!(ask(address, "GET", "/reconcile", "").0, 405);
    assert_eq!(ask(address, "GET", "/", "").0, 404);
}

#[test]
fn others_need_a_token_to_ask_for_a_pass() {
    let world = World::new();
    let run = |token: Option<&str>| {
        let mut command = world.command(&["run", "--listen", "0.0.0.0:0"]);
        command.envs(token.map(|token| ("CHATWARD_LISTEN_TOKEN", token)));
        world.started(&mut command)
    };
    let local = |mut address: SocketAddr| {
        address.set_ip([127, 0, 0, 1].into());
        address
    };
    let mut daemon = run(None);
    let (status, _, body) = ask(local(address(&mut daemon)), "POST", "/reconcile", "Content-Length: 0\r\n");
    assert!(status == 403 && body.contains("listen_token"), "{body}");
    drop(daemon);

    let mut daemon = run(Some(LISTEN_TOKEN));
    let address = local(address(&mut daemon));
    let with = |token: &str| format!("Authorization: Bearer {token}\r\nContent-Length: 0\r\n");
    assert_eq!(ask(address, "POST", "/reconcile", &with("wrong")).0, 401);
    assert_eq!(ask(address, "POST", "/reconcile", &with(LISTEN_TOKEN)).0, 202);
    assert!(!get(address, "/status").1.contains(LISTEN_TOKEN));
}

#[test]
fn it_is_not_ready_while_no_tenant_gives_a_token() {
    let world = World::new();
    world.write("checkout.yaml", &policy("checkout-chat", "'self'"));
    world.sandbox.set_faults(vec!["token:401".parse().unwrap()]);
    let mut daemon = world.start(&["run"]);
    let address = address(&mut daemon);
    daemon.logs(&["tenant.failed"]);
    world.until("the pass ends", |_| {
        series(address, r#"chatward_reconcile_total{result="failure"}"#) == Some(1.0)
    });
    let (status, body) = get(address, "/readyz");
    assert!(status == 503 && body.contains("no tenant could be worked with"), "{body}");
    assert_eq!(get(address, "/healthz").0, 200, "a restart would not help");
    assert!(series(address, r#"chatward_drift_oldest_timestamp_seconds{tenant="default"}"#).unwrap() > 1e9);

    world.sandbox.set_faults(Vec::new());
    assert_eq!(ask(address, "POST", "/reconcile", "Content-Length: 0\r\n").0, 202);
    daemon.logs(&["probe.result", "checkout-chat"]);
    world.until("it is ready", |_| get(address, "/readyz").0 == 200);
    assert_eq!(world.requests(Endpoint::Submit).len(), 1);
}

#[test]
fn what_stays_because_pruning_is_off_is_held_and_no_old_drift() {
    let world = World::new();
    world.write("kept.yaml", &policy("kept", "'self'"));
    world.write("other.yaml", &policy("other", "'self'"));
    let mut daemon = world.start(&["run"]);
    let address = address(&mut daemon);
    daemon.logs(&["probe.result", "kept"]);
    world.remove("kept.yaml");
    daemon.logs(&["policy.held", "prune-off"]);
    let counted = |name: &str| series(address, name);
    assert_eq!(counted(r#"chatward_policies{tenant="default",sync="Held"}"#), Some(1.0));
    world.until("the other one is live", |_| {
        counted(r#"chatward_policies{tenant="default",sync="Synced"}"#) == Some(1.0)
    });
    assert_eq!(counted(r#"chatward_drift_oldest_timestamp_seconds{tenant="default"}"#), Some(0.0));
}

#[test]
fn an_address_that_is_taken_is_said() {
    let world = World::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    world
        .run(&["run", "--listen", &address])
        .exits(1)
        .complains("can't listen on")
        .complains("--listen takes another");
    world.run(&["run", "--listen", "here"]).exits(64).complains("is no address with a port");
}

#[test]
fn those_who_say_nothing_hold_the_others_up_for_seconds_only() {
    let world = World::new();
    let mut daemon = world.start(&["run"]);
    let address = address(&mut daemon);
    // As many as are taken at once: the next one has its turn when these have had their time for a head.
    let mut idle: Vec<TcpStream> = (0..64).map(|_| TcpStream::connect(address).unwrap()).collect();
    idle[0].write_all(b"GET /healthz HTTP/1.1\r\nHost: x").unwrap();
    assert_eq!(get(address, "/healthz").0, 200);
    idle.iter().for_each(|stream| stream.set_read_timeout(Some(PATIENCE)).unwrap());
    let mut answer = Vec::new();
    assert_eq!(idle[1].read_to_end(&mut answer).unwrap_or_default(), 0, "it was closed without a word");
}
