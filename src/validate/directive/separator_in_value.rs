//! A `;` or `,` inside a value: the first ends the directive, the second the whole policy.

use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2008",
    name: "separator-in-value",
    severity: Severity::Error,
    summary: "A `;` ends a directive and a `,` ends a policy: what follows would be read as something else.",
    why: "In the header that browsers get, a `;` ends a directive and a `,` ends a whole policy. Whatever \
        stands behind it is read as another directive or as a second policy, so sources are lost and new \
        restrictions may appear.",
    example: "img-src: \"https://a.example; https://b.example\"",
    fixed: "img-src: [\"https://a.example\", \"https://b.example\"]",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for directive in &subject.directives.0 {
        for value in directive.sources() {
            let Some(separator) = value.bytes().find(|byte| matches!(byte, b';' | b',')) else { continue };
            let separator = char::from(separator);
            let text = format!("`{separator}` inside of the value {}", backquoted(value));
            sink.report_with_help(&CODE, value.span, text, help(separator));
        }
    }
}

const fn help(separator: char) -> &'static str {
    match separator {
        ';' => "give each directive a key of its own; in a path or query write `;` as `%3B`",
        _ => "put a space between sources, or write them as a list; in a path or query write `,` as `%2C`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn a_separator_is_told() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'self'; style-src 'self'"], &["`;` inside of the value `'self';`"]),
                (&["img-src a.example, b.example"], &["`,` inside of the value `a.example,`"]),
                (&["report-to csp;x"], &["`;` inside of the value `csp;x`"]),
                (&["img-src a.example/%3B"], &[]),
            ],
        );
        assert!(help(&CODE, &policy(&["script-src 'self';"])).starts_with("give each directive"));
    }
}
