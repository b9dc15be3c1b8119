//! Every rule by a policy that shows it, and what holds for all policies.

use proptest::prelude::*;

use super::*;
use crate::csp::header;

mod oracle;

fn answers(policy: &str) -> Allows {
    allows(&header::policies(policy, 1))
}

/// The names of what a policy takes away.
fn denied(policy: &str) -> Vec<&'static str> {
    answers(policy).iter().filter(|(_, allowed)| !allowed).map(|(question, _)| question.name()).collect()
}

/// What `default-src 'none'` takes away.
const FETCHES: &str = "inlineScript attrHandler eval wasm extScriptSelf extScriptEvil extScriptData inlineStyle \
    styleAttr styleEvil imgEvil connectEvil frameEvil objectEvil fontEvil workerSelf";
/// Where only scripts are restricted, to nothing.
const SCRIPTS: &str =
    "inlineScript attrHandler eval wasm extScriptSelf extScriptEvil extScriptData workerSelf";

#[test]
fn each_rule_takes_away_what_it_is_about() {
    let cases: &[(&str, &str)] = &[
        // What restricts nothing.
        ("", ""),
        ("no-such-src 'none'", ""),
        ("frame-ancestors 'none'; report-uri /csp; upgrade-insecure-requests; trusted-types 'none'", ""),
        // Fallbacks.
        ("default-src 'none'", FETCHES),
        ("default-src", FETCHES),
        ("DEFAULT-SRC 'NONE'", FETCHES),
        ("script-src 'none'", SCRIPTS),
        (
            "script-src 'none'; worker-src 'self'",
            "inlineScript attrHandler eval wasm extScriptSelf extScriptEvil extScriptData",
        ),
        ("script-src-elem 'none'", "inlineScript extScriptSelf extScriptEvil extScriptData"),
        ("script-src-attr 'none'", "attrHandler"),
        (
            "script-src 'none'; script-src-elem *",
            "inlineScript attrHandler eval wasm extScriptData workerSelf",
        ),
        ("style-src 'none'", "inlineStyle styleAttr styleEvil"),
        ("style-src-elem 'none'", "inlineStyle styleEvil"),
        ("style-src-attr 'none'", "styleAttr"),
        ("child-src 'none'", "frameEvil objectEvil workerSelf"),
        ("child-src 'none'; worker-src *; frame-src *", ""),
        (
            "default-src *; script-src 'none'; child-src 'self'",
            "inlineScript attrHandler eval wasm extScriptSelf extScriptEvil extScriptData inlineStyle styleAttr frameEvil objectEvil",
        ),
        ("img-src 'none'", "imgEvil"),
        ("connect-src 'self'", "connectEvil"),
        ("font-src data:", "fontEvil"),
        ("object-src 'none'", "objectEvil"),
        ("frame-src 'none'", "frameEvil objectEvil"),
        ("frame-src 'none'; object-src *", "frameEvil objectEvil"),
        ("form-action 'self'", "formActionEvil"),
        ("base-uri 'self'", "baseEvil"),
        ("worker-src https://evil.example", "workerSelf"),
        // What is ignored: a second directive, one with a character outside ASCII, an unknown source.
        ("img-src *; img-src 'none'", ""),
        ("img-src 'none'; IMG-SRC *", "imgEvil"),
        ("img-src 'none' ä", ""),
        ("img-src ä; img-src 'none'", ""),
        ("img-src 'none' evil.example", ""),
        ("img-src 'none' 'report-sample'", "imgEvil"),
        ("img-src evil.example%", "imgEvil"),
        ("img-src 'evil.example'", "imgEvil"),
        // Hosts.
        ("img-src evil.example", ""),
        ("img-src http://evil.example:80", ""),
        ("img-src *.evil.example", "imgEvil"),
        ("img-src https://evil.example/other/", "imgEvil"),
        // Inline code.
        ("script-src 'unsafe-inline'", "eval wasm extScriptSelf extScriptEvil extScriptData workerSelf"),
        ("script-src 'unsafe-inline' 'nonce-r4nd0m'", SCRIPTS),
        (
            "script-src 'unsafe-inline' 'nonce-'",
            "eval wasm extScriptSelf extScriptEvil extScriptData workerSelf",
        ),
        ("script-src 'unsafe-inline' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='", SCRIPTS),
        ("script-src 'unsafe-inline' 'sha256-AAAA'", SCRIPTS),
        ("script-src 'unsafe-inline' 'sha-512-AAAA'", SCRIPTS),
        (
            "script-src 'unsafe-inline' 'sha256-AAAA='",
            "eval wasm extScriptSelf extScriptEvil extScriptData workerSelf",
        ),
        (
            "script-src 'unsafe-inline' 'unsafe-hashes'",
            "eval wasm extScriptSelf extScriptEvil extScriptData workerSelf",
        ),
        ("style-src 'unsafe-inline' 'strict-dynamic'", "styleEvil"),
        ("style-src 'unsafe-inline' 'nonce-r4nd0m'", "inlineStyle styleAttr styleEvil"),
        // Strings and WebAssembly.
        ("script-src * data: 'unsafe-inline' 'unsafe-eval'", ""),
        ("script-src * data: 'unsafe-inline' 'wasm-unsafe-eval'", "eval"),
        ("script-src * data: 'unsafe-inline' 'trusted-types-eval'", "eval wasm"),
        (
            "script-src-elem 'none' 'unsafe-eval'; script-src 'unsafe-inline' *",
            "inlineScript eval wasm extScriptSelf extScriptEvil extScriptData",
        ),
        // 'strict-dynamic' leaves no list of hosts, and starts workers.
        (
            "script-src 'strict-dynamic' 'unsafe-inline' * data: 'self'",
            "inlineScript attrHandler eval wasm extScriptSelf extScriptEvil extScriptData",
        ),
        ("img-src 'strict-dynamic' *", ""),
        // Trusted Types: a worker's URL is a sink too.
        ("require-trusted-types-for 'script'", "eval workerSelf domSinkString"),
        ("require-trusted-types-for 'script'; trusted-types *", "eval workerSelf domSinkString"),
        ("require-trusted-types-for 'other' 'script'", "eval workerSelf domSinkString"),
        ("require-trusted-types-for script", ""),
        ("require-trusted-types-for 'SCRIPT'", ""),
        (
            "require-trusted-types-for 'script'; script-src 'trusted-types-eval' 'unsafe-eval'",
            "inlineScript attrHandler eval extScriptSelf extScriptEvil extScriptData workerSelf domSinkString",
        ),
        // Sandboxes.
        (
            "sandbox",
            "inlineScript attrHandler extScriptSelf extScriptEvil extScriptData workerSelf formActionEvil",
        ),
        ("sandbox allow-scripts allow-forms", "workerSelf"),
        ("sandbox ALLOW-SCRIPTS allow-same-origin allow-anything", "formActionEvil"),
        (
            "sandbox allow-same-origin allow-forms",
            "inlineScript attrHandler extScriptSelf extScriptEvil extScriptData",
        ),
        // Of several policies each counts.
        ("img-src *, img-src 'none'", "imgEvil"),
        ("img-src 'none', font-src 'none', ,", "imgEvil fontEvil"),
        ("sandbox allow-scripts allow-same-origin, form-action *", "formActionEvil"),
        (
            "script-src 'nonce-a' 'strict-dynamic', script-src 'self'",
            "inlineScript attrHandler eval wasm extScriptSelf extScriptEvil extScriptData",
        ),
    ];
    for (policy, expected) in cases {
        assert_eq!(denied(policy).join(" "), *expected, "{policy}");
    }
}

