//! A source that allows nothing that another one in its list doesn't.

use super::masked::is_of_scripts;
use crate::csp::source::Asked;
use crate::csp::{Host, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2118",
    name: "redundant-source",
    severity: Severity::Warning,
    summary: "Another source in the list allows all that this one does.",
    why: "Another source in the list allows all that this one does. It changes nothing, and makes \
        the policy look narrower than it is.",
    example: "img-src https: https://media.example",
    fixed: "img-src https://media.example",
};

/// How many sources of a list every other one is held against. The rest of a longer list goes unsaid.
const MAX_WIDE: usize = 64;
/// How many sources of a list are looked at: as many as a document's list may have.
const MAX_NARROW: usize = 1_000;

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        if reading.strict_dynamic && is_of_scripts(reading) {
            continue;
        }
        let wide: Vec<_> = reading.parsed().filter(|(_, source)| is_wide(source)).take(MAX_WIDE).collect();
        for (written, source) in reading.parsed().take(MAX_NARROW) {
            let by = wide.iter().find(|(by, wide)| {
                !std::ptr::eq(*by, written) && covers(wide, &source) && !covers(&source, wide)
            });
            let Some((by, _)) = by else { continue };
            if sink.only_counts(&CODE) {
                continue;
            }
            let text = format!(
                "{} in `{}` is allowed by {} already",
                backquoted(written),
                reading.info.name,
                backquoted(by)
            );
            sink.report_with_help(&CODE, written.span, text, "leave one of them out");
        }
    }
}

/// Whether one source allows all that another one does. What nobody asks for in this list counts too, so that nothing is
/// called redundant too early.
fn covers(wide: &Source<'_>, narrow: &Source<'_>) -> bool {
    // Most pairs are of hosts that have nothing in common: they are told apart at once.
    let related = match (wide, narrow) {
        (Source::Host(wide), Source::Host(narrow)) => match (wide.host, narrow.host) {
            (Host::Name(wide), Host::Name(narrow)) => wide.eq_ignore_ascii_case(narrow),
            (Host::Name(_), _) => false,
            _ => true,
        },
        (_, Source::Host(_) | Source::Scheme(_)) => true,
        _ => false,
    };
    related && narrow.is_covered_by(std::slice::from_ref(wide), Asked::Connections)
}

/// Whether it may allow more than one host, port or path.
///
/// Without TLS it may too, but then it is the one to go, and another check says so.
fn is_wide(source: &Source<'_>) -> bool {
    let insecure = |scheme: &str| ["http", "ws"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
    match source {
        Source::Scheme(scheme) => !insecure(scheme),
        Source::Host(source) if source.scheme.is_some_and(insecure) => false,
        Source::Host(source) => {
            !matches!(source.host, Host::Name(_)) || source.path.is_empty() || source.path.ends_with('/')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn what_is_covered_is_told() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["img-src https: https://a.example"],
                &["`https://a.example` in `img-src` is allowed by `https:` already"],
            ),
            (
                &["img-src *.example a.example"],
                &["`a.example` in `img-src` is allowed by `*.example` already"],
            ),
            (&["img-src * data: 'self'", "font-src https://a.example http://a.example wss:"], &[]),
            (&["script-src 'strict-dynamic' 'nonce-abc' https: https://a.example"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
