//! Every code is explained, and what its explanation shows is true.

use std::collections::BTreeSet;
use std::sync::Arc;

use chatward::catalogue;
use chatward::csp::TargetBrowsers;
use chatward::finding::Code;
use chatward::snapshot::{FileFacts, Snapshot};
use chatward::validate::header;

use crate::support::World;

/// Codes whose example can only tell of what raises it: bytes that are no text, sizes beyond a limit, several files.
const TOLD: &[&str] = &[
    "CW1001", "CW1002", "CW1006", "CW1007", "CW1011", "CW1012", "CW1026", "CW1027", "CW2401", "CW2402",
    "CW2405", "CW2601", "CW2602", "CW2604", "CW9001", "CW9002", "CW9003", "CW9004", "CW9005", "CW9006",
];

#[test]
fn every_code_is_explained() {
    for code in catalogue::codes() {
        let sentences = code.why.matches(['.', '?']).count();
        assert!(code.why.ends_with('.') && sentences >= 1, "{code}: {}", code.why);
        assert!(code.why.split_whitespace().count() >= 10, "{code} says why");
        assert!(!code.example.is_empty() && !code.fixed.is_empty() && code.example != code.fixed, "{code}");
        assert!(code.summary.ends_with('.'), "{code}: a summary is a sentence");
    }
}

#[test]
fn every_example_raises_its_code_and_is_put_right() {
    for code in catalogue::codes().into_iter().filter(|code| !TOLD.contains(&code.id)) {
        assert!(
            raised(code.example).contains(code.id),
            "{code} by {:?}: {:?}",
            code.example,
            raised(code.example)
        );
        assert!(!raised(code.fixed).contains(code.id), "{code} by {:?}", code.fixed);
    }
}

#[test]
fn no_code_is_excused_without_need() {
    let known: BTreeSet<&str> = catalogue::codes().iter().map(|code: &&Code| code.id).collect();
    assert!(TOLD.iter().all(|id| known.contains(id)));
}

/// The codes that an example raises: a header, or some keys of a document.
fn raised(example: &str) -> BTreeSet<&'static str> {
    let first = example.split_whitespace().next().unwrap_or_default();
    if (first.ends_with(':') && !first.starts_with("Content-")) || first.starts_with('#') {
        raised_by_document(example)
    } else {
        raised_by_header(example)
    }
}

fn raised_by_header(line: &str) -> BTreeSet<&'static str> {
    let header = header::check(&Arc::from("header"), 1, line.as_bytes(), &TargetBrowsers::default());
    header.findings.iter().map(|finding| finding.code.id).collect()
}

fn raised_by_document(example: &str) -> BTreeSet<&'static str> {
    let facts = FileFacts::read(&Arc::from("example.yaml"), document(example).as_bytes(), None);
    let tenants = ["default".parse().unwrap(), "production".parse().unwrap()].into();
    let snapshot = Snapshot::assemble(&[Arc::new(facts)].into(), &tenants);
    snapshot.findings().iter().map(|finding| finding.code.id).collect()
}

/// A whole document with these keys where they belong.
fn document(example: &str) -> String {
    if example.starts_with('#') {
        return example.to_owned();
    }
    let key = example.split(':').next().unwrap();
    let mut parts = [
        ("apiVersion", "apiVersion: chatward.dev/v1".to_owned()),
        ("kind", "kind: WebchatSecurityPolicy".to_owned()),
        ("metadata", "metadata:\n  name: checkout-chat\n  tenant: default".to_owned()),
        ("spec", "spec:\n  cspDirectives:\n    default-src: \"'self'\"".to_owned()),
    ];
    let nested = |depth: usize| {
        let indent = " ".repeat(depth);
        format!("\n{indent}{}", example.replace('\n', &format!("\n{indent}")))
    };
    match key {
        "apiVersion" | "kind" | "metadata" | "spec" => {
            parts.iter_mut().find(|(name, _)| *name == key).unwrap().1 = example.to_owned();
        }
        "annotations" => parts[2].1.push_str(&nested(2)),
        "targetBrowsers" | "reportUri" | "xssRules" | "botDetection" | "vendor" | "region" => {
            parts[3].1.push_str(&nested(2));
        }
        _ => parts[3].1.push_str(&nested(4)),
    }
    parts.iter().map(|(_, text)| format!("{text}\n")).collect()
}

#[test]
fn a_code_is_explained_on_the_command_line() {
    let world = World::new();
    let ran = world.run(&["explain", "cw2107"]);
    ran.exits(0).says("error[CW2107]: hash-length").says("32 bytes").says("For example").says("Rather");
    assert!(!ran.stdout.contains('\u{1b}'), "no colours where there is no terminal");
    world.run(&["explain", "hash-length"]).exits(0).says("CW2107");
    world
        .run(&["explain", "hash-lenght"])
        .exits(1)
        .complains("did you mean hash-length?")
        .complains("--list");
    world.run(&["explain", "CW2999"]).exits(1).complains("there is no code CW2999");
    world.run(&["explain"]).exits(64);
    world.run(&["explain", "--list"]).exits(0).says("CW1001").says("CW2107").says("CW9003");
    let listed = world.run(&["explain", "--list", "-o", "json"]).json();
    assert_eq!(listed["version"], 1);
    assert_eq!(listed["codes"].as_array().unwrap().len(), catalogue::codes().len());
    let one = world.run(&["explain", "CW2107", "-o", "json"]).json();
    assert_eq!((&one["version"], &one["code"]["code"]), (&1.into(), &"CW2107".into()));
}
