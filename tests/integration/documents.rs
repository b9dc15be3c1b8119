//! What `validate` says, to people and to programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chatward::csp::{self, TargetBrowsers};
use chatward::finding::{Code, Finding, SourceText, Span};
use chatward::snapshot::{self, FileFacts, Snapshot};
use chatward::{policy as policies, validate};

use crate::support::{World, policy};

#[test]
fn everything_wrong_is_said_at_once_with_its_place() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'").replace("cspDirectives", "csp_directives"));
    world.write("b.yaml", &policy("b", "'self'").replace("block,", "block, mode: report,"));
    world.write("c.yaml", "apiVersion: chatward.dev/v2\nkind: Policy\n");
    world.write("d.yaml", &policy("d", "'self'").replace("script-src: \"'self'\"", "script-src: 'self'"));
    let ran = world.run(&["validate"]);
    ran.exits(2)
        .says("did you mean `cspDirectives`?")
        .says("a.yaml:7:3")
        .says("b.yaml")
        .says("c.yaml:1:13")
        .says("c.yaml:2:7")
        .says("script-src: \"'self'\"")
        .says("^");
    let json = world.run(&["validate", "-o", "json"]);
    json.exits(2);
    let json = json.json();
    assert_eq!(json["version"], 1);
    let files: BTreeSet<_> =
        json["findings"].as_array().unwrap().iter().map(|f| f["file"].as_str().unwrap()).collect();
    assert_eq!(files.into_iter().collect::<Vec<_>>(), ["a.yaml", "b.yaml", "c.yaml", "d.yaml"]);
}

#[test]
fn what_yaml_does_to_csp_is_shown_as_it_should_be_written() {
    let rows = [
        ("[\"'self'\"]", "\n      - 'self'", "- \"'self'\""),
        ("[\"'self'\"]", "\n      - data:", "- \"data:\""),
        ("[\"'self'\"]", "\n      - *.example.com", "- \"*.example.com\""),
    ];
    for (plain, written, advice) in rows {
        let world = World::new();
        let text = policy("a", "X").replace("\"X\"", plain);
        world.write("a.yaml", &text.replace(&format!(" {plain}"), written));
        world.run(&["validate"]).exits(2).says(advice);
    }
}

#[test]
fn warnings_alone_are_fine() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self' 'unsafe-inline'"));
    world.run(&["validate"]).exits(0).says("warning[CW2301]");
    world.run(&["validate", "nowhere"]).exits(1).complains("nowhere can't be read");
    world.run(&["validate", "policies"]).exits(0);
}

#[test]
fn warnings_can_be_denied_and_waived() {
    let world = World::new();
    let text = policy("a", "'self' 'unsafe-inline'");
    world.write("a.yaml", &text);
    world.run(&["validate", "--deny", "warnings"]).exits(2);
    let found = world.run(&["validate", "-o", "json"]).json();
    let codes: BTreeSet<&str> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    let waivers: Vec<String> = codes.iter().map(|code| format!("{code}: an old widget")).collect();
    let name = "metadata:\n  annotations:\n    chatward.dev/waive: ";
    let waived = text.replace("metadata:\n ", &format!("{name}\"{}\"\n ", waivers.join("; ")));
    world.write("a.yaml", &waived);
    let ran = world.run(&["validate", "--deny", "warnings"]);
    ran.exits(0).says(&format!("no findings, {} waived.", codes.len()));
    let json = world.run(&["validate", "-o", "json"]).json();
    assert_eq!(json["findings"][0]["waived"], "an old widget");
    world.write("a.yaml", &waived.replace("CW2301: an old widget", "CW2302: not here"));
    world.run(&["validate", "--deny", "warnings"]).exits(2).says("CW1039").says("warning[CW2301]");
}

#[test]
fn code_scanning_and_pull_requests_get_files_from_the_current_directory() {
    let world = World::new();
    world.write("chat one.yaml", &policy("a", "'self' 'slef'"));
    let log = world.run(&["validate", "-o", "sarif"]);
    log.exits(2);
    let location = &log.json()["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "policies/chat%20one.yaml");
    let line = "::error file=policies/chat one.yaml,line=";
    world
        .run(&["validate", "-o", "github", "./policies"])
        .exits(2)
        .says(line)
        .says("title=CW2103 misspelt-keyword::");
}

/// Every code has a document that raises it and one that does not.
#[test]
fn every_code_is_raised_by_its_bad_document_and_not_by_its_good_one() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for code in validate::codes() {
        let folder = fixtures.join(format!("{}-{}", code.id, code.name));
        assert!(raised(&folder, "bad").contains(code.id), "{code} by its bad document");
        assert!(!raised(&folder, "good").contains(code.id), "{code} by its good document");
    }
    let folders: BTreeSet<String> = fs::read_dir(&fixtures)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let codes: BTreeSet<String> =
        validate::codes().map(|code| format!("{}-{}", code.id, code.name)).collect();
    assert_eq!(folders, codes, "no fixture without a code");
}

/// The codes of a folder's document or, for what only a header can have, of its header.
fn raised(folder: &Path, name: &str) -> BTreeSet<&'static str> {
    let header = folder.join(format!("{name}.csp"));
    let path = if header.exists() { header } else { folder.join(format!("{name}.yaml")) };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let findings = if path.extension().is_some_and(|extension| extension == "csp") {
        of_header(text.trim_end_matches('\n'))
    } else {
        let tenant = "default".parse().unwrap();
        let facts = FileFacts::read(&Arc::from("fixture.yaml"), text.as_bytes(), Some(&tenant));
        Snapshot::assemble(&[Arc::new(facts)].into(), &[tenant].into()).findings()
    };
    findings.iter().map(|finding: &Finding| finding.code.id).collect()
}

fn of_header(text: &str) -> Vec<Finding> {
    let targets = TargetBrowsers::default();
    let source = SourceText::new("fixture.csp".into(), text);
    let whole = Span { line: 1, column: 1, width: 1 };
    let policies = csp::header::policies(text, 1);
    let check = |policy| validate::validate_csp(&validate::Subject::header(policy, &targets), whole, &source);
    policies.iter().flat_map(check).collect()
}

#[test]
fn a_code_is_given_once() {
    let all: Vec<&Code> = policies::document::CODES
        .iter()
        .copied()
        .chain(validate::codes())
        .chain(snapshot::CODES.iter().copied())
        .collect();
    let ids: BTreeSet<_> = all.iter().map(|code| code.id).collect();
    assert_eq!(ids.len(), all.len());
    for code in all {
        assert!(code.id.len() == 6 && code.id.starts_with("CW"), "{code}");
        assert!(!code.summary.is_empty() && !code.name.is_empty(), "{code}");
    }
}

#[test]
fn a_file_can_be_validated_and_mended_on_its_own() {
    let world = World::new();
    world.write("good.yaml", &policy("good", "'self'"));
    world.write("bad.yaml", &policy("bad", "'slef'"));
    let (good, bad) = (world.policies().join("good.yaml"), world.policies().join("bad.yaml"));
    let path = |file: &Path| file.to_str().unwrap().to_owned();
    world.run(&["validate", &path(&good)]).exits(0).says("1 file");
    world.run(&["validate", &path(&bad)]).exits(2).says("CW2103");
    world.run(&["validate", &path(&good), &path(&bad)]).exits(2).says("2 files");
    world.run(&["validate", "--fix", &path(&bad)]).exits(0).says("+");
    assert!(fs::read_to_string(bad).unwrap().contains("'self'"));
    world.run(&["validate", &path(&world.policies().join("none.yaml"))]).exits(1);
}
