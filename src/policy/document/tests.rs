//! What is said of broken documents, each with its place.

mod csp;
mod limits;
mod whole;

use super::*;

const HEAD: &str = "\
apiVersion: chatward.dev/v1
kind: WebchatSecurityPolicy
";
const META: &str = "metadata: { name: a, tenant: t }\n";
const SPEC: &str = "spec: { cspDirectives: { default-src: \"'none'\" } }\n";

fn read(text: &str) -> Vec<Document> {
    parse(&"a.yaml".into(), text.as_bytes(), None)
}

/// The findings of all documents as `CODE@line:column text | help`.
fn said(text: &str) -> Vec<String> {
    let findings = read(text).into_iter().flat_map(|document| document.findings);
    findings
        .map(|finding| {
            let place = finding.place.unwrap();
            let help = finding.help.unwrap_or_default();
            format!("{}@{}:{} {} | {help}", finding.code, place.line, place.column, finding.text)
        })
        .collect()
}

/// Checks that the findings begin as expected and hold the expected words, and that there are no others.
fn assert_said(text: &str, expected: &[(&str, &str)]) {
    let said = said(text);
    assert_eq!(said.len(), expected.len(), "{text}\n{said:#?}");
    for (said, (begin, words)) in said.iter().zip(expected) {
        let begins = said.strip_prefix(begin).is_some_and(|rest| rest.starts_with(' '));
        assert!(begins && said.contains(words), "{text}\n{said}\nis not {begin} … {words}");
    }
    assert!(read(text).iter().all(|document| document.policy.is_some() == document.findings.is_empty()));
}

/// A document whose `spec`, from line 4 on, is this and a directive.
fn spec(lines: &str) -> String {
    format!("{HEAD}{META}spec:\n  cspDirectives: {{ default-src: \"'none'\" }}\n{lines}")
}

#[test]
fn files() {
    let good = format!("{HEAD}{META}{SPEC}");
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("", &[("CW1004@1:1", "no document")]),
        ("# only a comment\n", &[("CW1004@1:1", "no document")]),
        ("---\n---\n...\n", &[("CW1004@1:1", "no document")]),
        ("a: b\u{7}\n", &[("CW1005@1:5", "U+0007")]),
        ("a: b\rc: d\n", &[("CW1005@1:5", "U+000D")]),
        ("a: 'b\n", &[("CW1003@1:4", "never closed")]),
        ("a:\n\tb: c\n", &[("CW1003@2:2", "indent with spaces")]),
        ("a: b\n c: d\n", &[("CW1003@2:3", "mapping values are not allowed")]),
        ("a: \"\\q\"\n", &[("CW1003@1:4", "a backslash is written twice")]),
        ("- a\n", &[("CW1022@1:1", "`document` must be a mapping, not a list | begin with `apiVersion:")]),
        ("~\n", &[("CW1022@1:1", "not null")]),
        (&format!("{good}---\n{good}b: [\n"), &[("CW1003@10:5", "")]),
    ];
    for (text, expected) in cases {
        assert_said(text, expected);
    }
    let broken = parse(&"a.yaml".into(), b"a: b\nc: \xff\n", None);
    let finding = &broken[0].findings[0];
    let place = finding.place.clone().unwrap();
    assert_eq!((finding.code.id, place.line, place.column), ("CW1001", 2, 4));
    assert!(finding.text.contains("0xff at offset 8"), "{}", finding.text);
}

#[test]
fn envelopes() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            &format!("{META}{SPEC}"),
            &[("CW1032@1:1", "write `apiVersion: chatward.dev/v1`"), ("CW1033@1:1", "write `kind: Webchat")],
        ),
        (
            &format!("apiVersion: chatward.dev/v2\nkind: WebchatSecurityPolice\n{META}{SPEC}"),
            &[
                ("CW1032@1:13", "this chatward reads `chatward.dev/v1`, not `chatward.dev/v2`"),
                ("CW1033@2:7", "did you mean `WebchatSecurityPolicy`?"),
            ],
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, labels: {} }\ndata: {}\n",
            &[("CW1032@1:13", "move the file out"), ("CW1033@2:7", "`ConfigMap` is not the kind")],
        ),
        (&format!("{HEAD}{META}"), &[("CW1023@1:1", "the document has no `spec`")]),
        (&format!("{HEAD}{META}spec: {{}}\n"), &[("CW1023@4:1", "`spec` has no `cspDirectives`")]),
        (&format!("{HEAD}{META}spec:\n"), &[("CW1022@4:5", "`spec` must be a mapping, not empty")]),
        (&format!("{HEAD}{SPEC}"), &[("CW1023@1:1", "no `metadata`")]),
        (
            &format!("{HEAD}metadata: {{}}\n{SPEC}"),
            &[("CW1023@3:1", "`metadata` has no `name`"), ("CW1031@3:1", "add `tenant: NAME`")],
        ),
        (
            &format!("{HEAD}metadata: {{ name: 12, tenant: t }}\n{SPEC}"),
            &[("CW1022@3:19", "quote it: `\"12\"`")],
        ),
        (
            &format!("{HEAD}metadata: {{ name: Check_Out, tenant: t }}\n{SPEC}"),
            &[("CW1030@3:19", "not 'C' | write `check-out`")],
        ),
        (
            &format!(
                "{HEAD}metadata:\n  name: a\n  tenant: t\n  annotations:\n    x/y: 5\n    chatward.dev/no: z\n{SPEC}"
            ),
            &[("CW1035@7:10", "quote it: `\"5\"`"), ("CW1034@8:5", "is reserved")],
        ),
        (
            &format!(
                "{HEAD}metadata: {{ name: a, tenant: t, annotations: {{ chatward.dev/accept-weakening: ' ' }} }}\n{SPEC}"
            ),
            &[("CW1035@3:79", "say in 1 to 300 characters why")],
        ),
        (
            &format!(
                "{HEAD}metadata: {{ name: a, tenant: t, annotations: {{ chatward.dev/accept-weakning: x }} }}\n{SPEC}"
            ),
            &[("CW1034@3:48", "did you mean `chatward.dev/accept-weakening`?")],
        ),
        (
            &format!(
                "{HEAD}metadata:\n  name: a\n  tenant: t\n  annotations:\n    chatward.dev/on-drift: fix\n{SPEC}"
            ),
            &[("CW1035@7:28", "write `report`, or `correct`")],
        ),
        (
            &format!(
                "{HEAD}metadata:\n  name: a\n  tenant: t\n  annotations:\n    chatward.dev/on-drift: corect\n{SPEC}"
            ),
            &[("CW1035@7:28", "did you mean `correct`?")],
        ),
    ];
    for (text, expected) in cases {
        assert_said(text, expected);
    }
}

