//! Documents that are whole, and properties of all input.

use proptest::prelude::*;

use super::*;
use crate::csp::Version;
use crate::payload::Payload;

const DESIGN: &str = r#"apiVersion: chatward.dev/v1
kind: WebchatSecurityPolicy
metadata:
  name: checkout-chat          # DNS label; unique in its tenant
  tenant: default              # may be left out where exactly one tenant is configured
spec:
  targetBrowsers: { chrome: 100, firefox: 100, safari: 16 }   # left out: 90, 90, 15
  reportUri: /api/v2/security/csp-reports
  cspDirectives:
    default-src: "'self'"
    script-src: "'self' https://cdn.example"
    block-all-mixed-content: true
  xssRules: { enabled: true, mode: block, rules: [strip-script-tags, sanitize-event-handlers] }
  botDetection:
    challengeType: hCaptcha
    rateLimitPerMinute: 12
    rules:
      - { name: rapid-fire-detection, threshold: 5, windowSeconds: 10 }
      - { name: headless-browser-fingerprint, enabled: true }
"#;
const DIGEST: &str = "ed2412238d386c489c2a1e49bc35a46f94d5c5897d690d90fc48e58caafca6ed";

fn policy(text: &str) -> Policy {
    let mut documents = read(text);
    let document = documents.remove(0);
    document.policy.unwrap_or_else(|| panic!("{:#?}", document.findings))
}

fn digest(text: &str) -> String {
    Payload::of(&policy(text)).digest().unwrap().to_string()
}

