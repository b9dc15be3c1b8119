//! A value that its directive can't have, where that is no source: an endpoint, a Trusted Types policy and the like.

use crate::csp::{Grammar, value};
use crate::finding::{Code, Severity, Spanned};
use crate::printable::backquoted;
use crate::validate::reading::{Read, Reading};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2010",
    name: "bad-value",
    severity: Severity::Error,
    summary: "The value is not one that the directive can have, and browsers ignore it.",
    why: "The directive takes values of a certain form only. Browsers ignore a value of another form, and \
        with it, mostly, the whole directive. What it was to enforce or to report does not happen.",
    example: "require-trusted-types-for script",
    fixed: "require-trusted-types-for 'script'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.known() {
        let Reading { info, words, .. } = reading;
        let mut readable =
            words.iter().filter(|word| word.read == Read::Value).map(|word| word.written).filter(is_readable);
        for token in readable.clone() {
            if let Err(error) = value::check(info.grammar, token) {
                let text = format!("{} is no value for `{}`: {error}", backquoted(token), info.name);
                sink.report(&CODE, token.span, text);
            } else if info.grammar == Grammar::UriReferences && token.starts_with(['\'', '"']) {
                let text = format!("{} in `{}` is read as a path in quotes", backquoted(token), info.name);
                sink.report_with_help(&CODE, token.span, text, "a URL stands without quotes");
            }
        }
        if value::takes_one(info.grammar)
            && let Some(second) = readable.nth(1)
        {
            let text = format!("`{}` takes one value, so {} is too much", info.name, backquoted(second));
            sink.report(&CODE, second.span, text);
        }
        if info.grammar == Grammar::TrustedTypes
            && words.len() > 1
            && let Some(none) = words.iter().find(|word| word.written.eq_ignore_ascii_case("'none'"))
        {
            sink.report(&CODE, none.written.span, format!("'none' stands alone in `{}`", info.name));
        }
    }
}

/// Whether no other check speaks of its characters.
fn is_readable(token: &&Spanned<String>) -> bool {
    token.chars().all(|c| c.is_ascii_graphic() && !matches!(c, ';' | ','))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_value_is_one_that_the_directive_can_have() {
        assert_texts(
            &CODE,
            &[
                (&["report-to csp-endpoint", "report-uri /csp https://a.example/csp"], &[]),
                (&["trusted-types a b 'allow-duplicates'", "require-trusted-types-for 'script'"], &[]),
                (&["report-to a b"], &["`report-to` takes one value, so `b` is too much"]),
                (
                    &["require-trusted-types-for script"],
                    &[
                        "`script` is no value for `require-trusted-types-for`: the only group of sinks is 'script'",
                    ],
                ),
                (&["trusted-types 'none' a"], &["'none' stands alone in `trusted-types`"]),
                (&["webrtc allow"], &["`allow` is no value for `webrtc`: either 'allow' or 'block'"]),
                (&["webrtc allow;"], &[]),
            ],
        );
    }
}
