//! A character that can't stand in a header: something outside of ASCII, or a control character.

use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2009",
    name: "illegal-character",
    severity: Severity::Error,
    summary: "A policy is printable ASCII; browsers drop a value with anything else in it.",
    why: "A policy consists of printable ASCII. Browsers drop a value with any other character in it, and \
        some servers refuse to send such a header. Most often a word processor turned straight quotes into \
        curly ones, or a host is written in its Unicode form.",
    example: "img-src https://bücher.example",
    fixed: "img-src https://xn--bcher-kva.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for directive in &subject.directives.0 {
        for value in std::iter::once(&directive.name).chain(directive.sources()) {
            if value.bytes().all(|byte| byte.is_ascii_graphic()) {
                continue;
            }
            let Some(illegal) = value.chars().find(|c| !c.is_ascii_graphic()) else { continue };
            if sink.only_counts(&CODE) {
                continue;
            }
            let text = format!("U+{:04X} can't stand in {}", u32::from(illegal), backquoted(value));
            sink.report_with_help(&CODE, value.span, text, help(illegal));
        }
    }
}

const fn help(illegal: char) -> &'static str {
    match illegal {
        '‘' | '’' | '“' | '”' | '‚' | '„' | '′' | '´' => "write plain single quotes: `'`",
        '\u{a0}' | '\u{200b}' | '\u{feff}' => "an invisible character was pasted along: write the value anew",
        '‐'..='―' | '−' => "write a plain hyphen: `-`",
        c if c.is_ascii() => "leave it out",
        _ => "write a host in its ASCII form (xn--…), a path percent-encoded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn only_printable_ascii_is_taken() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'self' https://cdn.example/a%20b"], &[]),
                (&["script-src ‘self’"], &["U+2018 can't stand in `‘self’`"]),
                (&["img-src bücher.example"], &["U+00FC can't stand in `bücher.example`"]),
                (&["img-src a\u{7}"], &["U+0007 can't stand in `a\\u{7}`"]),
            ],
        );
        assert_eq!(help(&CODE, &policy(&["script-src ‘self’"])), "write plain single quotes: `'`");
        assert!(help(&CODE, &policy(&["img-src bücher.example"])).contains("xn--"));
    }
}
