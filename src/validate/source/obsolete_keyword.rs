//! A keyword that no browser has any more.

use crate::csp::Keyword;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2119",
    name: "obsolete-keyword",
    severity: Severity::Warning,
    summary: "No browser has the keyword any more.",
    why: "The keyword belonged to a draft, and no browser has it any more. It is ignored.",
    example: "form-action 'self' 'unsafe-allow-redirects'",
    fixed: "form-action 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        if let Some(written) = reading.keyword(Keyword::UnsafeAllowRedirects) {
            let text = format!("no browser has {} any more", backquoted(written));
            sink.report_with_help(&CODE, written.span, text, "leave it out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_keyword_may_be_over() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["form-action 'unsafe-allow-redirects'"],
                &["no browser has `'unsafe-allow-redirects'` any more"],
            ),
            (&["form-action 'self'"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
