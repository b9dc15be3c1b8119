//! Nothing restricts where forms are sent.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2308",
    name: "missing-form-action",
    severity: Severity::Warning,
    summary: "Without form-action an injected form sends what visitors type anywhere.",
    why: "default-src says nothing about forms. Without form-action an injected form can send what \
        visitors type, passwords included, to any host.",
    example: "default-src 'self'",
    fixed: "default-src 'self'; form-action 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if subject.restricts_loads() && subject.get("form-action").is_none() {
        let help = format!("add {}", subject.spelt("form-action", "'self'"));
        sink.missing(
            &CODE,
            "form-action",
            "no `form-action`, for which `default-src` doesn't stand in",
            help,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn nothing_stands_in() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["default-src 'self'"], &["no `form-action`, for which `default-src` doesn't stand in"]),
            (&["form-action 'self'", "default-src 'self'"], &[]),
            (&["upgrade-insecure-requests"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
