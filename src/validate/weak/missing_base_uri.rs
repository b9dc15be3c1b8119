//! Nothing restricts `<base>`.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2306",
    name: "missing-base-uri",
    severity: Severity::Warning,
    summary: "Without base-uri an injected <base> element sends relative script addresses elsewhere.",
    why: "`default-src` does not stand in for `base-uri`. An injected <base> element moves every relative \
        address of the page to another host, scripts with a valid nonce included.",
    example: "default-src 'self'",
    fixed: "default-src 'self'; base-uri 'none'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if subject.restricts_loads() && subject.get("base-uri").is_none() {
        let help = format!("add {}", subject.spelt("base-uri", "'none'"));
        let text = "no `base-uri`, for which `default-src` doesn't stand in";
        sink.missing(&CODE, "base-uri", text, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn nothing_stands_in() {
        let text = "no `base-uri`, for which `default-src` doesn't stand in";
        assert_texts(&CODE, &[(&["default-src 'none'"], &[text]), (&["Base-URI 'self'"], &[])]);
    }
}
