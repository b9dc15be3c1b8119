//! The answers against those of the Servo project's `content-security-policy`, which follows the text of CSP3.
//!
//! They agree on every generated policy. What the crate leaves to its caller, [`ask`] does as a browser would; where
//! the text and Chromium part, [`DIFFERENCES`] says how.

use content_security_policy as servo;
use servo::sandboxing_directive::SandboxingFlagSet;
use servo::{CheckResult, CspList, Destination, InlineCheckType, ParserMetadata};

use super::*;

fn ask(policy: &str, question: Question) -> bool {
    let list = CspList::parse(policy, servo::PolicySource::Header, servo::PolicyDisposition::Enforce);
    let origin = Url::parse("https://site.example/").unwrap().origin();
    let load = |url: &str, destination| {
        let url = Url::parse(url).unwrap();
        let request = servo::Request {
            current_url: url.clone(),
            url,
            origin: origin.clone(),
            redirect_count: 0,
            destination,
            initiator: servo::Initiator::None,
            nonce: String::new(),
            integrity_metadata: String::new(),
            parser_metadata: match destination {
                Destination::Worker => ParserMetadata::NotParserInserted,
                _ => ParserMetadata::ParserInserted,
            },
        };
        list.should_request_be_blocked(&request).0 == CheckResult::Allowed
    };
    let inline = |kind| {
        let element = servo::Element { nonce: None };
        list.should_elements_inline_type_behavior_be_blocked(&element, kind, "code").0 == CheckResult::Allowed
    };
    let sandbox =
        list.0.iter().map(|policy| CspList(vec![policy.clone()]).get_sandboxing_flag_set_for_document());
    let sandbox = sandbox.flatten().fold(SandboxingFlagSet::empty(), |all, flags| all | flags);
    let free_of = |flag| !sandbox.contains(flag);
    let strings = !list.does_sink_type_require_trusted_types("'script'", false);
    let scripts = free_of(SandboxingFlagSet::SANDBOXED_SCRIPTS_BROWSING_CONTEXT_FLAG);
    let (own, evil, data) =
        ("https://site.example/file", "https://evil.example/file", "data:text/javascript,0");
    match question {
        Question::InlineScript => scripts && inline(InlineCheckType::Script),
        Question::AttrHandler => scripts && inline(InlineCheckType::ScriptAttribute),
        Question::Eval => strings && list.is_js_evaluation_allowed("code").0 == CheckResult::Allowed,
        Question::Wasm => list.is_wasm_evaluation_allowed().0 == CheckResult::Allowed,
        Question::ExtScriptSelf => scripts && load(own, Destination::Script),
        Question::ExtScriptEvil => scripts && load(evil, Destination::Script),
        Question::ExtScriptData => scripts && load(data, Destination::Script),
        Question::InlineStyle => inline(InlineCheckType::Style),
        Question::StyleAttr => inline(InlineCheckType::StyleAttribute),
        Question::StyleEvil => load(evil, Destination::Style),
        Question::ImgEvil => load(evil, Destination::Image),
        Question::ConnectEvil => load(evil, Destination::None),
        Question::FrameEvil => load(evil, Destination::IFrame),
        // What an object shows is a frame's: the check at its navigation is another request.
        Question::ObjectEvil => load(evil, Destination::Object) && load(evil, Destination::IFrame),
        Question::FontEvil => load(evil, Destination::Font),
        Question::WorkerSelf => {
            let own_origin = free_of(SandboxingFlagSet::SANDBOXED_ORIGIN_BROWSING_CONTEXT_FLAG);
            strings && own_origin && load(own, Destination::Worker)
        }
        Question::FormActionEvil => {
            free_of(SandboxingFlagSet::SANDBOXED_FORMS_BROWSING_CONTEXT_FLAG) && submits(&list, evil, &origin)
        }
        Question::BaseEvil => {
            list.is_base_allowed_for_document(&Url::parse(evil).unwrap(), &origin).0 == CheckResult::Allowed
        }
        Question::DomSinkString => strings,
    }
}

/// `form-action` is asked by the rule for base URLs, which is the same: no fallback, and the list is matched.
fn submits(list: &CspList, url: &str, origin: &servo::Origin) -> bool {
    let mut list = list.clone();
    for policy in &mut list.0 {
        policy.directive_set.retain(|directive| directive.name != "base-uri");
        for directive in policy.directive_set.iter_mut().filter(|directive| directive.name == "form-action") {
            directive.name = "base-uri".to_owned();
        }
    }
    list.is_base_allowed_for_document(&Url::parse(url).unwrap(), origin).0 == CheckResult::Allowed
}

/// Where the crate, and the text, answer otherwise than Chromium and we do.
const DIFFERENCES: &[(&str, Question)] = &[
    // 'strict-dynamic' starts any worker.
    ("worker-src 'strict-dynamic'", Question::WorkerSelf),
    // A directive that is thrown away for a character outside ASCII still hides a second one of its name.
    ("img-src ä; img-src 'none'", Question::ImgEvil),
    // A scheme is upgraded only with its port, or where the source names none.
    ("img-src http://evil.example:443", Question::ImgEvil),
    // `ws:` stands for `wss:` only.
    ("img-src ws:", Question::ImgEvil),
    // A query is dropped; by the text it makes the source unreadable.
    ("img-src https://evil.example/file?a", Question::ImgEvil),
    // A hash that can't be decoded is none.
    ("script-src 'unsafe-inline' 'sha256-AAAA='", Question::InlineScript),
    // A hash's name may have a hyphen.
    ("script-src 'unsafe-inline' 'sha-256-AAAA'", Question::InlineScript),
];

#[test]
fn where_the_text_and_chromium_part_we_follow_chromium() {
    for (policy, question) in DIFFERENCES {
        assert_ne!(ask(policy, *question), answers(policy).get(*question), "{policy} {question:?}");
    }
}

proptest! {
    #[test]
    fn the_oracle_agrees(policy in policy()) {
        let policy = policy.replace('ä', "");
        let dynamic = policy.contains("'strict-dynamic'");
        for (question, allowed) in answers(&policy).iter() {
            if question == Question::WorkerSelf && dynamic {
                continue;
            }
            prop_assert_eq!(ask(&policy, question), allowed, "{:?}", question);
        }
    }
}
