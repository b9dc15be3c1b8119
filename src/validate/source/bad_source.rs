//! Something among the sources that is none, by the grammar of CSP Level 3.

use super::unquoted_keyword;
use crate::csp::{self, Grammar, Keyword, Source, SourceError};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2101",
    name: "bad-source",
    severity: Severity::Error,
    summary: "Browsers ignore a source that the grammar doesn't have, so it allows nothing.",
    why: "A browser drops a source that it can't read, logs a line in its console and goes on with the \
        others. Nothing is allowed by it, so whatever is loaded from there is blocked in production.",
    example: "img-src https://cdn.example/logo?size=2",
    fixed: "img-src https://cdn.example/logo",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for (directive, info) in csp::source_lists(subject.directives) {
        for written in directive.sources() {
            match Source::parse(written) {
                Err(error) if !has_own_check(error) && unquoted_keyword::quoted(written).is_none() => {
                    let text = format!("{} is not a source: {error}", backquoted(written));
                    match help(error) {
                        Some(help) => sink.report_with_help(&CODE, written.span, text, help),
                        None => sink.report(&CODE, written.span, text),
                    }
                }
                Ok(source) if info.grammar == Grammar::AncestorSourceList && !is_ancestor(&source) => {
                    let text = format!("{} has no place in `{}`", backquoted(written), info.name);
                    let help = "it takes schemes, hosts, 'self' and 'none'";
                    sink.report_with_help(&CODE, written.span, text, help);
                }
                _ => {}
            }
        }
    }
}

/// Whether another check speaks of this error.
const fn has_own_check(error: SourceError) -> bool {
    matches!(error, SourceError::NotAscii(_) | SourceError::Separator(_) | SourceError::Keyword)
}

/// CSP3 §6.4.2, `ancestor-source`.
const fn is_ancestor(source: &Source<'_>) -> bool {
    match source {
        Source::Keyword(keyword) => matches!(keyword, Keyword::SelfOrigin | Keyword::None),
        Source::Scheme(_) | Source::Host(_) => true,
        Source::Nonce(_) | Source::Hash(_) => false,
    }
}

fn help(error: SourceError) -> Option<&'static str> {
    Some(match error {
        SourceError::HostCharacter('"') => "keywords stand in single quotes: `\"'self'\"` in YAML",
        SourceError::HostCharacter('\'') | SourceError::Quote => {
            "in YAML write double quotes around the single ones: `\"'self'\"`"
        }
        SourceError::Unquoted => "in YAML write double quotes around the single ones: `\"'sha256-…'\"`",
        SourceError::Ipv6 => "name a host instead",
        SourceError::NoHost => "write a host such as `cdn.example`, or a scheme such as `https:`",
        SourceError::Query => "leave it out: a path without it matches every query",
        SourceError::Wildcard => "write `*.example.com`, which matches every host below example.com",
        SourceError::PathCharacter(_) => "write it percent-encoded",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn what_is_no_source_is_told() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'self' https://cdn.example:8443/lib/ *.example.com data: 'nonce-abc='"], &[]),
                (&["frame-ancestors 'self' https://a.example", "form-action 'self'", "base-uri 'none'"], &[]),
                (
                    &["img-src https://a.example/x?y"],
                    &["`https://a.example/x?y` is not a source: a source has no query and no fragment"],
                ),
                (
                    &["img-src '*.a.example'"],
                    &["`'*.a.example'` is not a source: a host or a scheme stands without quotes"],
                ),
                (
                    &["base-uri a.*.example"],
                    &["`a.*.example` is not a source: \
                       * stands for the whole host, or for its first part as in *.example.com"],
                ),
                (
                    &["frame-ancestors 'unsafe-inline'"],
                    &["`'unsafe-inline'` has no place in `frame-ancestors`"],
                ),
                // These are other checks' business.
                (
                    &["img-src a;b ü 'slef' \"x", "sandbox a/b?c", "no-such-src a?b"],
                    &["`\"x` is not a source: a host has letters, digits, hyphens and dots, not '\"'"],
                ),
            ],
        );
        assert!(help(&CODE, &policy(&["img-src 'self"])).contains("\"'self'\""));
    }
}
