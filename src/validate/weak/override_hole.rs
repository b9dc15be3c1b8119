//! A directive for a part that is laxer than the one for the whole.

use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::validate::reading::Reading;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2319",
    name: "override-hole",
    severity: Severity::Warning,
    summary: "A directive for a part takes the place of the one for the whole, and here allows what that forbids.",
    why: "script-src-elem, script-src-attr and their like take the place of script-src or style- \
        src for a part of what those rule. Here the part allows what the whole forbids, so the \
        stricter one protects less than it seems to.",
    example: "script-src 'self'; script-src-elem 'unsafe-inline'",
    fixed: "script-src 'self'; script-src-elem 'self'",
};

/// The part, and the directive for the whole.
const OVERRIDES: &[(&str, &str)] = &[
    ("script-src-elem", "script-src"),
    ("script-src-attr", "script-src"),
    ("style-src-elem", "style-src"),
    ("style-src-attr", "style-src"),
];

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for (part, whole) in OVERRIDES {
        let (Some(part), Some(whole)) = (subject.get(part), subject.get(whole)) else { continue };
        let Some(hole) = holes(part).into_iter().zip(holes(whole)).find_map(|(part, whole)| match whole {
            None => part,
            Some(_) => None,
        }) else {
            continue;
        };
        let text = format!("`{}` opens what `{}` keeps shut, by {hole}", part.info.name, whole.info.name);
        let help = "make it as strict as the other, or leave it out";
        sink.report_with_help(&CODE, part.written.name.span, text, help);
    }
}

/// What a list leaves open: inline code, and any host.
fn holes(reading: &Reading<'_>) -> [Option<&'static str>; 2] {
    let any_host = !reading.strict_dynamic
        && reading.parsed().any(|(_, source)| match source {
            Source::Host(host) => host.is_bare_wildcard(),
            Source::Scheme(scheme) => {
                ["http", "https", "data"].iter().any(|wide| wide.eq_ignore_ascii_case(scheme))
            }
            _ => false,
        });
    [reading.unsafe_inline().map(|_| "'unsafe-inline'"), any_host.then_some("allowing any host")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_part_is_as_strict_as_the_whole() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["script-src 'self'", "script-src-elem 'unsafe-inline'"],
                &["`script-src-elem` opens what `script-src` keeps shut, by 'unsafe-inline'"],
            ),
            (
                &["script-src 'self'", "script-src-elem *"],
                &["`script-src-elem` opens what `script-src` keeps shut, by allowing any host"],
            ),
            (&["script-src 'unsafe-inline'", "script-src-elem 'unsafe-inline'"], &[]),
            (&["script-src 'self'", "script-src-elem 'self' a.example"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
