//! A tree and a tenant that mean harm: nothing hangs, nothing outside is read, and nothing that either says moves a
//! cursor, forges a line or grows without bounds, wherever it is shown.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::Command;

use chatward::printable::is_hidden;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{World, files, policy};

/// What a hostile text does: colours, a title, a line of its own, the reading direction, and length.
fn evil() -> String {
    format!("\u{1b}[31mEVIL\u{1b}]0;title\u{7}\r\nFORGED line\u{202e}\u{2028}\u{9b}2J{}", "x".repeat(100_000))
}

#[track_caller]
fn is_clean(what: &str, text: &str) {
    let hidden = text.chars().find(|c| *c != '\n' && is_hidden(*c));
    assert_eq!(hidden, None, "{what}: {}", text.escape_debug());
    assert!(!text.lines().any(|line| line.trim_start().starts_with("FORGED")), "{what}: {text}");
    let longest = text.lines().map(str::len).max().unwrap_or(0);
    assert!(longest < 8_192, "{what}: a line of {longest} bytes");
    assert!(text.len() < 256 * 1024, "{what}: {} bytes", text.len());
}

/// Every verb that shows what a file or a tenant says.
fn shows_cleanly(world: &World, what: &str) {
    let verbs: &[&[&str]] = &[
        &["apply"],
        &["apply", "-o", "json"],
        &["apply", "--log-format", "json"],
        &["plan"],
        &["plan", "--live"],
        &["plan", "--live", "-o", "json"],
        &["status"],
        &["status", "-o", "json"],
        &["validate"],
        &["validate", "-o", "json"],
        &["validate", "-o", "sarif"],
        &["validate", "-o", "github"],
        &["audit", "show"],
        &["audit", "show", "-o", "json"],
        &["audit", "show", "--entries", "-o", "json"],
        &["audit", "verify"],
        &["doctor"],
        &["doctor", "-o", "json"],
    ];
    for verb in verbs {
        let mut command = world.command(verb);
        let output = command.env("CHATWARD_LOG", "chatward=debug").output().unwrap();
        for text in [output.stdout, output.stderr] {
            is_clean(&format!("{what}: {verb:?}"), std::str::from_utf8(&text).unwrap());
        }
    }
    for path in files(&world.state().join("ledger")) {
        let text = fs::read_to_string(&path).unwrap();
        let longest = text.lines().map(str::len).max().unwrap_or(0);
        assert!(longest < 64 * 1024, "{what}: a ledger line of {longest} bytes");
    }
}

/// Answers by the path's end: status, headers, body.
type Answers = BTreeMap<&'static str, (u16, Vec<(&'static str, String)>, Value)>;

/// A tenant that answers what it is told to, for as long as the test runs.
fn tenant(answers: Answers) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answers = answers.clone();
            std::thread::spawn(move || answer(stream, &answers));
        }
    });
    address
}

fn answer(mut stream: TcpStream, answers: &Answers) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let asked = format!("{} {}", words.next()?, words.next()?.split('?').next()?);
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.to_ascii_lowercase().strip_prefix("content-length:") {
            Some(text) => length = text.trim().parse().ok()?,
            None if header.trim().is_empty() => break,
            None => {}
        }
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    let found = answers.iter().find(|(path, _)| asked.ends_with(**path)).map(|(_, answer)| answer.clone());
    let (status, headers, body) = found.unwrap_or((404, Vec::new(), json!({"message": evil()})));
    let body = body.to_string();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()
}

const SUBMIT: &str = "POST /api/v2/webchat/security-policies";

fn with_token(more: Answers) -> Answers {
    let token = json!({"access_token": "tok", "token_type": "bearer", "expires_in": 3600});
    [("POST /token", (200, vec![], token))].into_iter().chain(more).collect()
}

