//! A directive whose time is over.

use crate::csp::{Standing, directive::lookup};
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2003",
    name: "deprecated-directive",
    severity: Severity::Warning,
    summary: "The directive is deprecated, or browsers have dropped it.",
    why: "Current browsers ignore the directive, or will soon. It gives a sense of protection that is not \
        there, and hides which directive does the work today.",
    example: "plugin-types application/pdf",
    fixed: "object-src 'none'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for directive in &subject.directives.0 {
        let Some(info) = lookup(&directive.name) else { continue };
        if let Standing::Deprecated(instead) = info.standing {
            sink.report_with_help(
                &CODE,
                directive.name.span,
                format!("`{}` is deprecated", info.name),
                instead,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn what_is_over_is_told() {
        assert_texts(
            &CODE,
            &[
                (&["block-all-mixed-content = true"], &["`block-all-mixed-content` is deprecated"]),
                (&["Plugin-Types application/pdf"], &["`plugin-types` is deprecated"]),
                (&["report-uri /csp", "frame-src 'self'"], &[]),
            ],
        );
        assert_eq!(help(&CODE, &policy(&["plugin-types a/b"])), "use object-src 'none'");
    }
}
