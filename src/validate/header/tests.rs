//! Lines as people have them.

use proptest::prelude::*;

use super::*;

fn checked(line: &[u8]) -> Header {
    check(&"<stdin>".into(), 7, line, &TargetBrowsers::default())
}

/// The findings of a line: code, column, and which directive they are about.
fn told(line: &[u8]) -> Vec<(&'static str, u32, Option<String>)> {
    let findings = checked(line).findings.into_iter();
    findings
        .map(|finding| {
            let place = finding.place.unwrap();
            assert_eq!(place.line, 7);
            (finding.code.id, place.column, finding.about.map(|about| about.directive))
        })
        .collect()
}

fn names(policies: &[Directives]) -> Vec<Vec<String>> {
    let names = |policy: &Directives| policy.0.iter().map(|directive| directive.name.value.clone()).collect();
    policies.iter().map(names).collect()
}

#[test]
fn the_name_of_the_header_is_told_and_the_rest_read() {
    for name in ["Content-Security-Policy: ", "content-security-policy-report-only:", " X-WebKit-CSP :\t"] {
        let line = format!("{name}scirpt-src 'self'; base-uri 'none'");
        let header = checked(line.as_bytes());
        assert_eq!(header.findings[0].code, &NAME, "{name}");
        let misspelt = header.findings.iter().find(|finding| finding.code.id == "CW2001").unwrap();
        let column = misspelt.place.as_ref().unwrap().column as usize;
        assert_eq!(&line[column - 1..column + 9], "scirpt-src", "places are those of the line");
        assert_eq!(names(&header.policies.unwrap()), [["scirpt-src", "base-uri"]]);
    }
    for line in ["content-security: default-src 'self'", "img-src data:", ""] {
        assert!(!told(line.as_bytes()).iter().any(|(code, ..)| *code == NAME.id), "{line}");
    }
}

#[test]
fn every_line_is_answered() {
    let rows: &[(&[u8], &Code, u32)] = &[
        (b"img-src \xff", &NOT_UTF8, 9),
        (&vec![b'a'; MAX_LINE + 1], &TOO_LONG, 1),
        (&"a,".repeat(MAX_POLICIES + 1).into_bytes(), &TOO_MUCH, 1),
        (&"a;".repeat(MAX_WORDS + 1).into_bytes(), &TOO_MUCH, 1),
        (&"a ".repeat(MAX_WORDS + 1).into_bytes(), &TOO_MUCH, 1),
    ];
    for (line, code, column) in rows {
        let told = told(line);
        assert!(told.contains(&(code.id, *column, None)), "{code}: {told:?}");
    }
    assert!(checked(b"img-src \xff").policies.is_some(), "the rest is read");
    assert!(checked(&vec![b';'; MAX_LINE]).policies.is_some());
    for (most, count) in [("a,", MAX_POLICIES), ("a;", MAX_WORDS), ("a ", MAX_WORDS)] {
        let header = checked(most.repeat(count).as_bytes());
        assert!(header.findings.iter().all(|finding| finding.code != &TOO_MUCH), "{most}");
        assert!(header.policies.is_some());
    }
}

#[test]
fn what_one_policy_lacks_another_may_have() {
    let missing = |line: &str| -> Vec<String> {
        let told = told(line.as_bytes()).into_iter();
        told.filter(|(code, ..)| code.starts_with("CW230")).filter_map(|(.., about)| about).collect()
    };
    assert_eq!(missing("img-src 'self'").iter().filter(|name| *name == "object-src").count(), 1);
    assert!(!missing("img-src 'self', object-src 'none'").contains(&"object-src".to_owned()));
    assert!(!missing("img-src 'self', default-src 'none'").contains(&"object-src".to_owned()));
    let twice = missing("img-src 'self', img-src 'self'");
    assert_eq!(twice.iter().filter(|name| *name == "object-src").count(), 1, "told once: {twice:?}");
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let header = checked(&line);
        prop_assert!(header.findings.iter().all(|finding| finding.place.as_ref().is_some_and(|p| p.line == 7)));
        prop_assert!(header.findings.is_sorted_by_key(|finding| finding.place.as_ref().map(|p| p.column)));
    }
}
