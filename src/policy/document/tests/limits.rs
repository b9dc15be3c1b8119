//! Input that is too much is answered at once.

use super::*;
use crate::policy::document::fields::{MAX_ITEMS, MAX_STRING};
use crate::policy::document::text::MAX_FILE;
use crate::policy::document::tree::{MAX_DEPTH, MAX_NODES};

/// The codes of all findings, each once.
fn codes(text: &str) -> Vec<&'static str> {
    let documents = read(text);
    assert!(documents.iter().all(|document| document.findings.len() <= MAX_FINDINGS + 1));
    let findings = documents.iter().flat_map(|document| &document.findings);
    let mut codes: Vec<&str> = findings.map(|finding| finding.code.id).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

#[test]
fn files_have_a_largest_size() {
    assert_eq!(codes(&"a".repeat(MAX_FILE + 1)), ["CW1002"]);
    assert_eq!(codes(&format!("{HEAD}{META}{SPEC}#{}", "a".repeat(MAX_FILE - 200))), [""; 0]);
}

#[test]
fn nesting_has_an_end() {
    for nested in ["[", "{", "- ", "{a: ", "[{a: ", "? "] {
        assert!(codes(&nested.repeat(400_000 / nested.len())).contains(&"CW1010"), "{nested}");
    }
    let nest = |depth: usize| format!("  labels: {}{}\n", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(codes(&spec(&nest(MAX_DEPTH - 2))), ["CW1020"]);
    assert_eq!(codes(&spec(&nest(MAX_DEPTH - 1))), ["CW1010", "CW1020"]);
    let known = &read(&spec(&nest(100)))[0];
    assert!(known.id.is_some(), "the rest of a document is read where a part is too deep");
}

#[test]
fn documents_have_a_most_of_nodes() {
    let many = |count: usize| spec(&format!("  labels: [{}]\n", "a,".repeat(count)));
    assert_eq!(codes(&many(MAX_NODES - 100)), ["CW1020"]);
    assert_eq!(codes(&many(MAX_NODES + 100)), ["CW1011"]);
    let next = format!("{}---\n{HEAD}{META}{SPEC}", many(MAX_NODES + 100));
    assert!(read(&next)[1].policy.is_some());
}

#[test]
fn aliases_count_what_they_stand_for() {
    let scalar = format!("a: &a {}\nb: [{}]\n", "x".repeat(200 << 10), "*a,".repeat(4_000));
    assert!(codes(&scalar).contains(&"CW1012"));
    let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let aliases = format!("*a{},", level - 1).repeat(10);
        laughs.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(codes(&laughs).contains(&"CW1012"));
    assert_eq!(codes(&spec("  labels: &a [*a]\n")), ["CW1013", "CW1020"]);
    let spread = format!("---\na: &a [{}]\nb: [*a]\n", "x,".repeat(1_000)).repeat(200);
    assert!(codes(&spread).contains(&"CW1012"), "of all documents of a file together");
}

#[test]
fn files_have_a_most_of_documents() {
    let text = "--- {}\n".repeat(MAX_DOCUMENTS + 5);
    assert!(codes(&text).contains(&"CW1006"));
    assert_eq!(read(&text).len(), MAX_DOCUMENTS + 1);
    let findings: usize = read(&text).iter().map(|document| document.findings.len()).sum();
    assert!(findings < MAX_FILE_FINDINGS + MAX_FINDINGS + 2 * MAX_DOCUMENTS + 10);
}

#[test]
fn lists_strings_and_findings_have_a_most() {
    let directive = |value: &str| format!("{HEAD}{META}spec: {{ cspDirectives: {{ a: {value} }} }}\n");
    assert_eq!(codes(&directive(&format!("[{}]", "b,".repeat(MAX_ITEMS)))), [""; 0]);
    assert_eq!(codes(&directive(&format!("[{}]", "b,".repeat(MAX_ITEMS + 1)))), ["CW1027"]);
    assert_eq!(codes(&directive(&"b ".repeat(MAX_ITEMS + 1))), ["CW1027"]);
    assert_eq!(codes(&directive(&"b".repeat(MAX_STRING + 1))), ["CW1026"]);
    let names: String = (0..201).map(|index| format!("a{index}: b, ")).collect();
    assert_eq!(codes(&format!("{HEAD}{META}spec: {{ cspDirectives: {{ {names} }} }}\n")), ["CW1027"]);
    let unknown: String = (0..49_000).map(|index| format!("  k{index}:\n")).collect();
    assert_eq!(codes(&spec(&unknown)), ["CW1007", "CW1020"]);
    assert!(codes(&spec(&format!("  l: [{}]\n", "*x,".repeat(90_000)))).contains(&"CW1014"));
    assert!(codes(&spec(&format!("  l: [{}]\n", "'a' b,".repeat(90_000)))).contains(&"CW1003"));
}
