//! A source keyword that some targeted browser does not have. Each keyword is told once, where it stands first.

use std::collections::HashSet;

use super::{HELP, listed};
use crate::csp::Source;
use crate::csp::support::{self, Lack};
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2202",
    name: "keyword-support",
    severity: Severity::Warning,
    summary: "Some browser that the policy must work in does not have the source keyword.",
    why: "Some browser that the policy must work in ignores the keyword. A policy that rests on it alone \
        blocks too much there, or too little.",
    example: "script-src 'strict-dynamic' 'nonce-R4nd0mPerResponse'",
    fixed: "script-src 'self' 'nonce-R4nd0mPerResponse'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    let mut told = HashSet::new();
    for reading in subject.lists() {
        for (written, source) in reading.parsed() {
            let Source::Keyword(keyword) = source else { continue };
            let Some(row) = support::of_keyword(keyword).filter(|_| told.insert(keyword)) else { continue };
            if let Some(browsers) = listed(row, subject.targets, Lack::Missing) {
                let text = format!("'{}' is not in {browsers}", keyword.name());
                sink.report_with_help(&CODE, written.span, text, HELP);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn every_browser_without_it_is_named_once() {
        let text = "'strict-dynamic' is not in Safari 15 to 15.3";
        assert_texts(
            &CODE,
            &[
                (&["script-src 'self' 'unsafe-inline'"], &[]),
                (&["script-src 'strict-dynamic'", "script-src-elem 'strict-dynamic'"], &[text]),
                (&["strict-dynamic = true"], &[]),
                (
                    &["script-src 'wasm-unsafe-eval'"],
                    &["'wasm-unsafe-eval' is not in Chrome 90 to 96, Firefox 90 to 101, Safari 15 to 15.6"],
                ),
            ],
        );
    }
}
