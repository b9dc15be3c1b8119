//! `'unsafe-hashes'` for scripts.

use crate::csp::Keyword;
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2311",
    name: "unsafe-hashes",
    severity: Severity::Warning,
    summary: "'unsafe-hashes' lets a trusted event handler run wherever it is injected.",
    why: "With 'unsafe-hashes' a trusted event handler runs on whichever element it is injected, \
        and at moments that its author did not have in mind.",
    example: "script-src 'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    fixed: "script-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(reading) = subject.governing("script-src-attr") else { return };
    if let Some(written) = reading.keyword(Keyword::UnsafeHashes) {
        let text =
            format!("'unsafe-hashes' in `{}` lets handlers run wherever they stand", reading.info.name);
        sink.report_with_help(&CODE, written.span, text, "add the handlers in a script file");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn hashes_of_handlers_are_told() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["script-src 'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"],
                &["'unsafe-hashes' in `script-src` lets handlers run wherever they stand"],
            ),
            (&["style-src 'unsafe-hashes'"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
