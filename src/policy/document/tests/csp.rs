//! What YAML makes of Content-Security-Policy, and the lines that are shown instead.

use super::*;
use crate::csp::DirectiveValue;

/// A document whose directives, from line 6 on, are these.
fn directives(lines: &str) -> String {
    format!("{HEAD}{META}spec:\n  cspDirectives:\n{lines}")
}

#[test]
fn mistakes() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("    a: 'self'\n", &[("CW1040@6:8", "write `a: \"'self'\"`")]),
        ("    a: \"unsafe-inline\"\n", &[("CW1040@6:8", "write `a: \"'unsafe-inline'\"`")]),
        ("    a: self\n", &[("CW1040@6:8", "without single quotes `self` is no keyword")]),
        ("    a: 'nonce-x'\n", &[("CW1040@6:8", "`a: \"'nonce-x'\"`")]),
        ("    require-trusted-types-for: 'script'\n", &[("CW1040@6:32", "\"'script'\"")]),
        ("    a:\n      - 'self'\n      - \"'none'\"\n", &[("CW1040@7:9", "write `- \"'self'\"`")]),
        ("    a: ['self', https://x:*]\n", &[("CW1040@6:9", "write `\"'self'\"`")]),
        ("    a:\n    - data:\n", &[("CW1041@7:7", "write `- \"data:\"`")]),
        ("    a:\n    - https: //x\n", &[("CW1041@7:7", "write `- \"https://x\"`")]),
        ("    a:\n    - https: 'self'\n", &[("CW1041@7:7", "write `- \"https: 'self'\"`")]),
        ("    a: [data:, blob:]\n", &[("CW1041@6:9", "`\"data:\"`"), ("CW1041@6:16", "`\"blob:\"`")]),
        ("    a:\n      data:\n", &[("CW1041@7:7", "write `a: \"data:\"`")]),
        ("    a: data:\n", &[("CW1041@6:8", "write `a: \"data:\"`")]),
        ("    a: https: data:\n", &[("CW1041@6:8", "write `a: \"https: data:\"`")]),
        ("    a:\n    - https: data:\n", &[("CW1041@7:7", "write `- \"https: data:\"`")]),
        ("    a: *\n", &[("CW1042@6:8", "write `a: \"*\"`")]),
        ("    a: *.x # all\n", &[("CW1042@6:8", "write `a: \"*.x\"`")]),
        ("    a: *.x *.y\n    b: c\n", &[("CW1042@6:8", "write `a: \"*.x *.y\"`")]),
        (
            "    a:\n    - *.x\n    - b\n    - *://y\n",
            &[("CW1042@7:7", "write `- \"*.x\"`"), ("CW1042@9:7", "write `- \"*://y\"`")],
        ),
        ("    a: [*.x, 'b']\n", &[("CW1042@6:9", "write `\"*.x\"`")]),
        (
            "    a: 'self' https://x # c\n    b: 'none' *\n",
            &[("CW1043@6:8", "write `a: \"'self' https://x\"`"), ("CW1043@7:8", "write `b: \"'none' *\"`")],
        ),
        ("    a: \"'self'\" x\n", &[("CW1043@6:8", "write `a: \"'self' x\"`")]),
        ("    a:\n    - 'self' x\n", &[("CW1043@7:7", "write `- \"'self' x\"`")]),
        ("    a: ['self' x, y]\n", &[("CW1043@6:9", "write `\"'self' x\"`")]),
        ("    a:\n    - @x\n", &[("CW1044@7:7", "write `- \"@x\"`")]),
        ("    a: %x\n", &[("CW1044@6:8", "write `a: \"%x\"`")]),
        ("    a: `x`\n", &[("CW1044@6:8", "write `a: \"`x`\"`")]),
        ("    a: false\n", &[("CW1045@6:8", "leave `a` out")]),
        ("    a:\n", &[("CW1045@6:5", "can't be set to nothing | write its sources")]),
        ("    a: 443\n", &[("CW1045@6:8", "quote it: `a: \"443\"`")]),
        ("    a: [443, ~]\n", &[("CW1022@6:9", "quote it: `\"443\"`"), ("CW1022@6:14", "not null")]),
        ("    a: [[b]]\n", &[("CW1022@6:9", "not a list")]),
        ("    a: { b: c, d: e }\n", &[("CW1022@6:8", "a string, a list of strings, or `true`")]),
        ("    default_src: b\n", &[("CW1046@6:5", "did you mean `default-src`?")]),
        ("    img-src: a\n    IMG-src: b\n", &[("CW1021@7:5", "already set in line 6")]),
    ];
    for (lines, expected) in cases {
        assert_said(&directives(lines), expected);
    }
}

#[test]
fn the_errors_line_is_shown() {
    let documents = read(&directives("    a: 'self' https://x\n"));
    let place = documents[0].findings[0].place.clone().unwrap();
    assert_eq!((&*place.excerpt, place.width), ("    a: 'self' https://x", 16));
}

/// The sources of the one directive as `text@line:column+width`.
fn sources(lines: &str) -> Vec<String> {
    let documents = read(&directives(lines));
    let policy = documents[0].policy.as_ref().unwrap_or_else(|| panic!("{:#?}", documents[0].findings));
    let sources = policy.spec.csp_directives.0[0].sources().iter();
    let shown = |source: &crate::finding::Spanned<String>| {
        let span = source.span;
        format!("{}@{}:{}+{}", source.value, span.line, span.column, span.width)
    };
    sources.map(shown).collect()
}

#[test]
fn sources_have_their_places() {
    let cases: &[(&str, &[&str])] = &[
        ("    a: b  c\n", &["b@6:8+1", "c@6:11+1"]),
        ("    a: \"'self'\\thttps://x\" # d\n", &["'self'@6:8+19", "https://x@6:8+19"]),
        ("    a: \" 'self' ä.x b\"   # c\n", &["'self'@6:10+6", "ä.x@6:17+3", "b@6:21+1"]),
        ("    a: '''self'' b'\n", &["'self'@6:8+12", "b@6:8+12"]),
        ("    a: 'x y'\n", &["x@6:9+1", "y@6:11+1"]),
        ("    a: [ 'x y', z ]\n", &["x@6:11+1", "y@6:13+1", "z@6:17+1"]),
        ("    a: |\n      x\n      y\n", &["x@7:7+1", "y@7:7+1"]),
        ("    a: >-\n      x y\n", &["x@7:7+1", "y@7:9+1"]),
        ("    a: x\n      y\n", &["x@6:8+1", "y@6:8+1"]),
        ("    a: ''\n", &[]),
        ("    a: []\n", &[]),
        ("    a: yes no\n", &["yes@6:8+3", "no@6:12+2"]),
    ];
    for (lines, expected) in cases {
        assert_eq!(sources(lines), *expected, "{lines}");
    }
}

#[test]
fn a_flag_is_true_without_quotes() {
    let documents = read(&directives("    a: true\n    b: 'true'\n"));
    let directives = &documents[0].policy.as_ref().unwrap().spec.csp_directives;
    assert!(matches!(directives.get("A").unwrap().value, DirectiveValue::Flag(_)));
    assert!(
        matches!(&directives.get("b").unwrap().value, DirectiveValue::Sources(sources) if sources.len() == 1)
    );
}
