//! `'unsafe-inline'` for scripts.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2301",
    name: "unsafe-inline",
    severity: Severity::Warning,
    summary: "'unsafe-inline' lets injected scripts run, which is what a policy is there to prevent.",
    why: "With 'unsafe-inline' a browser runs every script that is written into the page, injected ones \
        included. Cross-site scripting is what a policy is there to stop, and this takes that away. \
        Browsers ignore it beside a nonce, a hash or 'strict-dynamic', where it may stay for old ones.",
    example: "script-src 'self' 'unsafe-inline'",
    fixed: "script-src 'self'",
};

/// The directives that decide on inline scripts and on event handlers.
const INLINE: &[&str] = &["script-src-elem", "script-src-attr"];

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.governing_any(INLINE) {
        if let Some(written) = reading.unsafe_inline() {
            let text = format!("'unsafe-inline' in `{}` lets injected scripts run", reading.info.name);
            let help = "move inline scripts to files, or list their hashes";
            sink.report_with_help(&CODE, written.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn inline_scripts_are_told_where_they_run() {
        let text = |name: &str| format!("'unsafe-inline' in `{name}` lets injected scripts run");
        let (script, default, attr) = (text("script-src"), text("default-src"), text("script-src-attr"));
        assert_texts(
            &CODE,
            &[
                (&["script-src 'unsafe-inline'"], &[&script]),
                (&["default-src 'unsafe-inline'"], &[&default]),
                (&["script-src 'self'", "script-src-attr 'unsafe-inline'"], &[&attr]),
                (&["default-src 'unsafe-inline'", "script-src 'self'"], &[]),
                (&["style-src 'unsafe-inline'", "default-src 'self'"], &[]),
                (&["script-src 'unsafe-inline' 'nonce-abc'"], &[]),
                (&["script-src 'unsafe-inline' 'strict-dynamic'"], &[]),
            ],
        );
    }
}
