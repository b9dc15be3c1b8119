//! What stood around the policy where it was taken from: quotes, or the name of the header.

use crate::csp::header;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2016",
    name: "wrapped-policy",
    severity: Severity::Error,
    summary: "Quotes or a header's name in front of a policy become part of its first directive's name.",
    why: "The policy was copied together with the quotes around it or the name of its header. They \
        become part of the first directive's name, so browsers don't know that directive and \
        drop it.",
    example: "\"default-src 'self'\"",
    fixed: "default-src 'self'",
};

/// Whether a directive's name is, or begins with, something that belongs around a policy.
pub(super) fn is_wrapped(name: &str) -> bool {
    let bare = name.strip_suffix(':').unwrap_or(name);
    let quoted = name.strip_prefix(['"', '\'', '`']).is_some_and(|rest| !rest.contains(['\'', '"', '`']));
    quoted || header::NAMES.iter().any(|header| header.eq_ignore_ascii_case(bare))
}

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for directive in &subject.directives.0 {
        if is_wrapped(&directive.name) && !sink.only_counts(&CODE) {
            let text = format!("{} belongs around the policy, not into it", backquoted(&directive.name));
            let help = "begin with the name of a directive, such as `default-src`";
            sink.report_with_help(&CODE, directive.name.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_header_texts;

    #[test]
    fn a_policy_begins_with_a_directive() {
        let cases: &[(&str, &[&str])] = &[
            ("\"default-src 'self'\"", &["`\"default-src` belongs around the policy, not into it"]),
            (
                "Content-Security-Policy: default-src 'self'",
                &["`Content-Security-Policy:` belongs around the policy, not into it"],
            ),
            ("default-src 'self'", &[]),
            ("'self' a.example", &[]),
        ];
        assert_header_texts(&CODE, cases);
    }
}
