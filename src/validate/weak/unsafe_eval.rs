//! `'unsafe-eval'` for scripts.

use crate::csp::Keyword;
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2302",
    name: "unsafe-eval",
    severity: Severity::Warning,
    summary: "'unsafe-eval' lets a page run text as script.",
    why: "With 'unsafe-eval' a page may turn text into script, through `eval`, `new Function` and timers. \
        Text that an attacker controls, such as a chat message, then becomes code by one careless call.",
    example: "script-src 'self' 'unsafe-eval'",
    fixed: "script-src 'self' 'wasm-unsafe-eval'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(reading) = subject.governing("script-src") else { return };
    if let Some(written) = reading.keyword(Keyword::UnsafeEval) {
        let text = format!("'unsafe-eval' in `{}` lets text run as script", reading.info.name);
        let help = "'wasm-unsafe-eval' is enough for WebAssembly";
        sink.report_with_help(&CODE, written.span, text, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn eval_is_told_where_it_counts() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'unsafe-eval'"], &["'unsafe-eval' in `script-src` lets text run as script"]),
                (&["default-src 'unsafe-eval'"], &["'unsafe-eval' in `default-src` lets text run as script"]),
                (&["default-src 'unsafe-eval'", "script-src 'self'"], &[]),
                (&["script-src 'wasm-unsafe-eval'", "style-src 'unsafe-eval'"], &[]),
            ],
        );
    }
}
