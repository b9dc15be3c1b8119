//! Nothing restricts scripts.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2307",
    name: "missing-script-src",
    severity: Severity::Warning,
    summary: "Without script-src or default-src any script runs.",
    why: "Without `script-src`, and with no `default-src` to stand in for it, every script runs: from any \
        host, inline, and through `eval`. Whatever else the policy says protects little then.",
    example: "img-src 'self'",
    fixed: "img-src 'self'; script-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if subject.restricts_loads() && subject.governing("script-src").is_none() {
        let help = format!("add {}", subject.spelt("script-src", "'self'"));
        let text = "neither `script-src` nor `default-src` restricts scripts";
        sink.missing(&CODE, "script-src", text, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn scripts_are_restricted() {
        let text = "neither `script-src` nor `default-src` restricts scripts";
        assert_texts(
            &CODE,
            &[
                (&["img-src 'self'"], &[text]),
                (&["script-src-elem 'self'"], &[text]),
                (&["default-src 'self'"], &[]),
                (&["script-src 'self'"], &[]),
            ],
        );
    }
}