#[test]
fn one_policy_has_one_digest_however_it_is_written() {
    let list = DESIGN.replace("\"'self' https://cdn.example\"", "[\"'self'\", \"https://cdn.example\"]");
    let spaced =
        DESIGN.replace("\"'self' https://cdn.example\"", ">\n      'self'\n      https://cdn.example");
    let reordered = {
        let (head, spec) = DESIGN.split_once("spec:\n").unwrap();
        let uri = "  reportUri: /api/v2/security/csp-reports\n";
        format!("# A comment.\nspec:\n{}{uri}{head}", spec.replace(uri, ""))
    };
    let crlf = DESIGN.replace('\n', "\r\n");
    let marked = format!("\u{feff}---\n{DESIGN}...\n");
    let anchored = DESIGN.replace("default-src: \"'self'\"", "default-src: &self \"'self'\"").replace(
        "script-src: \"'self' https://cdn.example\"",
        "script-src: [*self, \"https://cdn.example\"]",
    );
    for text in [DESIGN, &list, &spaced, &reordered, &crlf, &marked, &anchored] {
        assert_eq!(digest(text), DIGEST, "{text}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let policy = policy(&format!("{HEAD}{META}{SPEC}"));
    assert_eq!(policy.spec.target_browsers, super::super::super::TargetBrowsers::default());
    assert_eq!(policy.spec.report_uri.value, super::super::super::DEFAULT_REPORT_URI);
    assert_eq!(policy.spec.bot_detection.rate_limit_per_minute.value, 15);
    assert_eq!((policy.name_span.line, policy.name_span.column, policy.name_span.width), (3, 19, 1));
}

#[test]
fn versions_are_read_as_written() {
    let text = spec("  targetBrowsers: { chrome: 15.10, firefox: \"15.4\", safari: 16 }\n");
    let browsers = policy(&text).spec.target_browsers;
    assert_eq!(browsers.chrome, Version::new(15, 10));
    assert_eq!(browsers.firefox, Version::new(15, 4));
    assert_eq!(browsers.safari, Version::new(16, 0));
}

#[test]
fn browsers_vendor_and_region_are_read_and_not_sent() {
    let with = "  targetBrowsers: { edge: 100, safari_ios: 16.4, chrome_android: 99, firefox_android: 98 }\n  \
                vendor: nice-cxone\n  region: na1\n";
    let (plain, full) = (policy(&spec("")), policy(&spec(with)));
    let browsers = full.spec.target_browsers;
    let version = |major, minor| Some(Version::new(major, minor));
    assert_eq!((browsers.edge, browsers.safari_ios), (version(100, 0), version(16, 4)));
    assert_eq!((browsers.chrome_android, browsers.firefox_android), (version(99, 0), version(98, 0)));
    assert_eq!(plain.spec.target_browsers.edge, None);
    let vendor = full.spec.vendor.as_ref().zip(full.spec.region.as_ref());
    assert_eq!(
        vendor.map(|(vendor, region)| (vendor.as_str(), region.as_str())),
        Some(("nice-cxone", "na1"))
    );
    let digest = |policy| Payload::of(policy).digest().unwrap();
    assert_eq!(digest(&plain), digest(&full));
}

#[test]
fn annotations_are_free() {
    let text = format!(
        "{HEAD}metadata:\n  name: a\n  tenant: t\n  annotations:\n    team.example/owner: \"5\"\n    note: |\n      b\n{SPEC}"
    );
    let annotations = policy(&text).annotations;
    assert_eq!(annotations["team.example/owner"].value, "5");
    assert_eq!(annotations["note"].value, "b\n");
}

#[test]
fn documents_are_read_apart() {
    let good = format!("{HEAD}{META}{SPEC}");
    let text = format!("---\n{good}---\n# nothing\n---\n{}---\n{good}...\n", good.replace("spec", "spce"));
    let documents = read(&text);
    let whole: Vec<bool> = documents.iter().map(|document| document.policy.is_some()).collect();
    assert_eq!(whole, [true, false, true]);
    let lines: Vec<u32> = documents.iter().map(|document| document.place.line).collect();
    assert_eq!(lines, [2, 9, 14]);
}

#[test]
fn what_ended_before_an_error_is_whole() {
    let good = format!("{HEAD}{META}{SPEC}");
    let documents = read(&format!("{good}---\n{good}}}\n"));
    assert!(documents[0].policy.is_some());
    assert_eq!((documents.len(), &documents[1].id, &documents[1].tenant), (2, &None, &None));
}

#[test]
fn an_anchor_ends_with_its_document() {
    let text = format!("{HEAD}{META}spec: &s {{ cspDirectives: {{}} }}\n---\n{HEAD}{META}spec: *s\n");
    assert_said(&text, &[("CW1014@9:7", "`*s` refers to no anchor of this document")]);
}

fn assert_places_fit(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let documents = parse(&"a.yaml".into(), bytes, None);
    assert!(!documents.is_empty());
    for document in documents {
        assert_eq!(document.policy.is_none(), document.findings.iter().any(Finding::is_error));
        let places = document.findings.iter().map(|finding| finding.place.clone().unwrap());
        for place in places.chain([document.place.clone()]) {
            let line = text.lines().nth(place.line as usize - 1).unwrap_or_default();
            let length = line.chars().count() as u32;
            assert!(place.column >= 1 && place.column <= length + 1, "{place} of {text:?}");
            let end = place.column + place.width - 1;
            assert!(place.width >= 1 && end <= length.max(place.column), "{place}+{} {text:?}", place.width);
        }
    }
}

/// Pieces of documents in any order.
fn yamlish() -> impl Strategy<Value = String> {
    let pieces = [
        HEAD,
        META,
        SPEC,
        "spec:\n",
        "  cspDirectives:\n",
        "    a: ",
        "- ",
        "'self'",
        "\"'self' x\"",
        "*.x",
        "&a ",
        "*a",
        "data:",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "? ",
        "| ",
        ">\n",
        "\n",
        "\r\n",
        "  ",
        "\t",
        "#",
        " # c\n",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "!!str ",
        "<<: ",
        "\\",
        "\"",
        "'",
        "@",
        "`",
        "ä",
        "\u{feff}",
        "\u{1f600}",
        "~",
        "15.4",
        "true",
        "\"\\u00",
        "\"\\x41\" ",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..40)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_have_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        assert_places_fit(&bytes);
    }

    #[test]
    fn any_text_has_an_answer(text in "\\PC{0,100}") {
        assert_places_fit(text.as_bytes());
    }

    #[test]
    fn anything_like_yaml_has_an_answer(text in yamlish()) {
        assert_places_fit(text.as_bytes());
    }

    #[test]
    fn a_cut_document_has_an_answer(end in 0..DESIGN.len(), piece in yamlish()) {
        assert_places_fit(format!("{}{piece}", &DESIGN[..end]).as_bytes());
    }
}
