//! A sandbox that its content can leave.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2320",
    name: "sandbox-escape",
    severity: Severity::Warning,
    summary: "With scripts and its own origin allowed a page can take its sandbox away.",
    why: "A page with scripts that keeps its own origin can reach its embedder where that is of \
        the same origin, and load itself anew without a sandbox. The sandbox then holds nothing.",
    example: "sandbox allow-scripts allow-same-origin",
    fixed: "sandbox allow-scripts",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(reading) = subject.get("sandbox") else { return };
    let token = |name: &str| {
        reading.words.iter().find(|word| word.written.eq_ignore_ascii_case(name)).map(|word| word.written)
    };
    if let (Some(_), Some(origin)) = (token("allow-scripts"), token("allow-same-origin")) {
        let text = "`allow-scripts` with `allow-same-origin` makes the sandbox one that scripts can leave";
        sink.report_with_help(&CODE, origin.span, text, "leave one of them out");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_sandbox_is_shut() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["sandbox allow-scripts allow-same-origin"],
                &["`allow-scripts` with `allow-same-origin` makes the sandbox one that scripts can leave"],
            ),
            (&["sandbox allow-scripts allow-forms"], &[]),
            (&["sandbox"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
