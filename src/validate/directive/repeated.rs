//! A directive that is written twice, with the same value.

use super::duplicate::is_same;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2014",
    name: "repeated-directive",
    severity: Severity::Warning,
    summary: "A directive that is written twice with the same value does nothing the second time.",
    why: "The directive stands twice with the same sources. Browsers drop the second, so nothing \
        changes, until somebody edits one of them and not the other.",
    example: "img-src 'self'; img-src 'self'",
    fixed: "img-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for (directive, first) in subject.repeated() {
        if is_same(directive, first) && !sink.only_counts(&CODE) {
            let text = format!("{} is written twice", backquoted(&directive.name));
            sink.report_with_help(&CODE, directive.name.span, text, "leave one of them out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_header_texts;

    #[test]
    fn the_same_twice_is_told() {
        let cases: &[(&str, &[&str])] = &[
            ("img-src a.example; img-src a.example", &["`img-src` is written twice"]),
            ("img-src a.example; img-src b.example", &[]),
        ];
        assert_header_texts(&CODE, cases);
    }
}
