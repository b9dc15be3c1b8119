//! No value where the directive needs one: `true` for a list of sources, or nothing for an endpoint.

use crate::csp::{Directive, DirectiveValue};
use crate::csp::{DirectiveInfo, Grammar, directive::lookup};
use crate::finding::{Code, Severity, Span};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2006",
    name: "missing-value",
    severity: Severity::Error,
    summary: "The directive says nothing without a value.",
    why: "Without a value the directive says nothing: browsers drop it. A `report-to` without an endpoint, \
        for one, sends no report at all.",
    example: "report-to",
    fixed: "report-to csp-endpoint",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for directive in &subject.directives.0 {
        let Some(info) = lookup(&directive.name) else { continue };
        if let Some(span) = lacking(directive, info) {
            let text = format!("{} needs {}", backquoted(&directive.name), needed(info.grammar));
            sink.report_with_help(&CODE, span, text, example(info));
        }
    }
}

/// Where a value is missing. An empty list of sources is not: it means `'none'`.
fn lacking(directive: &Directive, info: &DirectiveInfo) -> Option<Span> {
    let grammar = info.grammar;
    match &directive.value {
        _ if grammar.may_be_empty() => None,
        DirectiveValue::Flag(span) => Some(*span),
        DirectiveValue::Sources(sources) => {
            (sources.is_empty() && !grammar.is_source_list()).then_some(directive.name.span)
        }
    }
}

const fn needed(grammar: Grammar) -> &'static str {
    match grammar {
        Grammar::ReportToToken => "the name of a reporting endpoint",
        Grammar::UriReferences => "a URL to report to",
        Grammar::SinkGroups => "the group 'script'",
        Grammar::WebRtc => "'allow' or 'block'",
        Grammar::MediaTypes => "a media type",
        _ => "a list of sources",
    }
}

fn example(info: &DirectiveInfo) -> String {
    let value = match info.grammar {
        Grammar::ReportToToken => "csp-endpoint",
        Grammar::UriReferences => "/csp-reports",
        Grammar::SinkGroups => "\"'script'\"",
        Grammar::WebRtc => "\"'block'\"",
        Grammar::MediaTypes => "application/pdf",
        _ => "\"'self'\"",
    };
    format!("for example `{}: {value}`", info.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_directive_has_the_value_that_it_needs() {
        assert_texts(
            &CODE,
            &[
                (&["script-src = true"], &["`script-src` needs a list of sources"]),
                (&["frame-ancestors = true"], &["`frame-ancestors` needs a list of sources"]),
                (&["script-src"], &[]),
                (&["sandbox = true", "trusted-types = true", "upgrade-insecure-requests = true"], &[]),
                (&["report-to"], &["`report-to` needs the name of a reporting endpoint"]),
                (&["report-uri = true"], &["`report-uri` needs a URL to report to"]),
                (&["require-trusted-types-for"], &["`require-trusted-types-for` needs the group 'script'"]),
                (&["webrtc = true"], &["`webrtc` needs 'allow' or 'block'"]),
                (&["plugin-types"], &["`plugin-types` needs a media type"]),
            ],
        );
    }
}
