//! A directive that no document defines: browsers ignore it whole.

use super::keyword_as_directive::keyword;
use crate::csp::directive::{DIRECTIVES, lookup};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::suggest::did_you_mean;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2001",
    name: "unknown-directive",
    severity: Severity::Error,
    summary: "Browsers ignore a directive that they don't know, with all that it was meant to restrict.",
    why: "A browser skips a directive whose name it does not know, with everything in it, and says so only \
        in its console. What the line was to restrict stays open, unless `default-src` happens to cover it. \
        A slip in one letter is enough.",
    example: "scirpt-src 'self'",
    fixed: "script-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for directive in &subject.directives.0 {
        let name = &directive.name;
        if lookup(name).is_some() || keyword(name).is_some() {
            continue;
        }
        let help = did_you_mean(name, DIRECTIVES.iter().map(|info| info.name), || {
            "the directives are those of CSP Level 3, such as `default-src`".to_owned()
        });
        sink.report_with_help(&CODE, name.span, format!("there is no directive {}", backquoted(name)), help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn a_name_that_nobody_knows_is_told() {
        assert_texts(
            &CODE,
            &[
                (&["script-src 'self'", "Upgrade-Insecure-Requests"], &[]),
                (&["scirpt-src 'self'"], &["there is no directive `scirpt-src`"]),
                (&["script-src: 'self'"], &["there is no directive `script-src:`"]),
                (&["strict-dynamic = true"], &[]),
            ],
        );
    }

    #[test]
    fn the_nearest_name_is_offered() {
        assert_eq!(help(&CODE, &policy(&["scirpt-src 'self'"])), "did you mean `script-src`?");
        assert_eq!(help(&CODE, &policy(&["img_src 'self'"])), "did you mean `img-src`?");
        assert!(help(&CODE, &policy(&["everything 'self'"])).starts_with("the directives are"));
    }
}
