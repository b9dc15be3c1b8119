//! A host that the widget needs and the policy doesn't allow.

use super::{Need, REGION, has_regions, needs, region, vendor};
use crate::csp::Source;
use crate::csp::source::Asked;
use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::validate::reading::Reading;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2703",
    name: "vendor-host",
    severity: Severity::Warning,
    summary: "The chat widget needs a host that the policy doesn't allow.",
    why: "The widget loads scripts from this host or connects to it. Where the policy doesn't \
        allow that, the chat stays blank or never connects.",
    example: "spec:\n  vendor: nice-cxone\n  region: na1\n  cspDirectives:\n    script-src: \"'self'\"",
    fixed: "spec:\n  vendor: nice-cxone\n  region: na1\n  cspDirectives:\n    script-src: [\"'self'\", \"https://web-modules-de-na1.niceincontact.com\"]",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let spec = &policy.spec;
    let Some(vendor) = vendor(spec) else { return };
    let region = region(spec).unwrap_or_default();
    if has_regions(vendor) && region.is_empty() {
        return;
    }
    let subject = Subject::of(policy);
    for Need { directive, source } in needs(vendor) {
        let source = source.replace(REGION, region);
        let Some(list) = subject.governing(directive) else { continue };
        if !allows(list, &source) {
            let text = format!("the widget of `{vendor}` needs {source} in `{directive}`");
            let help = format!("add `{source}` to `{}`", list.info.name);
            sink.report_with_help(&CODE, list.written.name.span, text, help);
        }
    }
}

/// Whether a list allows all of a source. Where `'strict-dynamic'` decides, no host does.
fn allows(list: &Reading<'_>, source: &str) -> bool {
    let Ok(source) = Source::parse(source) else { return true };
    let allowed: Vec<Source<'_>> = list.parsed().map(|(_, allowed)| allowed).collect();
    list.strict_dynamic || source.is_covered_by(&allowed, Asked::Connections)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{placed, policy, texts};

    fn missing(directives: &[&str]) -> Vec<String> {
        let mut policy = policy(directives);
        policy.spec.vendor = Some(placed("nice-cxone"));
        policy.spec.region = Some(placed("eu1"));
        texts(&CODE, &policy)
    }

    #[test]
    fn every_host_of_the_widget_is_allowed() {
        let connect = "connect-src https://channels-de-eu1.niceincontact.com wss://*.niceincontact.com \
                       https://digital-oauth-de-eu1.niceincontact.com";
        let script = "script-src https://web-modules-de-eu1.niceincontact.com";
        assert_eq!(missing(&[connect, script]), [""; 0]);
        assert_eq!(missing(&["connect-src https: wss:", "script-src *.niceincontact.com"]), [""; 0]);
        assert_eq!(missing(&["default-src *"]), [""; 0]);
        assert_eq!(missing(&["img-src 'self'"]), [""; 0], "nothing is restricted there");
        assert_eq!(missing(&["connect-src *", "script-src 'strict-dynamic' 'nonce-abc'"]), [""; 0]);
        let gateway =
            "the widget of `nice-cxone` needs wss://chat-gw-de-eu1.niceincontact.com in `connect-src`";
        assert_eq!(missing(&["connect-src https:", script]), [gateway]);
        assert_eq!(missing(&["default-src 'self'"]).len(), 4, "default-src stands in");
    }
}