#[test]
fn without_a_policy_all_is_allowed() {
    assert_eq!(allows(&[]), Allows::EVERYTHING);
    assert!(allows(&[]).iter().all(|(question, allowed)| allowed && allows(&[]).get(question)));
}

#[test]
fn in_json_the_answers_are_an_object_in_a_fixed_order() {
    let json = serde_json::to_string(&answers("default-src *; base-uri 'none'")).unwrap();
    insta::assert_snapshot!(json);
}

#[test]
fn questions_have_names_and_descriptions_of_their_own() {
    for question in Question::ALL {
        let same = |other: &&Question| {
            other.name() == question.name() || other.description() == question.description()
        };
        assert_eq!(Question::ALL.iter().filter(same).count(), 1, "{question:?}");
    }
}

/// Policies of words that mean something, in any order.
fn policy() -> impl Strategy<Value = String> {
    let names: Vec<&str> = crate::csp::directive::DIRECTIVES.iter().map(|info| info.name).collect();
    let source = prop_oneof![
        prop::sample::select(crate::csp::Keyword::ALL).prop_map(|keyword| format!("'{}'", keyword.name())),
        prop::sample::select(
            &[
                "*",
                "https:",
                "data:",
                "evil.example",
                "https://*",
                "http://evil.example",
                "*.example",
                "'nonce-abc'",
                "'sha256-AAAA'",
                "'script'",
                "allow-scripts",
                "allow-forms",
                "allow-same-origin",
                "ä",
                "'",
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    let directive = (prop::sample::select(names), prop::collection::vec(source, 0..4))
        .prop_map(|(name, sources)| format!("{name} {}", sources.join(" ")));
    prop::collection::vec(directive, 0..5).prop_map(|directives| directives.join("; "))
}

proptest! {
    #[test]
    fn a_further_policy_never_allows_more(one in policy(), other in policy()) {
        let before = answers(&one);
        let after = answers(&format!("{one}, {other}"));
        for (question, allowed) in after.iter() {
            prop_assert!(!allowed || before.get(question), "{question:?}");
        }
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        answers(&text);
    }

    #[test]
    fn a_second_directive_of_a_name_changes_nothing(one in policy()) {
        prop_assert_eq!(answers(&format!("{one}; {one}")), answers(&one));
    }
}