#[test]
fn whatever_a_tenant_says_is_bounded_and_escaped_wherever_it_is_shown() {
    let located = |location: &str| (202, vec![("location", location.to_owned())], json!({}));
    let job =
        |body: Value| -> Answers { [(SUBMIT, located("/job")), ("GET /job", (200, vec![], body))].into() };
    let refused = |status, body: Value| -> Answers { [(SUBMIT, (status, vec![], body))].into() };
    let listed = json!({"items": [
        {"policyId": evil(), "policy": {"metadata": {"policyName": "a", "updatedBy": evil()}, "channelType": evil()}},
        {"policyId": "p", "policy": {"metadata": {"policyName": evil()}}},
    ]});
    let scenarios: Vec<(&str, Answers)> = vec![
        (
            "token refused",
            [("POST /token", (401, vec![], json!({"error": evil(), "error_description": evil()})))].into(),
        ),
        ("job failed", with_token(job(json!({"status": "FAILED", "errorMessage": evil()})))),
        ("job of an unknown status", with_token(job(json!({"status": evil()})))),
        ("policy id", with_token(job(json!({"status": "COMPLETED", "policyId": evil()})))),
        ("job id", with_token(refused(202, json!({"jobId": evil()})))),
        ("short job id", with_token(refused(202, json!({"jobId": "\u{1b}[31m\r\nFORGED"})))),
        ("location", with_token([(SUBMIT, located(&format!("/{}", "j".repeat(9_000))))].into())),
        ("refused location", with_token([(SUBMIT, located("http://evil.example/\u{1b}[31m"))].into())),
        (
            "problem",
            with_token(refused(
                422,
                json!({"title": evil(), "detail": evil(), "errors": [{"field": evil(), "message": evil()}]}),
            )),
        ),
        ("error", with_token(refused(400, json!({"error": evil(), "errorDescription": evil()})))),
        ("message", with_token(refused(403, json!({"message": evil(), evil(): evil()})))),
        ("list", with_token([("GET /api/v2/webchat/security-policies", (200, vec![], listed))].into())),
        (
            "webhook id",
            with_token(
                [("POST /api/v2/webhooks/security-events", (201, vec![], json!({"id": evil()})))].into(),
            ),
        ),
    ];
    for (what, answers) in scenarios {
        let world = World::new();
        let address = tenant(answers);
        world.write_settings(&format!(
            "tenants:\n  - name: default\n    base_url: http://{address}\n    token_url: http://{address}/token\n    client_id: x\n    \
             client_secret: {{ env: TEST_SECRET }}\n    job: {{ base_delay: 10ms, max_delay: 20ms, deadline: 200ms }}\n    \
             webhooks: [{{ name: siem, url: 'https://siem.example/in', secret: {{ env: TEST_SECRET }} }}]\n    \
             verify: {{ endpoint: 'http://{address}/chat/{{policy}}' }}\n"
        ));
        world.write("a.yaml", &policy("a", "'self'"));
        shows_cleanly(&world, what);
    }
}

#[test]
fn names_pipes_devices_and_links_of_a_tree_do_no_harm() {
    let world = World::new();
    world.write("good.yaml", &policy("good", "'self'"));
    world.write("a\n\u{1b}[31mFORGED\u{202e}.yaml", "apiVersion: [");
    world.write("b\r\nFORGED.yaml", &policy("b", "self"));
    world.write("sub\u{9b}2J/\u{7}bell.yaml", "kind: \"\u{1b}[31m\\e[31m\\nFORGED\"\n");
    let path = |name: &str| world.policies().join(name);
    symlink("/etc/passwd", path("out.yaml")).unwrap();
    symlink("/dev/zero", path("zero.yaml")).unwrap();
    symlink(world.policies(), path("loop")).unwrap();
    symlink("self.yaml", path("self.yaml")).unwrap();
    for (program, arguments) in [("mkfifo", vec!["pipe.yaml"]), ("mknod", vec!["device.yaml", "c", "1", "5"])]
    {
        let made = Command::new(program).args(&arguments).current_dir(world.policies()).output();
        if !made.is_ok_and(|made| made.status.success()) {
            eprintln!("without {}: {program} is not there, or only for root", arguments[0]);
        }
    }
    shows_cleanly(&world, "tree");
    let ran = world.run(&["apply"]);
    ran.exits(4);
    assert_eq!(world.live("default").keys().collect::<Vec<_>>(), ["good"]);
    assert!(!world.run(&["validate"]).stdout.contains("root:"), "nothing outside is read");
    let mut daemon = world.start(&["run"]);
    world.write("good.yaml", &policy("good", "'self' https://new.example"));
    daemon.logs(&["policy.deployed"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    is_clean("log", &daemon.log.join("\n"));
}

#[test]
fn ten_thousand_documents_in_one_file_are_answered_for() {
    let world = World::new();
    world.write("good.yaml", &policy("good", "'self'"));
    let document = |number: usize| {
        format!(
            "---\napiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: {{ name: p{number} }}\nspec: {{ cspDirectives: {{ default-src: \"'none'\" }} }}\n"
        )
    };
    world.write("many.yaml", &(0..10_000).map(document).collect::<String>());
    let ran = world.run(&["validate"]);
    is_clean("validate", &ran.stdout);
    ran.exits(2).says("many.yaml");
    world.run(&["apply"]).exits(4);
    assert_eq!(world.live("default").len(), 1, "what is wrong with one file holds that file alone");
}
