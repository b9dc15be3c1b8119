//! Pages as browsers receive them: looked at in time, told when they stray, and on record for an auditor.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{World, files, policy};

/// What `policy("checkout-chat", "'self'")` means as a header.
const HEADER: &str = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'";

/// A web server that answers every request with what it is told to.
struct Site {
    url: String,
    answer: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/checkout", listener.local_addr().unwrap());
        let (answer, asked) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(Vec::new())));
        let (answers, log) = (Arc::clone(&answer), Arc::clone(&asked));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
                while !head.ends_with(b"\r\n\r\n") {
                    let read = stream.read(&mut buffer).unwrap();
                    if read == 0 {
                        break;
                    }
                    head.extend_from_slice(&buffer[..read]);
                }
                let head = String::from_utf8(head).unwrap();
                let answer = answers.lock().unwrap().clone();
                // What moved answers there as itself.
                let answer = match head.contains(" /moved ") {
                    true => {
                        "HTTP/1.1 302 Found\r\nLocation: /checkout\r\nConnection: close\r\n\r\n".to_owned()
                    }
                    false => answer,
                };
                log.lock().unwrap().push(head);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, answer, asked }
    }

    /// From now on the page has these headers and this text.
    fn says(&self, headers: &[(&str, &str)], html: &str) {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.answers(&format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{html}",
            html.len()
        ));
    }

    fn answers(&self, answer: &str) {
        answer.clone_into(&mut self.answer.lock().unwrap());
    }
}

const CSP: &str = "Content-Security-Policy";
const REPORT_ONLY: &str = "Content-Security-Policy-Report-Only";

/// A policy that is live, and pages that should come with it.
fn observing(urls: &[&str]) -> World {
    let world = World::new();
    let pages: Vec<String> =
        urls.iter().map(|url| format!("{{ url: '{url}', policy: checkout-chat }}")).collect();
    world.settings(&["default"], &format!("    observe: [{}]\n", pages.join(", ")));
    world.write("checkout.yaml", &policy("checkout-chat", "'self'"));
    world.run(&["apply"]).exits(0);
    world
}

fn page_of_the_sandbox(world: &World) -> String {
    format!("http://{}/tenants/default/chat/checkout-chat", world.address)
}

/// One look; the page as JSON.
fn look(world: &World, exit: i32) -> Value {
    let ran = world.run(&["observe", "-o", "json"]);
    ran.exits(exit);
    ran.json()["pages"][0].clone()
}

