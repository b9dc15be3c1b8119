//! Headers on the command line: checked line by line, compared, and made into documents.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::Value;

use crate::support::World;

/// Runs `csp` with these bytes on standard input.
fn csp(world: &World, arguments: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
    let mut command = world.command(&[&["csp"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // What it does not want to read it may leave.
    let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_line_gets_its_object_whatever_it_holds() {
    let world = World::new();
    let long = "a".repeat((1 << 20) + 10);
    let lines: [&[u8]; 7] = [
        b"\xef\xbb\xbfdefault-src 'none'; base-uri 'none'; form-action 'none'\r",
        b"",
        b"default-src 'self', script-src 'none'",
        b"script-src self",
        long.as_bytes(),
        b"img-src \xff\xfe",
        b"Content-Security-Policy: default-src 'none'",
    ];
    let (code, text, _) = csp(&world, &["check", "-", "-o", "json"], &lines.join(&b'\n'));
    assert_eq!(code, Some(2));
    let objects = objects(&text);
    let numbers: Vec<&Value> = objects.iter().map(|object| &object["line"]).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
    let has = |index: usize, code: &str| {
        objects[index]["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == code)
    };
    let errors = |index: usize| {
        let findings = objects[index]["findings"].as_array().unwrap();
        findings.iter().filter(|finding| finding["severity"] == "error").count()
    };
    assert_eq!((errors(0), errors(2)), (0, 0), "{objects:?}");
    assert_eq!(objects[0]["allows"]["inlineScript"], false);
    assert_eq!(objects[1]["allows"]["inlineScript"], true, "a blank line is an empty policy");
    assert_eq!(objects[2]["allows"]["extScriptSelf"], false, "each of several policies must allow it");
    assert_eq!(objects[2]["allows"]["formActionEvil"], true);
    let unquoted =
        &objects[3]["findings"].as_array().unwrap().iter().find(|f| f["code"] == "CW2102").unwrap();
    assert_eq!((&unquoted["directive"], &unquoted["value"]), (&"script-src".into(), &"self".into()));
    assert!(has(4, "CW2601") && objects[4]["allows"].is_null());
    assert!(has(5, "CW2602") && has(6, "CW2603"));
    assert_eq!(objects[6]["allows"]["inlineScript"], false, "the rest is read");
}

/// Answers come as lines do, so that another program can hold a conversation.
#[test]
fn a_line_is_answered_before_the_next_one_comes() {
    let world = World::new();
    let mut command = world.command(&["csp", "check", "-", "-o", "json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in 1..=3 {
        writeln!(stdin, "default-src 'none'").unwrap();
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["line"], number);
    }
    drop(stdin);
    assert!(answers.next().is_none());
    child.wait().unwrap();
}

#[test]
fn findings_decide_the_exit_code() {
    let world = World::new();
    let weak = b"default-src 'self' 'unsafe-inline'";
    let (code, text, _) = csp(&world, &["check", "-"], weak);
    assert_eq!(code, Some(0));
    assert!(text.contains("warning[CW2301]") && text.contains("--> <stdin>:1:20"), "{text}");
    assert!(text.contains("inline scripts run") && text.contains("allowed"), "{text}");
    assert!(text.trim_end().lines().last().unwrap().starts_with("1 file, 1 policy: "), "{text}");
    assert_eq!(csp(&world, &["check", "-", "--deny", "warnings"], weak).0, Some(2));
    assert_eq!(csp(&world, &["check", "-"], b"scirpt-src 'self'").0, Some(2));
    assert_eq!(csp(&world, &["check", "-"], b"").0, Some(0));
    assert_eq!(csp(&world, &["check", "nowhere.txt"], b"").0, Some(1));
    assert_eq!(csp(&world, &["check", "-", "--target", "netscape=4"], b"").0, Some(64));
}

#[test]
fn targets_decide_what_browsers_lack() {
    let world = World::new();
    let policy = b"script-src-elem 'none'";
    let lacks = |targets: &str| {
        let (_, text, _) = csp(&world, &["check", "-", "-o", "json", "--target", targets], policy);
        text.contains("CW2201")
    };
    assert!(lacks("chrome=70"));
    assert!(!lacks("chrome=120,firefox=120,safari=17"));
}

#[test]
fn two_headers_are_compared_by_what_they_mean() {
    let world = World::new();
    std::fs::write(
        world.path().join("old"),
        "Content-Security-Policy: default-src 'self';\n img-src a.example\n",
    )
    .unwrap();
    std::fs::write(
        world.path().join("new"),
        "IMG-SRC A.example a.example; default-src 'self' 'unsafe-inline'",
    )
    .unwrap();
    world.run(&["csp", "diff", "old", "old"]).exits(0).says("No difference.");
    let ran = world.run(&["csp", "diff", "old", "new"]);
    ran.exits(0)
        .says("~ default-src")
        .says("+ 'unsafe-inline'")
        .says("Allowed now:")
        .says("inline scripts run");
    assert!(!ran.stdout.contains("img-src"), "{}", ran.stdout);
    let json = world.run(&["csp", "diff", "new", "old", "-o", "json"]).json();
    assert_eq!(json["directives"][0]["removed"][0], "'unsafe-inline'");
    assert!(json["blocked"].as_array().unwrap().contains(&"inlineScript".into()), "{json}");
    world.run(&["csp", "diff", "--text", "img-src *", "img-src 'self'"]).exits(0).says("- *");
    let (code, text, _) = csp(&world, &["diff", "old", "-"], b"default-src 'self'");
    assert_eq!(code, Some(0));
    assert!(text.contains("- img-src"), "{text}");
    world.run(&["csp", "diff", "-", "-"]).exits(1).complains("not both");
}

#[test]
fn an_imported_header_is_a_document_that_validate_reads() {
    let world = World::new();
    let header = b"default-src 'none'; script-src 'self' https://cdn.example *.chat.example; connect-src wss: data:; \
                   base-uri 'none'; form-action 'self'; frame-ancestors 'self'; report-uri /csp; upgrade-insecure-requests";
    let (code, text, _) = csp(&world, &["import", "--name", "web-chat", "--tenant", "default"], header);
    assert_eq!(code, Some(0), "{text}");
    world.write("web-chat.yaml", &text);
    let json = world.run(&["validate", "-o", "json"]).json();
    assert_eq!((&json["summary"]["policies"], &json["summary"]["errors"]), (&1.into(), &0.into()), "{json}");
    assert!(text.contains("reportUri: \"/csp\""), "{text}");
    let (code, _, error) = csp(&world, &["import", "--name", "a"], b"img-src *, font-src *");
    assert_eq!(code, Some(1));
    assert!(error.contains("2 policies"), "{error}");
    assert_eq!(csp(&world, &["import", "--name", "Not A Label"], b"img-src *").0, Some(64));
}
