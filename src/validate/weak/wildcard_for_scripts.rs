//! `*` for scripts.

use super::SCRIPT_LOADS;
use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2303",
    name: "wildcard-for-scripts",
    severity: Severity::Warning,
    summary: "With * a script may come from any host.",
    why: "`*` matches every host over http and https. An attacker who can inject a script element loads the \
        script from a server of their own, so the list restricts nothing.",
    example: "script-src *",
    fixed: "script-src https://cdn.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.governing_any(SCRIPT_LOADS) {
        if reading.strict_dynamic {
            continue;
        }
        for (written, source) in reading.parsed() {
            if matches!(source, Source::Host(host) if host.is_bare_wildcard()) {
                let text = format!(
                    "{} in {} allows scripts from any host",
                    backquoted(written),
                    backquoted(reading.info.name)
                );
                sink.report_with_help(&CODE, written.span, text, "name the hosts that scripts come from");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn any_host_is_told() {
        assert_texts(
            &CODE,
            &[
                (&["script-src *"], &["`*` in `script-src` allows scripts from any host"]),
                (&["default-src https://*"], &["`https://*` in `default-src` allows scripts from any host"]),
                (&["script-src *.example.com", "img-src *"], &[]),
                (&["script-src * 'strict-dynamic' 'nonce-abc'"], &[]),
            ],
        );
    }
}
