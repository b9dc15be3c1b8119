//! A policy without a single directive.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2004",
    name: "no-directives",
    severity: Severity::Error,
    summary: "A Content-Security-Policy without directives restricts nothing and is no policy.",
    why: "A browser that gets a policy without a directive enforces nothing. Such a document looks as if \
        the chat were protected, and it is not.",
    example: "spec:\n  cspDirectives: {}",
    fixed: "spec:\n  cspDirectives: { default-src: \"'self'\" }",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if subject.directives.0.is_empty() {
        let help = "begin with `default-src: \"'self'\"` under `spec.cspDirectives`";
        sink.report_with_help(&CODE, sink.policy(), "the policy has no directives", help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_policy_has_directives() {
        assert_texts(&CODE, &[(&[], &["the policy has no directives"]), (&["sandbox = true"], &[])]);
    }
}
