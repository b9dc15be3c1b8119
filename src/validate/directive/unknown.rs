//! A directive that no document defines: browsers ignore it whole.

use super::keyword_as_directive::keyword;
use super::wrapped::is_wrapped;
use crate::csp::directive::{DIRECTIVES, lookup};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::suggest::did_you_mean;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;
use crate::validate::template::is_template;

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

/// Old names, and what came in their place.
const GONE: &[(&str, &str)] = &[
    ("allow", "`default-src`"),
    ("options", "'unsafe-inline' and 'unsafe-eval' in `script-src`"),
    ("policy-uri", "nothing: write the policy out"),
    ("xhr-src", "`connect-src`"),
    ("frame-options", "`frame-ancestors`"),
    ("strict-mixed-content-checking", "nothing: browsers do it anyway"),
];

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for directive in &subject.directives.0 {
        let name = &directive.name;
        if lookup(name).is_some()
            || keyword(name).is_some()
            || is_wrapped(name)
            || is_template(name)
            || sink.only_counts(&CODE)
        {
            continue;
        }
        sink.report_with_help(
            &CODE,
            name.span,
            format!("there is no directive {}", backquoted(name)),
            help(name),
        );
    }
}

fn help(name: &str) -> String {
    if let Some((_, instead)) = GONE.iter().find(|(gone, _)| gone.eq_ignore_ascii_case(name)) {
        return format!("{instead} came in its place");
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let end = name.find(|c| !is_of_name(c)).unwrap_or(name.len());
    let (head, tail) = name.split_at(end);
    match lookup(head) {
        Some(info) if tail.trim_matches(':').is_empty() => {
            format!("a directive's name has no colon: write `{}`", info.name)
        }
        Some(info) => format!("put a space behind `{}`", info.name),
        None if name.contains(['.', '/', ':', '*']) => {
            "this looks like a source: a `;` or `,` before it ended the directive that it belongs to"
                .to_owned()
        }
        None => did_you_mean(name, DIRECTIVES.iter().map(|info| info.name), || {
            "the directives are those of CSP Level 3, such as `default-src`".to_owned()
        }),
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
