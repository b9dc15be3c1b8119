//! What is fuzzed. The fuzzer, the tests and the benchmark of hostile input run these same functions.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use chatward::csp::{self, Directives, TargetBrowsers};
use chatward::direction::header::Difference;
use chatward::finding::{Finding, SourceText};
use chatward::payload::Payload;
use chatward::policy::document::{import, parse};
use chatward::validate::{self, header};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const ALL: &[Target] = &[("document", document), ("header", header), ("difference", difference)];

/// A file of documents: read, checked, and made into what is sent.
pub fn document(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let source = SourceText::new("fuzz.yaml".into(), &text);
    for document in parse(&"fuzz.yaml".into(), bytes, Some(&"default".parse().unwrap())) {
        let refused = document.findings.iter().any(Finding::is_error);
        assert_eq!(
            document.policy.is_none(),
            refused,
            "a document has a policy exactly where nothing is an error"
        );
        document.findings.iter().for_each(shown);
        if let Some(policy) = &document.policy {
            validate::validate(policy, &source).iter().for_each(shown);
            Payload::of(policy).digest().unwrap();
        }
    }
}

/// Lines of headers: read, checked, judged, and made into documents that say the same.
pub fn header(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let checked = header::check(&"fuzz".into(), 1, line, &TargetBrowsers::default());
        checked.findings.iter().for_each(shown);
        for policy in checked.policies.iter().flatten() {
            imported(policy);
        }
        if let Some(policies) = &checked.policies {
            csp::allows(policies);
        }
    }
}

/// Two headers on two lines: compared both ways, which must agree.
pub fn difference(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (old, new) = text.split_once('\n').unwrap_or((&text, ""));
    let (old, new) = (csp::header::policies(old, 1), csp::header::policies(new, 1));
    if header::too_much(&old).or(header::too_much(&new)).is_some() {
        return;
    }
    let (there, back) = (Difference::between(&old, &new), Difference::between(&new, &old));
    assert_eq!((there.old, there.new), (back.new, back.old));
    assert!(there.allowed().eq(back.blocked()) && there.blocked().eq(back.allowed()));
    let itself = Difference::between(&old, &old);
    assert!(itself.directives.is_empty() && itself.assessment.reasons.is_empty());
}

fn imported(policy: &Directives) {
    let Ok(text) = import(policy, &"fuzz".parse().unwrap(), None) else { return };
    let documents = parse(&"fuzz.yaml".into(), text.as_bytes(), Some(&"default".parse().unwrap()));
    assert_eq!(documents.len(), 1, "{text}");
    let Some(read) = &documents[0].policy else {
        // A keyword without its quotes that is all there is of a value is refused, and nothing else.
        let refused = &documents[0].findings;
        assert!(
            refused.iter().filter(|finding| finding.is_error()).all(|f| f.code.id == "CW1040"),
            "{refused:?}"
        );
        return;
    };
    for directive in &read.spec.csp_directives.0 {
        let written = policy.get(&directive.name).unwrap();
        assert_eq!(directive.sources(), written.sources(), "{text}");
    }
}

/// What a finding says is short, fit for a terminal, and points somewhere.
fn shown(finding: &Finding) {
    for text in [Some(&finding.text), finding.help.as_ref()].into_iter().flatten() {
        assert!(text.len() < 4000, "{text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    let place = finding.place.as_ref().unwrap();
    assert!(place.line > 0 && place.column > 0 && place.width > 0, "{place:?}");
}
