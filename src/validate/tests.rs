//! What holds for the registry and for every policy.

use proptest::prelude::*;

use crate::csp::directive::DIRECTIVES;

use super::testing::{changed, findings, policy};
use super::*;

#[test]
fn codes_are_ordered_and_well_named() {
    let codes: Vec<&Code> = codes().collect();
    assert!(codes.is_sorted_by(|a, b| a.id < b.id), "ordered, each once");
    let mut names: Vec<&str> = codes.iter().map(|code| code.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), codes.len(), "each name once");
    for code in codes {
        let digits = code.id.strip_prefix("CW").unwrap();
        assert!(digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()), "{}", code.id);
        assert!(code.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", code.name);
        assert!(code.summary.ends_with('.'), "{}: a summary is a sentence", code.id);
    }
}

#[test]
fn a_good_policy_has_no_findings() {
    assert_eq!(findings(&changed(|_| {})), []);
}

#[test]
fn findings_are_no_sentences_with_a_full_stop() {
    let bad = policy(&["scirpt-src self", "script-src 'unsafe-inline' a;b 'slef' 'none' http:", "img-src"]);
    let findings = findings(&bad);
    assert!(findings.len() > 6);
    for finding in findings {
        assert!(!finding.text.ends_with('.'), "{}", finding.text);
        assert!(finding.place.is_some(), "{}", finding.text);
    }
}

fn name() -> impl Strategy<Value = String> {
    let known: Vec<String> = DIRECTIVES.iter().map(|info| info.name.to_owned()).collect();
    prop_oneof![prop::sample::select(known), "[^ ]{0,12}"]
}

fn word() -> impl Strategy<Value = String> {
    let usual = vec!["'self'", "'none'", "'strict-dynamic'", "'unsafe-inline'", "*", "https:", "self", "a;b"];
    prop_oneof![
        prop::sample::select(usual).prop_map(str::to_owned),
        r"['*a-z0-9./:%@?#\[\]=+_-]{0,16}",
        "[^ ]{0,16}",
    ]
}

/// A directive as [`policy`] reads it.
fn directive() -> impl Strategy<Value = String> {
    (name(), prop::collection::vec(word(), 0..6)).prop_map(|(name, words)| {
        let words = words.into_iter().map(|word| format!(" {word}"));
        words.fold(name, |line, word| line + &word)
    })
}

proptest! {
    #[test]
    fn no_policy_makes_a_check_panic(
        directives in prop::collection::vec(directive(), 0..8),
        report_uri in any::<String>(),
        mode in any::<String>(),
    ) {
        let lines: Vec<&str> = directives.iter().map(String::as_str).collect();
        let mut policy = policy(&lines);
        policy.spec.report_uri.value = report_uri;
        policy.spec.xss_rules.mode.value = mode;
        let findings = findings(&policy);
        let ordered = findings.is_sorted_by_key(|finding| {
            let place = finding.place.as_ref();
            (place.map(|place| (place.line, place.column, place.width)), finding.code.id)
        });
        prop_assert!(ordered);
        for finding in &findings {
            prop_assert!(!finding.text.chars().any(char::is_control), "{:?}", finding.text);
            let help = finding.help.as_deref().unwrap_or_default();
            prop_assert!(!help.chars().any(char::is_control), "{:?}", help);
            prop_assert!(finding.text.len() < 2000 && help.len() < 2000);
        }
    }
}
