//! Nothing restricts plug-ins.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2305",
    name: "missing-object-src",
    severity: Severity::Warning,
    summary: "Without object-src or default-src a page may load any plug-in content.",
    why: "Without `object-src`, and with no `default-src` to stand in for it, a page may embed any plug-in \
        content through <object> and <embed>. Nobody needs that today, and old browsers run scripts through \
        it.",
    example: "script-src 'self'",
    fixed: "script-src 'self'; object-src 'none'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if subject.restricts_loads() && subject.governing("object-src").is_none() {
        let help = format!("add {}", subject.spelt("object-src", "'none'"));
        let text = "neither `object-src` nor `default-src` restricts plug-in content";
        sink.missing(&CODE, "object-src", text, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn default_src_stands_in() {
        let text = "neither `object-src` nor `default-src` restricts plug-in content";
        assert_texts(
            &CODE,
            &[
                (&["script-src 'self'"], &[text]),
                (&["default-src 'self'"], &[]),
                (&["object-src 'none'"], &[]),
            ],
        );
    }
}
