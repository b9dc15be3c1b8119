//! An empty list of sources: it means `'none'`, which is better said.

use crate::csp::DirectiveValue;
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2007",
    name: "empty-source-list",
    severity: Severity::Warning,
    summary: "An empty list of sources matches nothing, as 'none' does.",
    why: "An empty list of sources allows nothing, exactly as 'none' does. That is valid, but a reader \
        can't tell it from a list that lost its content, for example in a template.",
    example: "script-src",
    fixed: "script-src 'none'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        let empty = matches!(&reading.written.value, DirectiveValue::Sources(sources) if sources.is_empty());
        if empty {
            let text = format!("`{}` has no sources, which means 'none'", reading.info.name);
            let help = format!("write {} if that is meant", subject.spelt(reading.info.name, "'none'"));
            sink.report_with_help(&CODE, reading.written.name.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn nothing_means_none() {
        assert_texts(
            &CODE,
            &[
                (&["img-src"], &["`img-src` has no sources, which means 'none'"]),
                (&["img-src 'none'", "img-src = true", "sandbox"], &[]),
            ],
        );
    }
}