#[test]
fn a_page_that_lost_a_directive_is_named_with_what_it_now_allows() {
    let site = Site::new();
    let world = observing(&[&site.url]);
    site.says(&[(CSP, HEADER)], "");
    assert_eq!(look(&world, 0)["verdict"], "matches");

    site.says(&[(CSP, "default-src 'self'; script-src * 'unsafe-inline'; object-src 'none'")], "");
    let ran = world.run(&["observe"]);
    ran.exits(2)
        .says(&format!("{} against default/checkout-chat: differs", site.url))
        .says("missing - base-uri 'none'")
        .says("extra   + script-src 'unsafe-inline' *")
        .says("allowed inline scripts run")
        .says("allowed the base URL may be any other site")
        .says("weakens: base-uri no longer restricts anything")
        .says("Observe: 0 of 1 page as they should be.");
    let entries = world.entries("page.observed");
    let (first, second) = (&entries[0], &entries[1]);
    assert_eq!((entries.len(), &first["url"]), (2, &json!(site.url)));
    assert_eq!((&first["verdict"], &second["verdict"]), (&json!("matches"), &json!("differs")));
    assert!(first["headerDigest"].is_string() && first["headerDigest"] != second["headerDigest"]);
    assert_eq!(second["policyDigest"], world.entries("operation.intent")[0]["digest"]);
    let allowed: Vec<&str> =
        second["difference"]["allowed"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(allowed.contains(&"inlineScript") && allowed.contains(&"baseEvil"), "{allowed:?}");
    assert_eq!(second["difference"]["direction"], "weakens");
    world.run(&["status"]).exits(0).says("differs").says("missing base-uri 'none'");
    world.run(&["audit", "show", "--failed"]).exits(0).says("page.observed").says("differs");

    // A browser is told nothing of us but that it is us.
    let asked = site.asked.lock().unwrap();
    assert!(asked[0].starts_with("GET /checkout HTTP/1.1"), "{asked:?}");
    let lower = asked[0].to_ascii_lowercase();
    assert!(lower.contains("accept: text/html,") && lower.contains("chatward/"), "{lower}");
    assert!(!lower.contains("authorization") && !lower.contains("cookie"), "{lower}");
}

/// Headers, the text of the page, and what that comes to.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

#[test]
fn a_policy_is_found_wherever_a_page_says_it() {
    let site = Site::new();
    let world = observing(&[&site.url]);
    let meta =
        format!("<html><head><meta http-equiv=\"content-security-policy\" content=\"{HEADER}\"></head>");
    let scripts = "script-src 'self'; default-src 'self'; object-src 'none'";
    let with_comma = format!("{scripts}, base-uri 'none'");
    let rows: &[Row] = &[
        (&[(CSP, scripts), (CSP, "base-uri 'none'")], "", "matches"),
        (&[(CSP, &with_comma)], "", "matches"),
        (&[], &meta, "matches"),
        (
            &[(CSP, "base-uri 'none'")],
            "<meta http-equiv=content-security-policy content=\"default-src 'self'; object-src 'none'\">",
            "matches",
        ),
        (&[(CSP, HEADER), (REPORT_ONLY, "default-src 'none'")], "", "matches"),
        (&[(REPORT_ONLY, HEADER)], "", "none"),
        (&[], &format!("<body>{meta}"), "none"),
        (&[], "", "none"),
    ];
    for (headers, html, verdict) in rows {
        site.says(headers, html);
        let page = look(&world, if *verdict == "matches" { 0 } else { 2 });
        assert_eq!(page["verdict"], *verdict, "{headers:?} {html}: {page}");
    }
    site.says(&[(REPORT_ONLY, HEADER)], "");
    let page = look(&world, 2);
    assert_eq!((&page["enforced"], &page["reportOnly"]), (&json!(0), &json!(1)));
    world.run(&["observe"]).exits(2).says("1 policy is only reported").says("allowed inline scripts run");
}

#[test]
fn the_page_that_a_visitor_ends_on_is_what_counts() {
    let site = Site::new();
    let moved = site.url.replace("/checkout", "/moved");
    let world = observing(&[&moved]);
    site.says(&[(CSP, HEADER)], "");
    let page = look(&world, 0);
    assert_eq!((&page["verdict"], &page["landedAt"]), (&json!("matches"), &json!(site.url)));

    site.answers("HTTP/1.1 301 Moved\r\nLocation: http://www.example/\r\nConnection: close\r\n\r\n");
    site.says(&[], "");
    let page = look(&world, 2);
    assert_eq!(page["verdict"], "none");
}

#[test]
fn a_page_that_can_not_be_had_is_unreachable_with_the_reason() {
    let site = Site::new();
    let world = observing(&[&site.url]);
    let error = |answer: &str| {
        site.answers(answer);
        let page = look(&world, 1);
        assert_eq!(page["verdict"], "unreachable");
        page["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(error("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"), "it answered 404 Not Found");
    let away = "HTTP/1.1 301 Moved\r\nLocation: http://www.example/\r\nConnection: close\r\n\r\n";
    assert!(error(away).contains("redirects away from https"));
    let circle = "HTTP/1.1 302 Found\r\nLocation: /checkout\r\nConnection: close\r\n\r\n";
    assert_eq!(error(circle), "over 10 redirects");
    assert!(!error("").is_empty(), "nothing at all is said");
    let entry = &world.entries("page.observed")[0];
    assert_eq!((&entry["verdict"], &entry["headerDigest"]), (&json!("unreachable"), &Value::Null));
}

#[test]
fn the_daemon_looks_when_a_look_is_due_and_a_restart_is_no_reason() {
    let world = World::new();
    let url = page_of_the_sandbox(&world);
    let settings = |pages: &str| world.settings(&["default"], &format!("    observe: [{pages}]\n"));
    settings(&format!("{{ url: '{url}', policy: checkout-chat }}"));
    world.write("checkout.yaml", &policy("checkout-chat", "'self'"));
    let mut daemon = world.start(&["run"]);
    // After the first pass, when there is something to hold the page to.
    daemon.logs(&["page.observed", &url, "matches", "entry "]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));

    // Somebody opens the policy up. A week is not over, so nobody looks, until something else is deployed.
    world.sandbox.tamper(&"default".parse().unwrap(), "checkout-chat", |payload| {
        payload["securityProfile"]["contentSecurityPolicy"]["directives"]["script-src"] = json!("*");
    });
    let mut command = world.command(&["run"]);
    let mut daemon = world.started(command.env("CHATWARD_LOG", "chatward=debug"));
    daemon.logs(&["pass.ended"]);
    world.write("checkout.yaml", &policy("checkout-chat", "'self' https://cdn.example"));
    daemon.logs(&["page.observed", "matches"]);
    let looks = world.entries("page.observed");
    assert_eq!(looks.len(), 2, "{looks:?}");
    assert_ne!(looks[0]["policyDigest"], looks[1]["policyDigest"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));

    // What the settings no longer name is shown no longer, and the record says since when.
    world.run(&["status"]).exits(0).says(&url);
    settings("");
    let mut daemon = world.start(&["run"]);
    daemon.logs(&["page.dropped", &url]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(0));
    assert_eq!(world.entries("page.dropped")[0]["url"], json!(url));
    assert_eq!(world.run(&["status", "-o", "json"]).json()["pages"], json!([]));
}

#[test]
fn the_daemon_tells_what_a_page_lost() {
    let site = Site::new();
    let world = observing(&[&site.url]);
    site.says(&[(CSP, "default-src 'self'")], "");
    let mut daemon = world.start(&["run", "--log-format", "json"]);
    let told: Value = serde_json::from_str(&daemon.logs(&["page.observed"])).unwrap();
    assert_eq!((&told["level"], &told["verdict"]), (&json!("WARN"), &json!("differs")));
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("missing base-uri 'none'") && detail.contains("base-uri"), "{detail}");
}

#[test]
fn without_pages_there_is_nothing_to_look_at() {
    let world = World::new();
    world.run(&["observe"]).exits(1).complains("no page is named: the settings need `observe:");
}

#[test]
fn in_a_simulated_tenant_pages_are_served_as_they_are_live() {
    let world = World::new();
    world.settings(
        &["default"],
        "    observe: [{ url: 'https://www.acme.example/checkout', policy: checkout-chat }]\n",
    );
    world.write("checkout.yaml", &policy("checkout-chat", "'self'"));
    world.run(&["apply", "--sandbox", "--job-duration", "10ms"]).exits(0);
    world
        .run(&["observe", "--sandbox"])
        .exits(0)
        .says("https://www.acme.example/checkout against default/checkout-chat: matches");
}

#[test]
fn evidence_is_made_of_a_ledger_that_holds_and_of_no_other() {
    let site = Site::new();
    let world = observing(&[&site.url]);
    site.says(&[(CSP, HEADER)], "");
    look(&world, 0);
    site.says(&[(CSP, "default-src 'self'")], "");
    look(&world, 2);
    let report = world.run(&["evidence", "--since", "2020-01-01"]);
    report
        .exits(0)
        .says("The ledger is whole: ")
        .says(&format!("### `{}`", site.url))
        .says("2 looks against `default/checkout-chat` (1 matches, 1 differs)")
        .says("**Not had for more than a week**: from 2020-01-01T00:00:00Z")
        .says("missing `base-uri 'none'`")
        .says("| `default/checkout-chat` | deploy |");
    let json = world.run(&["evidence", "--since", "2020-01-01", "-o", "json"]).json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["pages"][0]["counts"], json!({ "matches": 1, "differs": 1 }));
    assert_eq!(json["changes"][0]["policy"], "checkout-chat");
    assert_eq!(json["pages"][0]["looks"][0]["entry"], world.entries("page.observed")[0]["sequence"]);
    assert_eq!(json["proof"]["whole"], true);
    let other = world.run(&["evidence", "--since", "2020-01-01", "--tenant", "other", "-o", "json"]).json();
    assert_eq!((&other["pages"], &other["changes"]), (&json!([]), &json!([])));
    world.run(&["evidence", "--since", "2020-01-01", "--until", "2019-01-01"]).exits(1);

    // Somebody makes a bad look a good one.
    let segment = files(&world.state().join("ledger"))
        .into_iter()
        .find(|path| path.extension().is_some_and(|it| it == "jsonl"));
    let segment = segment.unwrap();
    let whole = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, whole.replace("\"verdict\":\"differs\"", "\"verdict\":\"matches\"")).unwrap();
    let forged = world.run(&["evidence", "--since", "2020-01-01"]);
    forged.exits(1).complains("the ledger does not hold").complains("its hash is not that of its bytes");
    assert_eq!(forged.stdout, "", "there is no evidence in it");
}
