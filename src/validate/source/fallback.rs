//! Sources that stand beside `'strict-dynamic'` for browsers that don't know it: as is recommended, and worth knowing.

use super::masked::{is_fallback, is_of_scripts};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2116",
    name: "fallback-source",
    severity: Severity::Info,
    summary: "Browsers that know 'strict-dynamic' ignore the sources that stand beside it for old ones.",
    why: "This is the recommended way to serve browsers that don't know 'strict-dynamic': they use \
        these sources, all others ignore them. Nothing needs to change.",
    example: "script-src 'strict-dynamic' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' https:",
    fixed: "script-src 'strict-dynamic' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists().filter(|reading| reading.strict_dynamic && is_of_scripts(reading)) {
        if let Some((written, _)) = reading.parsed().find(|(_, source)| is_fallback(source)) {
            let text = format!("{} only counts where 'strict-dynamic' is not known", backquoted(written));
            sink.report(&CODE, written.span, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_fallback_is_worth_knowing() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["script-src 'strict-dynamic' 'nonce-abc' 'unsafe-inline' https:"],
                &["`'unsafe-inline'` only counts where 'strict-dynamic' is not known"],
            ),
            (&["script-src 'strict-dynamic' 'nonce-abc'"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
