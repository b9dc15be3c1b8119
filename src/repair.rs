//! A file with all that is mechanical mended: step by step, and read again after each.
//!
//! A step makes every fix that its findings offer and that no other is in the way of. It counts only where it helped:
//! the findings that it was made for are fewer, and every policy that could be used still can. So a fix that a person
//! would have to take back is never written. Mending what is mended changes nothing.

use std::sync::Arc;

use crate::finding::Patch;
use crate::policy::TenantName;
use crate::snapshot::FileFacts;

/// How often a file is read again: what is mended may bring to light what it hid.
const MAX_STEPS: usize = 16;

/// A file as it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// Its text.
    pub text: String,
    /// How many findings that ends.
    pub mended: usize,
}

/// Mends a file; `None` where nothing about it is mechanical.
pub fn repair(file: &Arc<str>, bytes: &[u8], default_tenant: Option<&TenantName>) -> Option<Repaired> {
    let mut text = std::str::from_utf8(bytes).ok()?.to_owned();
    let mut facts = FileFacts::read(file, bytes, default_tenant);
    let mut mended = 0;
    for _ in 0..MAX_STEPS {
        let (patch, fixed) = patch(&facts);
        if fixed.is_empty() {
            break;
        }
        let Ok(next) = patch.apply(&text) else { break };
        let after = FileFacts::read(file, next.as_bytes(), default_tenant);
        if !helped(&facts, &fixed, &after) {
            break;
        }
        mended += fixed.len();
        (text, facts) = (next, after);
    }
    (mended > 0).then_some(Repaired { text, mended })
}

/// The fixes that can be made together, and the codes of what they mend.
fn patch(facts: &FileFacts) -> (Patch, Vec<&'static str>) {
    let mut patch = Patch::default();
    let mut fixed = Vec::new();
    for finding in facts.findings().filter(|finding| finding.is_mendable()) {
        if finding.fix.as_ref().is_some_and(|fix| patch.add(fix).is_ok()) {
            fixed.push(finding.code.id);
        }
    }
    (patch, fixed)
}

/// Whether a step was a good one. Where YAML gave up, more is seen after it than before, and nothing can be counted.
fn helped(before: &FileFacts, fixed: &[&str], after: &FileFacts) -> bool {
    let count =
        |facts: &FileFacts, id: &str| facts.findings().filter(|finding| finding.code.id == id).count();
    let fewer = |id: &&str| count(after, id) < count(before, id);
    after.usable() >= before.usable() && (!before.is_whole() || fixed.iter().all(fewer))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: a, tenant: t } # c\n\
                        spec:\n  cspDirectives:\n    base-uri: \"'none'\"\n";

    fn repaired(directives: &str) -> Option<String> {
        let text = format!("{HEAD}{directives}");
        let repaired = repair(&"a.yaml".into(), text.as_bytes(), None)?;
        Some(repaired.text.strip_prefix(HEAD).unwrap().to_owned())
    }

    #[test]
    fn what_is_mechanical_is_mended_and_the_rest_stays() {
        let cases: &[(&str, Option<&str>)] = &[
            ("    script-src: 'self'   # ours\n", Some("    script-src: \"'self'\"   # ours\n")),
            (
                "    script-src:\n      - 'self' # a\n      - data:\n",
                Some("    script-src:\n      - \"'self'\" # a\n      - \"data:\"\n"),
            ),
            ("    img-src: *.cdn.example # c\n", Some("    img-src: \"*.cdn.example\" # c\n")),
            ("    img-src: 'self' https://a.example\n", Some("    img-src: \"'self' https://a.example\"\n")),
            (
                "    img-src: self a.example nonce-abc\n",
                Some("    img-src: \"'self' a.example 'nonce-abc'\"\n"),
            ),
            (
                "    scirpt-src: self https://a.example;\n",
                Some("    script-src: \"'self' https://a.example\"\n"),
            ),
            (
                "    img-src: [a.example, b.example, a.example]\n",
                Some("    img-src: [a.example, b.example]\n"),
            ),
            (
                "    img-src: \"'slef' 'https://a.example'\"\n",
                Some("    img-src: \"'self' https://a.example\"\n"),
            ),
            ("    img-src: \"'self' https://a.example/?q\"\n", None),
            ("    scirpt-src: a.example\n    script-src: b.example\n", None),
        ];
        for (directives, expected) in cases {
            assert_eq!(repaired(directives).as_deref(), *expected, "{directives:?}");
        }
    }

    #[test]
    fn what_is_waived_is_left() {
        let waived = "tenant: t, annotations: { chatward.dev/waive: \"CW2106: twice\" }";
        let text = format!("{}    img-src: a.example a.example\n", HEAD.replace("tenant: t", waived));
        assert_eq!(repair(&"a.yaml".into(), text.as_bytes(), None), None);
    }

    fn word() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "self",
            "'self'",
            "\"'self'\"",
            "'slef'",
            "data",
            "data:",
            "https",
            "*.a.example",
            "a.example",
            "a.example;",
            "'a.example'",
            "\"b.example\"",
            "unsafe-inline",
            "nonce-abc",
            "'none'",
            "ä",
            "|",
        ])
    }

    /// A directive in one of the forms that people write, each line with a comment.
    fn directive() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["script-src", "scirpt-src", "img-src", "ing-src", "font-src"]);
        (name, prop::collection::vec(word(), 0..4), 0..4usize).prop_map(|(name, words, form)| match form {
            0 => format!("    {name}: {} # kept\n", words.join(" ")),
            1 => format!("    {name}: [{}] # kept\n", words.join(", ")),
            2 => format!("    {name}: \"{}\" # kept\n", words.join(" ").replace('"', "")),
            _ => {
                let items = words.iter().map(|word| format!("      - {word} # kept\n"));
                format!("    {name}:\n{}", items.collect::<String>())
            }
        })
    }

    proptest! {
        #[test]
        fn mending_is_idempotent_and_keeps_comments(directives in prop::collection::vec(directive(), 1..5)) {
            let text = format!("{HEAD}{}", directives.concat());
            if let Some(once) = repair(&"a.yaml".into(), text.as_bytes(), None) {
                let comments = |text: &str| text.matches(" # kept\n").count();
                prop_assert_eq!(comments(&once.text), comments(&text), "{}", once.text);
                prop_assert!(once.text.starts_with(HEAD));
                let again = repair(&"a.yaml".into(), once.text.as_bytes(), None);
                prop_assert_eq!(again, None, "{}", once.text);
            }
        }
    }
}