#[test]
fn keys_and_values() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("  xssRulse: {}\n", &[("CW1020@6:3", "`spec` has no key `xssRulse` | did you mean `xssRules`?")]),
        ("  report_uri: x\n", &[("CW1020@6:3", "did you mean `reportUri`?")]),
        ("  labels: {}\n", &[("CW1020@6:3", "known keys: targetBrowsers, reportUri")]),
        ("  reportUri: a\n  reportUri: b\n", &[("CW1021@7:3", "already set in line 6")]),
        ("  reportUri:\n", &[("CW1022@6:12", "not empty | write a value, or leave the key out")]),
        (
            "  xssRules: { mode: true }\n",
            &[("CW1022@6:21", "`spec.xssRules.mode` must be a string, not the boolean")],
        ),
        ("  xssRules: { enabled: yes }\n", &[("CW1022@6:24", "write `true`")]),
        ("  xssRules: { enabled: 'false' }\n", &[("CW1022@6:24", "drop the quotes: `false`")]),
        ("  xssRules: { rules: strip }\n", &[("CW1022@6:22", "a list of strings")]),
        (
            "  xssRules: { rules: [a, 5, [b]] }\n",
            &[("CW1022@6:26", "rules[1]"), ("CW1022@6:29", "not a list")],
        ),
        ("  botDetection: { rateLimitPerMinute: \"5\" }\n", &[("CW1022@6:39", "drop the quotes: `5`")]),
        ("  botDetection: { rateLimitPerMinute: -5 }\n", &[("CW1024@6:39", "below 0")]),
        ("  botDetection: { rateLimitPerMinute: 4294967296 }\n", &[("CW1024@6:39", "above")]),
        ("  botDetection: { rateLimitPerMinute: 5.5 }\n", &[("CW1022@6:39", "not the number `5.5`")]),
        ("  botDetection: { rules: [{ threshold: 1 }] }\n", &[("CW1023@6:27", "has no `name`")]),
        (
            "  targetBrowsers: { safari: 15.4.1, opera: 9 }\n",
            &[("CW1025@6:29", "such as `16`"), ("CW1020@6:37", "`opera`")],
        ),
        ("  targetBrowsers: { chrome: latest, safari: 0 }\n", &[("CW1025@6:29", ""), ("CW1025@6:45", "")]),
        ("  targetBrowsers: { chrome: [], safari: }\n", &[("CW1022@6:29", ""), ("CW1022@6:39", "not empty")]),
        ("  reportUri: !!str 5\n", &[("CW1016@6:14", "leave the tag out"), ("CW1022@6:14", "")]),
        ("  xssRules: *shared\n", &[("CW1014@6:13", "`*shared` refers to no anchor")]),
        ("  xssRules: { <<: { mode: block } }\n", &[("CW1015@6:15", "`xssRules: *shared`")]),
        ("  [a]: b\n", &[("CW1022@6:3", "a key in `spec` must be a string, not a list")]),
    ];
    for (lines, expected) in cases {
        assert_said(&spec(lines), expected);
    }
}

#[test]
fn everything_is_found_in_one_run() {
    let text = "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: A }\nspec:\n  \
                cspDirectives: { img-src: [data:] }\n  xssrules: {}\n  botDetection: { enabled: 1 }\n";
    let codes: Vec<String> = said(text).iter().map(|said| said.chars().take(6).collect()).collect();
    assert_eq!(codes, ["CW1031", "CW1030", "CW1041", "CW1020", "CW1022"]);
}

#[test]
fn what_could_be_read_is_known() {
    let default = "only".parse().ok();
    let cases = [
        ("{ name: a, tenant: t }", Some("t/a"), Some("t")),
        ("{ name: a }", Some("only/a"), Some("only")),
        ("{ name: A, tenant: t }", None, Some("t")),
        ("{ name: a, tenant: T }", None, None),
        ("{ name: a, tenant: t, tenant: u }", None, None),
        ("{ name: a, name: b, tenant: t }", None, Some("t")),
        ("{ name: a, <<: { tenant: t } }", None, None),
        ("[]", None, None),
    ];
    for (metadata, id, tenant) in cases {
        let text = format!("{HEAD}metadata: {metadata}\nspec: 5\n");
        let document = &parse(&"a.yaml".into(), text.as_bytes(), default.as_ref())[0];
        assert_eq!(document.id.as_ref().map(ToString::to_string).as_deref(), id, "{metadata}");
        assert_eq!(document.tenant.as_ref().map(TenantName::as_str), tenant, "{metadata}");
        assert!(document.policy.is_none());
    }
}
