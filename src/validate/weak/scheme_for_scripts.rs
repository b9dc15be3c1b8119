//! A whole scheme for scripts.

use super::SCRIPT_LOADS;
use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2304",
    name: "scheme-for-scripts",
    severity: Severity::Warning,
    summary: "A whole scheme allows scripts from any host, or with data: written into the page itself.",
    why: "A scheme alone matches every host that speaks it, so an injected script element may load from \
        anywhere. With `data:` the script stands in the address itself and needs no host at all.",
    example: "script-src https:",
    fixed: "script-src https://cdn.example",
};

/// Schemes, and what they let through.
const WIDE: [(&str, &str); 5] = [
    ("http", "scripts from any host, even without TLS"),
    ("https", "scripts from any host"),
    ("data", "scripts written into the address itself"),
    ("blob", "scripts that a script wrote"),
    ("filesystem", "scripts that a script wrote"),
];

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.governing_any(SCRIPT_LOADS) {
        if reading.strict_dynamic {
            continue;
        }
        for (written, source) in reading.parsed() {
            let Source::Scheme(scheme) = source else { continue };
            let Some((_, what)) = WIDE.iter().find(|(wide, _)| wide.eq_ignore_ascii_case(scheme)) else {
                continue;
            };
            let text = format!("{} in {} allows {what}", backquoted(written), backquoted(reading.info.name));
            sink.report_with_help(&CODE, written.span, text, "name the hosts that scripts come from");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_whole_scheme_is_told() {
        assert_texts(
            &CODE,
            &[
                (&["script-src https:"], &["`https:` in `script-src` allows scripts from any host"]),
                (
                    &["default-src 'self' DATA:"],
                    &["`DATA:` in `default-src` allows scripts written into the address itself"],
                ),
                (
                    &["script-src-elem http:", "script-src 'self'"],
                    &["`http:` in `script-src-elem` allows scripts from any host, even without TLS"],
                ),
                (&["script-src https://a.example", "img-src data: https:"], &[]),
                (&["script-src blob:"], &["`blob:` in `script-src` allows scripts that a script wrote"]),
                (&["script-src https: 'strict-dynamic' 'nonce-abc'"], &[]),
            ],
        );
    }
}
