//! A chat that is embedded, and lets nobody embed it.

use super::vendor;
use crate::csp::Keyword;
use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2704",
    name: "vendor-framing",
    severity: Severity::Warning,
    summary: "The chat is shown in a frame of another page, and the policy allows no page to do so.",
    why: "An embedded chat is shown in a frame of another site's page. `frame-ancestors 'none'` \
        forbids every frame, so the chat is never seen.",
    example: "spec:\n  vendor: intercom\n  cspDirectives: { frame-ancestors: \"'none'\" }",
    fixed: "spec:\n  vendor: intercom\n  cspDirectives: { frame-ancestors: \"https://shop.example\" }",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let Some(vendor) = vendor(&policy.spec) else { return };
    let subject = Subject::of(policy);
    let Some(list) = subject.get("frame-ancestors") else { return };
    let none = list.keyword(Keyword::None);
    if list.words.is_empty() || (list.words.len() == 1 && none.is_some()) {
        let span = none.map_or(list.written.name.span, |none| none.span);
        let text = format!("the chat of `{vendor}` is shown in a frame, and `frame-ancestors` allows none");
        sink.report_with_help(&CODE, span, text, "name the sites that embed the chat");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{placed, policy, texts};

    #[test]
    fn somebody_embeds_the_chat() {
        let text = "the chat of `intercom` is shown in a frame, and `frame-ancestors` allows none";
        for (vendor, ancestors, expected) in [
            (Some("intercom"), "frame-ancestors 'none'", Some(text)),
            (Some("intercom"), "frame-ancestors", Some(text)),
            (Some("intercom"), "frame-ancestors https://shop.example", None),
            (None, "frame-ancestors 'none'", None),
        ] {
            let mut policy = policy(&[ancestors]);
            policy.spec.vendor = vendor.map(placed);
            assert_eq!(texts(&CODE, &policy), Vec::from_iter(expected), "{vendor:?} {ancestors}");
        }
    }
}
