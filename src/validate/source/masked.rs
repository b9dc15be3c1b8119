//! Sources that browsers ignore because of another one in their list, and that serve no old browser either.

use crate::csp::{Keyword, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::reading::Reading;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2115",
    name: "masked-source",
    severity: Severity::Warning,
    summary: "Browsers ignore hosts beside 'strict-dynamic', and 'unsafe-inline' beside a nonce or hash.",
    why: "Beside 'strict-dynamic' browsers ignore hosts, and beside a nonce or hash they ignore \
        'unsafe-inline'. The source does nothing, and misleads who reads the policy.",
    example: "style-src 'unsafe-inline' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    fixed: "style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        let name = reading.info.name;
        if reading.strict_dynamic && is_of_scripts(reading) {
            let masked = reading.parsed().find(|(_, source)| is_location(source) && !is_fallback(source));
            if let Some((written, _)) = masked {
                let text = format!("{} in `{name}` is ignored beside 'strict-dynamic'", backquoted(written));
                let help = "leave out the hosts: scripts are trusted by nonce or hash there";
                sink.report_with_help(&CODE, written.span, text, help);
            }
        } else if reading.nonce_or_hash
            && let Some(written) = reading.keyword(Keyword::UnsafeInline)
        {
            let text = format!("'unsafe-inline' in `{name}` is ignored beside a nonce or hash");
            sink.report_with_help(
                &CODE,
                written.span,
                text,
                "leave it out: every targeted browser knows nonces",
            );
        }
    }
}

/// Whether `'strict-dynamic'` has its effect there.
pub(super) fn is_of_scripts(reading: &Reading<'_>) -> bool {
    matches!(reading.info.name, "default-src" | "script-src" | "script-src-elem")
}

/// Whether it says where something may come from.
const fn is_location(source: &Source<'_>) -> bool {
    matches!(source, Source::Host(_) | Source::Scheme(_) | Source::Keyword(Keyword::SelfOrigin))
}

/// Whether it stands beside `'strict-dynamic'` for browsers that don't know it, as is recommended.
pub(super) fn is_fallback(source: &Source<'_>) -> bool {
    match source {
        Source::Scheme(scheme) => ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)),
        Source::Keyword(keyword) => matches!(keyword, Keyword::UnsafeInline | Keyword::SelfOrigin),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn what_is_ignored_is_told() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["script-src 'strict-dynamic' 'nonce-abc' https://a.example b.example"],
                &["`https://a.example` in `script-src` is ignored beside 'strict-dynamic'"],
            ),
            (&["script-src 'strict-dynamic' 'nonce-abc' 'unsafe-inline' https: http:"], &[]),
            (
                &["style-src 'unsafe-inline' 'nonce-abc'"],
                &["'unsafe-inline' in `style-src` is ignored beside a nonce or hash"],
            ),
        ];
        assert_texts(&CODE, cases);
    }
}
