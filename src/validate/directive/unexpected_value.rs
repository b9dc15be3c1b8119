//! A value on a directive that takes none.

use crate::csp::Grammar;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::reading::Read;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2005",
    name: "unexpected-value",
    severity: Severity::Error,
    summary: "The directive stands for itself and takes no value.",
    why: "The directive is a switch: it stands for itself. What follows its name is ignored by browsers, so \
        whatever was meant by it does not happen. Often a `;` is missing, and the value was to be a \
        directive of its own.",
    example: "upgrade-insecure-requests https://cdn.example",
    fixed: "upgrade-insecure-requests",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.known().filter(|reading| reading.info.grammar == Grammar::NoValue) {
        let Some(word) = reading.words.first().filter(|word| word.read == Read::Value) else { continue };
        let name = reading.info.name;
        let text = format!("`{name}` takes no value, not even {}", backquoted(word.written));
        let help = if subject.is_header() { format!("`{name}`") } else { format!("`{name}: true`") };
        sink.report_with_help(&CODE, word.written.span, text, format!("write {help}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn a_directive_without_value_has_none() {
        let text = "`upgrade-insecure-requests` takes no value, not even `https:`";
        assert_texts(
            &CODE,
            &[
                (&["upgrade-insecure-requests = true"], &[]),
                (&["upgrade-insecure-requests"], &[]),
                (&["upgrade-insecure-requests https: http:"], &[text]),
                (&["script-src https:"], &[]),
            ],
        );
        let help = help(&CODE, &policy(&["upgrade-insecure-requests https:"]));
        assert_eq!(help, "write `upgrade-insecure-requests: true`");
    }
}
