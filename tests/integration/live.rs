//! What somebody changed at the tenant: seen, told, and ended only as the settings say.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use chatward::sandbox::{Endpoint, Options};
use chatward::signature::sign;
use jiff::Timestamp;
use serde_json::json;

use crate::support::{Daemon, HOOK_SECRET, PATIENCE, World, policy};

/// One policy that is live, and a daemon beside it.
fn deployed(more: &str) -> (World, Daemon) {
    let world = World::new();
    world.settings(&["default"], more);
    world.write("checkout.yaml", &policy("checkout-chat", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["probe.result", "checkout-chat"]);
    (world, daemon)
}

/// Somebody opens the policy up behind chatward's back.
fn tamper(world: &World, who: &str) {
    let opened = world.sandbox.tamper(&"default".parse().unwrap(), "checkout-chat", |payload| {
        payload["securityProfile"]["contentSecurityPolicy"]["directives"]["script-src"] = json!("*");
        payload["metadata"]["updatedBy"] = json!(who);
    });
    assert!(opened, "it is live");
}

fn script_src(world: &World) -> String {
    let live = world.live("default");
    let directives = &live["checkout-chat"]["securityProfile"]["contentSecurityPolicy"]["directives"];
    directives["script-src"].as_str().unwrap().to_owned()
}

#[test]
fn what_somebody_changed_there_is_told_within_an_interval_and_left() {
    let (world, mut daemon) = deployed("    live: { interval: 1s }\n");
    tamper(&world, "mallory");
    daemon.logs(&["policy.held", "report-only", "the tenant was changed by mallory"]);
    daemon.logs(&["default/checkout-chat: live; held (report-only)"]);
    let held = world.entries("policy.held");
    assert_eq!((held.len(), &held[0]["reason"]), (1, &json!("report-only")));
    assert_eq!((world.submits(), script_src(&world)), (1, "*".to_owned()));

    // Changed back by whoever it was: it is as it should be again, and that is on record too.
    world.sandbox.tamper(&"default".parse().unwrap(), "checkout-chat", |payload| {
        payload["securityProfile"]["contentSecurityPolicy"]["directives"]["script-src"] = json!("'self'");
    });
    world.until("the hold is over", |world| world.entries("policy.released").len() == 1);
}

#[test]
fn a_document_may_have_its_policy_changed_back_where_the_tenant_only_tells() {
    let world = World::new();
    world.settings(&["default"], "    live: { interval: 1s }\n");
    world.write("told.yaml", &policy("told-chat", "'self'"));
    let corrected = policy("checkout-chat", "'self'");
    let annotated = "  annotations: { chatward.dev/on-drift: correct }\nspec:";
    world.write("checkout.yaml", &corrected.replace("spec:", annotated));
    let mut daemon = world.start(&["run"]);
    world.until("both are live", |world| world.live("default").len() == 2);
    daemon.logs(&["probe.result"]);
    daemon.logs(&["probe.result"]);
    for name in ["told-chat", "checkout-chat"] {
        assert!(world.sandbox.tamper(&"default".parse().unwrap(), name, |payload| {
            payload["securityProfile"]["contentSecurityPolicy"]["directives"]["script-src"] = json!("*");
        }));
    }
    daemon.logs(&["policy.deployed", "checkout-chat"]);
    world.until("the other is told", |world| !world.entries("policy.held").is_empty());
    assert_eq!((script_src(&world), world.submits()), ("'self'".to_owned(), 3));
    assert_eq!(world.entries("policy.held")[0]["policy"], "told-chat");
}

#[test]
fn what_is_gone_there_is_missing() {
    let (world, mut daemon) = deployed("    live: { interval: 1s, on_drift: correct }\n");
    assert!(world.sandbox.remove(&"default".parse().unwrap(), "checkout-chat"));
    daemon.logs(&["default/checkout-chat: missing"]);
    daemon.logs(&["policy.deployed", "checkout-chat"]);
    assert_eq!(script_src(&world), "'self'");
}

#[test]
fn a_correction_that_is_undone_again_and_again_ends_in_a_fight() {
    let (world, mut daemon) = deployed("    live: { interval: 1s, on_drift: correct, back_off: 100ms }\n");
    for correction in 1..=3 {
        tamper(&world, "mallory");
        daemon.logs(&["policy.deployed", "checkout-chat"]);
        world.until("it is corrected", |world| script_src(world) == "'self'");
        assert_eq!(world.submits(), 1 + correction);
    }
    tamper(&world, "mallory");
    daemon.logs(&["policy.held", "fight", "changed by mallory once more after 3 corrections"]);
    world.until("it is looked at again", |world| {
        let reads = world.requests(Endpoint::List).len();
        world.until("once more", |world| world.requests(Endpoint::List).len() > reads);
        true
    });
    assert_eq!((world.submits(), script_src(&world)), (4, "*".to_owned()), "frozen");
    drop(daemon);

    // A new process knows of it as well, until somebody says otherwise.
    let mut daemon = world.start(&["run"]);
    world.until("it is looked at", |world| {
        let reads = world.requests(Endpoint::List).len();
        world.until("again", |world| world.requests(Endpoint::List).len() > reads + 1);
        true
    });
    assert_eq!(world.submits(), 4);
    daemon.signal(rustix::process::Signal::TERM);
    daemon.ends();
}

#[test]
fn a_tenant_that_does_not_say_what_it_has_is_unknown_and_that_is_said_once() {
    let world =
        World::with(Options { reads: false, job_duration: Duration::from_millis(30), ..Options::default() });
    world.settings(&["default"], "    live: { interval: 1s }\n");
    world.write("checkout.yaml", &policy("checkout-chat", "'self'"));
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["live.unknown", "does not say what it has"]);
    world.until("it is asked again", |world| world.requests(Endpoint::List).len() >= 3);
    daemon.signal(rustix::process::Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    assert_eq!(daemon.log.iter().filter(|line| line.contains("live.unknown")).count(), 1);
}

/// A daemon that is told of changes, and asks nothing by itself.
struct Hooked {
    world: World,
    daemon: Daemon,
    address: SocketAddr,
}

fn hooked() -> Hooked {
    let world = World::new();
    // A port that was free a moment ago: the webhook has to know it before the daemon listens.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let more = format!(
        "    live: {{ interval: off }}\n    receive: {{ secrets: [{{ env: HOOK_SECRET }}] }}\n    \
         webhooks: [{{ name: self, url: 'http://{address}/hooks/default', secret: {{ env: HOOK_SECRET }} }}]\n"
    );
    world.settings(&["default"], &more);
    world.write("checkout.yaml", &policy("checkout-chat", "'self'"));
    let mut command = world.command(&["run", "--listen", &address.to_string()]);
    let mut daemon =
        world.started(command.env("HOOK_SECRET", HOOK_SECRET).env("CHATWARD_LOG", "chatward=debug"));
    daemon.logs(&["probe.result", "checkout-chat"]);
    // Once because nothing was known of the tenant, and once because it told of the deploy.
    world.until("the looks at the start are over", |world| world.requests(Endpoint::List).len() == 2);
    Hooked { world, daemon, address }
}

