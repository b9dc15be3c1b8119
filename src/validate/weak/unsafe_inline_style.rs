//! `'unsafe-inline'` for styles.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2310",
    name: "unsafe-inline-style",
    severity: Severity::Warning,
    summary: "'unsafe-inline' lets injected styles change the page and read some of what is on it.",
    why: "Injected styles can hide or imitate parts of a page, and can send some of what is on it \
        to another host by selectors and addresses of images.",
    example: "style-src 'unsafe-inline'",
    fixed: "style-src 'self'",
};

/// The directives that decide on inline styles and on style attributes.
const INLINE: &[&str] = &["style-src-elem", "style-src-attr"];

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.governing_any(INLINE) {
        let is_default = reading.info.name == "default-src";
        // Where scripts go by it too, that says it all.
        if is_default && subject.governing("script-src").is_some_and(|script| std::ptr::eq(script, reading)) {
            continue;
        }
        if let Some(written) = reading.unsafe_inline() {
            let text = format!("'unsafe-inline' in `{}` lets injected styles in", reading.info.name);
            sink.report_with_help(&CODE, written.span, text, "move styles to files, or list their hashes");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn inline_styles_are_told() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["style-src 'unsafe-inline'"], &["'unsafe-inline' in `style-src` lets injected styles in"]),
            (&["default-src 'unsafe-inline'"], &[]),
            (&["style-src 'unsafe-inline' 'nonce-abc'"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
