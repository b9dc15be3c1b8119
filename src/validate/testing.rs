//! Policies for the tests of checks, written as a policy header would be.

use std::collections::BTreeMap;

use super::subject::Subject;
use crate::csp::{Directive, DirectiveValue, Directives, TargetBrowsers};
use crate::finding::{Code, Finding, SourceText, Span, Spanned};
use crate::policy::{BotDetection, BotRule, Policy, Spec, XssRules, default_report_uri};

/// A policy with these directives: `name source source`, or `name = true` for a flag.
pub(super) fn policy(directives: &[&str]) -> Policy {
    let directives = (1..).zip(directives).map(|(line, text)| directive(line, text)).collect();
    Policy {
        id: "default/test".parse().unwrap(),
        name_span: Span { line: 1, column: 1, width: 1 },
        annotations: BTreeMap::new(),
        spec: Spec {
            target_browsers: TargetBrowsers::default(),
            report_uri: default_report_uri(),
            vendor: None,
            region: None,
            csp_directives: Directives(directives),
            xss_rules: XssRules { rules: vec![placed("strip-script-tags")], ..XssRules::default() },
            bot_detection: BotDetection::default(),
        },
    }
}

fn directive(line: u32, text: &str) -> Directive {
    let mut column = 1;
    let mut words = text.split(' ').map(|word| {
        let width = u32::try_from(word.chars().count()).unwrap();
        let span = Span { line, column, width };
        column += width + 1;
        Spanned::new(word.to_owned(), span)
    });
    let name = words.next().unwrap();
    let sources: Vec<_> = words.collect();
    let value = match sources.iter().map(|source| source.value.as_str()).collect::<Vec<_>>()[..] {
        ["=", "true"] => DirectiveValue::Flag(sources[1].span),
        _ => DirectiveValue::Sources(sources),
    };
    Directive { name, value }
}

/// A policy that no check has anything to say about, but for what `change` does to it.
pub(super) fn changed(change: impl FnOnce(&mut Spec)) -> Policy {
    let mut policy =
        policy(&["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'"]);
    change(&mut policy.spec);
    policy
}

/// A value that is written somewhere.
pub(super) fn placed<T>(value: impl Into<T>) -> Spanned<T> {
    Spanned::new(value.into(), Span { line: 1, column: 1, width: 1 })
}

/// A bot rule with nothing but a name.
pub(super) fn bot_rule(name: &str) -> BotRule {
    BotRule { name: placed(name), threshold: None, window_seconds: None, enabled: None }
}

/// Every finding about a policy.
pub(super) fn findings(policy: &Policy) -> Vec<Finding> {
    super::validate(policy, &SourceText::new("test.yaml".into(), ""))
}

/// The texts of all findings of one code.
pub(super) fn texts(code: &Code, policy: &Policy) -> Vec<String> {
    let findings = findings(policy).into_iter();
    findings.filter(|finding| finding.code == code).map(|finding| finding.text).collect()
}

/// The texts of all findings of one code about a header with one policy.
pub(super) fn header_texts(code: &Code, header: &str) -> Vec<String> {
    let policies = crate::csp::header::policies(header, 1);
    let targets = TargetBrowsers::default();
    let subject = Subject::header(&policies[0], &targets);
    let whole = Span { line: 1, column: 1, width: 1 };
    let findings = super::validate_csp(&subject, whole, &SourceText::new("test.csp".into(), header));
    findings.into_iter().filter(|finding| finding.code == code).map(|finding| finding.text).collect()
}

/// Holds a check to its table: headers, and the texts that they bring.
#[track_caller]
pub(super) fn assert_header_texts(code: &Code, cases: &[(&str, &[&str])]) {
    for (header, expected) in cases {
        assert_eq!(header_texts(code, header), *expected, "{header}");
    }
}

/// Holds a check to its table: directives, and the texts that they bring.
#[track_caller]
pub(super) fn assert_texts(code: &Code, cases: &[(&[&str], &[&str])]) {
    for (directives, expected) in cases {
        assert_eq!(texts(code, &policy(directives)), *expected, "{directives:?}");
    }
}

/// The help of the only finding of one code.
#[track_caller]
pub(super) fn help(code: &Code, policy: &Policy) -> String {
    let mut found: Vec<Finding> =
        findings(policy).into_iter().filter(|finding| finding.code == code).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).help.unwrap_or_default()
}
