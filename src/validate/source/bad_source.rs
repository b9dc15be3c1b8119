//! Something among the sources that is none, by the grammar of CSP Level 3.

use std::borrow::Cow;

use crate::csp::{Grammar, Keyword, Source, SourceError};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::reading::{Read, Word};
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
    for reading in subject.lists() {
        let name = reading.info.name;
        for Word { written, read } in &reading.words {
            match read {
                Read::Broken(error) if !has_own_check(*error) => {
                    if sink.only_counts(&CODE) {
                        continue;
                    }
                    let text = format!("{} is not a source: {error}", backquoted(written));
                    match help(*error, subject) {
                        Some(help) => sink.report_with_help(&CODE, written.span, text, help),
                        None => sink.report(&CODE, written.span, text),
                    }
                }
                Read::Source(source)
                    if reading.info.grammar == Grammar::AncestorSourceList && !is_ancestor(source) =>
                {
                    let text = format!("{} has no place in `{name}`", backquoted(written));
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
    matches!(
        error,
        SourceError::NotAscii(_)
            | SourceError::Separator(_)
            | SourceError::Keyword
            | SourceError::HostCharacter('_')
    )
}

/// CSP3 §6.4.2, `ancestor-source`.
const fn is_ancestor(source: &Source<'_>) -> bool {
    match source {
        Source::Keyword(keyword) => matches!(keyword, Keyword::SelfOrigin | Keyword::None),
        Source::Scheme(_) | Source::Host(_) => true,
        Source::Nonce(_) | Source::Hash(_) => false,
    }
}

fn help(error: SourceError, subject: &Subject<'_>) -> Option<Cow<'static, str>> {
    let help = match error {
        SourceError::HostCharacter('"' | '\'') | SourceError::Quote => {
            return Some(subject.quote("'self'").into());
        }
        SourceError::Unquoted => return Some(subject.quote("'sha256-…'").into()),
        SourceError::QuotedHost => "leave out the quotes: they are for keywords, nonces and hashes",
        SourceError::Base64 => {
            "it has letters, digits, `+`, `/`, `-` and `_`, and at most two `=` at its end"
        }
        SourceError::Ipv6 => "name a host instead",
        SourceError::Port => "write `https://host:8443`, with a colon before `//` and before the port alone",
        SourceError::NoHost => "write a host such as `cdn.example`, or a scheme such as `https:`",
        SourceError::Query => "leave it out: a path without it matches every query",
        SourceError::Wildcard => "write `*.example.com`, which matches every host below example.com",
        SourceError::PathCharacter(_) => "write it percent-encoded",
        _ => return None,
    };
    Some(help.into())
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