impl Hooked {
    /// Delivers something; the status, and what is said.
    fn deliver(&self, headers: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let head = format!(
            "POST /hooks/default HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n",
            self.address,
        );
        stream.write_all(head.as_bytes()).unwrap();
        // An answer may come before all of a body that is too long is taken.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.trim().to_owned())
    }

    fn signed(&self, time: i64, body: &[u8]) -> String {
        let signature = sign(&HOOK_SECRET.into(), time, body).unwrap();
        format!("X-CXone-Timestamp: {time}\r\nX-CXone-Signature: {signature}\r\n")
    }

    fn reads(&self) -> usize {
        self.world.requests(Endpoint::List).len()
    }
}

#[test]
fn a_signed_event_is_a_reason_to_look_at_once() {
    let mut it = hooked();
    tamper(&it.world, "mallory");
    it.daemon.logs(&["policy.held", "report-only", "the tenant was changed by mallory"]);
    assert_eq!(it.world.entries("policy.held").len(), 1);
    assert_eq!(it.world.submits(), 1);
}

#[test]
fn what_is_unsigned_replayed_late_or_too_long_changes_nothing() {
    let mut it = hooked();
    let now = Timestamp::now().as_second();
    let body = br#"{"event":"SECURITY_POLICY_UPDATED"}"#;
    let good = it.signed(now, body);
    assert_eq!(it.deliver(&good, body).0, 202);
    it.world.until("a look follows", |_| it.reads() == 3);
    let (reads, submits) = (it.reads(), it.world.submits());

    assert_eq!(it.deliver(&good, body), (401, "not taken: it has been delivered before".to_owned()));
    assert_eq!(it.deliver("", body), (401, "not taken: it is not signed".to_owned()));
    let late = it.signed(now - 3600, body);
    assert_eq!(it.deliver(&late, body), (401, "not taken: its time is too far from ours".to_owned()));
    let other = it.signed(now, b"another body");
    assert_eq!(
        it.deliver(&other, body),
        (401, "not taken: its signature is by none of the secrets".to_owned())
    );
    let long = vec![b' '; 64 * 1024 + 1];
    assert_eq!(it.deliver(&it.signed(now, &long), &long).0, 413);
    // An event about a bot is counted, and is no reason to look.
    let bot = br#"{"event":"BOT_DETECTION_TRIGGERED"}"#;
    assert_eq!(it.deliver(&it.signed(now, bot), bot).0, 202);

    // Two passes: whatever was asked for before the first is done by the end of the second.
    for _ in 0..2 {
        it.daemon.signal(rustix::process::Signal::HUP);
        it.daemon.logs(&["pass.started", "a pass: asked"]);
        it.daemon.logs(&["pass.ended"]);
    }
    assert_eq!((it.reads(), it.world.submits()), (reads, submits));
    let refused = it.world.entries("hook.refused");
    assert_eq!((refused.len(), &refused[0]["count"]), (1, &json!(1)), "one entry a minute: {refused:?}");
}

#[test]
fn a_tenant_that_can_not_be_reached_is_asked_no_sooner_for_that() {
    let world = World::new();
    world.sandbox.set_faults(vec!["token:401".parse().unwrap()]);
    let mut daemon = world.started(world.command(&["run"]).env("CHATWARD_LOG", "chatward=debug"));
    daemon.logs(&["tenant.failed"]);
    daemon.logs(&["pass.ended"]);
    let asked = world.requests(Endpoint::Token).len();
    // A pass that is asked for has nothing to ask the tenant for either, and no pass comes by itself.
    for _ in 0..2 {
        daemon.signal(rustix::process::Signal::HUP);
        assert!(daemon.logs(&["pass.started"]).contains("a pass: asked"));
        daemon.logs(&["pass.ended"]);
    }
    assert_eq!(world.requests(Endpoint::Token).len(), asked);
}
