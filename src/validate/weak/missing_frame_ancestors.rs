//! Nothing restricts who frames the page.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2309",
    name: "missing-frame-ancestors",
    severity: Severity::Warning,
    summary: "Without frame-ancestors any site may show the page in a frame and steer clicks on it.",
    why: "default-src says nothing about who may frame the page. Without frame-ancestors any site \
        may lay the page under its own and steer a visitor's clicks.",
    example: "default-src 'self'",
    fixed: "default-src 'self'; frame-ancestors 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if subject.restricts_loads() && subject.get("frame-ancestors").is_none() {
        let help = format!("add {}", subject.spelt("frame-ancestors", "'self'"));
        sink.missing(&CODE, "frame-ancestors", "no `frame-ancestors`, so any site may frame the page", help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn nothing_stands_in() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["default-src 'self'"], &["no `frame-ancestors`, so any site may frame the page"]),
            (&["frame-ancestors 'self'", "default-src 'self'"], &[]),
            (&["upgrade-insecure-requests"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
