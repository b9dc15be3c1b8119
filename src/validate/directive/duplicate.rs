//! A directive whose name was there before, with another value: browsers take the first, and drop this one.

use crate::csp::Directive;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2013",
    name: "duplicate-directive",
    severity: Severity::Error,
    summary: "Browsers take the first directive of a name and drop all others.",
    why: "Browsers keep the first directive of a name and drop every later one. What the later one \
        allows or forbids never counts.",
    example: "img-src https://a.example; img-src https://b.example",
    fixed: "img-src https://a.example https://b.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for (directive, first) in subject.repeated() {
        if is_same(directive, first) || sink.only_counts(&CODE) {
            continue;
        }
        let text = format!("{} is there already, so browsers drop this one", backquoted(&directive.name));
        let help = "write all its sources in the first one";
        sink.report_with_help(&CODE, directive.name.span, text, help);
    }
}

/// Whether two directives have the same words, in the same order.
pub(super) fn is_same(a: &Directive, b: &Directive) -> bool {
    a.sources().iter().map(|word| &word.value).eq(b.sources().iter().map(|word| &word.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_header_texts;

    #[test]
    fn the_first_one_counts() {
        let cases: &[(&str, &[&str])] = &[
            (
                "img-src a.example; IMG-SRC b.example",
                &["`IMG-SRC` is there already, so browsers drop this one"],
            ),
            ("img-src a.example; img-src  a.example", &[]),
            ("img-src a.example; font-src a.example", &[]),
        ];
        assert_header_texts(&CODE, cases);
    }
}
