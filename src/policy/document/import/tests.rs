//! What is made of a header is read back as what the header says.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::csp::header::policies;
use crate::policy::document::parse;

fn imported(header: &str) -> Result<String, ImportError> {
    import(&policies(header, 1)[0], &"checkout-chat".parse().unwrap(), Some(&"default".parse().unwrap()))
}

/// Names with their values.
type Words = Vec<(String, Vec<String>)>;

/// The directives of a document, and its `reportUri`.
fn read(text: &str) -> Result<(Words, String), String> {
    let mut documents = parse(&"a.yaml".into(), text.as_bytes(), None);
    assert_eq!(documents.len(), 1, "{text}");
    let document = documents.remove(0);
    let policy = document.policy.ok_or_else(|| format!("{:?}\n{text}", document.findings))?;
    Ok((plain(&policy.spec.csp_directives), policy.spec.report_uri.value))
}

fn plain(directives: &Directives) -> Words {
    let values =
        |directive: &Directive| directive.sources().iter().map(|source| source.value.clone()).collect();
    directives.0.iter().map(|directive| (directive.name.value.clone(), values(directive))).collect()
}

#[test]
fn a_header_becomes_a_document() {
    let header = "default-src 'self'; script-src 'self' 'nonce-abc123==' https://cdn.example; img-src *; SCRIPT-SRC *; \
                  upgrade-insecure-requests; sandbox; font-src; report-uri /csp?a=b; a_b c";
    assert_snapshot!(imported(header).unwrap(), @r##"
    # Made of a Content-Security-Policy header by `chatward csp import`.
    apiVersion: chatward.dev/v1
    kind: WebchatSecurityPolicy
    metadata:
      name: "checkout-chat"
      tenant: "default"
    spec:
      reportUri: "/csp?a=b" # the header's report-uri
      cspDirectives:
        default-src: "'self'"
        script-src:
          - "'self'"
          - "'nonce-abc123=='" # a nonce is good for one response: one that is kept here protects nothing
          - "https://cdn.example"
        img-src: "*"
        upgrade-insecure-requests: true
        sandbox: true
        font-src: []
        # left out, since browsers take the first directive of a name alone: SCRIPT-SRC *
        # left out, since no directive has such a name: a_b c
    "##);
}

#[test]
fn what_a_document_can_not_hold_is_refused() {
    let values = "a ".repeat(MAX_ITEMS + 1);
    let names: String = (0..=MAX_DIRECTIVES).map(|index| format!("a{index};")).collect();
    let long = "a".repeat(MAX_STRING + 1);
    let rows = [
        (String::new(), ImportError::NoDirectives),
        ("a_b c".to_owned(), ImportError::NoDirectives),
        (names, ImportError::TooManyDirectives),
        (format!("img-src {values}"), ImportError::TooManyValues("img-src".to_owned(), MAX_ITEMS + 1)),
        (format!("img-src {long}"), ImportError::TooLong("img-src".to_owned())),
        (format!("img-src 'self'; report-uri {long}"), ImportError::TooLong("report-uri".to_owned())),
    ];
    for (header, error) in rows {
        assert_eq!(imported(&header), Err(error));
    }
}

#[test]
fn of_many_that_are_left_out_the_first_are_named() {
    let text = imported(&"img-src *;".repeat(MAX_DROPPED + 6)).unwrap();
    assert_eq!(text.matches("# left out, since").count(), MAX_DROPPED);
    assert!(text.ends_with("# left out, too: 5 more\n"), "{text}");
}

fn word() -> impl Strategy<Value = String> {
    let usual =
        ["'self'", "'none'", "self", "*", "*.a.example", "https:", "data:", "#a", "- b", "&a", "true", "0x1"];
    prop_oneof![
        prop::sample::select(usual.to_vec()).prop_map(str::to_owned),
        r#"['"*&!|>%@`a-z0-9./:?#\[\]{}=+_\\~-]{1,12}"#,
        r"[^;,\s]{1,6}",
    ]
}

fn header() -> impl Strategy<Value = String> {
    let names = [
        "default-src",
        "script-src",
        "img-src",
        "Style-Src",
        "sandbox",
        "report-to",
        "report-uri",
        "a_b",
        "x",
    ];
    let name = prop::sample::select(names.to_vec());
    let directive = (name, prop::collection::vec(word(), 0..5));
    prop::collection::vec(directive, 1..6).prop_map(|directives| {
        let line = |(name, words): (&str, Vec<String>)| format!("{name} {}", words.join(" "));
        directives.into_iter().map(line).collect::<Vec<_>>().join(";")
    })
}

proptest! {
    /// Import, then read: the same directives, but for those that browsers don't take.
    #[test]
    fn what_is_imported_is_read_back(header in header()) {
        let Ok(text) = imported(&header) else { return Ok(()) };
        let mut seen = HashSet::new();
        let mut expected = plain(&policies(&header, 1)[0]);
        expected.retain(|(name, _)| is_name(name) && seen.insert(name.to_ascii_lowercase()));
        // The one thing that the reader refuses: a keyword without its quotes that is all there is of a value.
        let refused = |(name, values): &(String, Vec<String>)| matches!(values.as_slice(), [value] if lacks_quotes(name, value));
        prop_assume!(!expected.iter().any(refused));
        let report = expected.iter().position(|(name, values)| name == "report-uri" && values.len() == 1);
        let report = report.map(|index| expected.remove(index).1.remove(0));
        let (directives, report_uri) = read(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(directives, expected);
        prop_assert_eq!(report_uri, report.unwrap_or_else(|| crate::policy::DEFAULT_REPORT_URI.to_owned()));
    }
}
