//! A source keyword where a directive belongs, such as `strict-dynamic: true`.

use crate::csp::Keyword;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2002",
    name: "keyword-as-directive",
    severity: Severity::Error,
    summary: "A source keyword stands in the value of a directive; as a directive's name browsers ignore it.",
    why: "Words such as 'strict-dynamic' are sources: they belong into the value of a directive. Where a \
        directive's name is expected, a browser takes the word for an unknown directive and skips it. The \
        keyword then has no effect anywhere.",
    example: "strict-dynamic",
    fixed: "script-src 'strict-dynamic' 'nonce-R4nd0mPerResponse'",
};

/// The keyword that a directive's name is, with or without its quotes.
pub(super) fn keyword(name: &str) -> Option<Keyword> {
    Keyword::from_name(name.trim_matches('\''))
}

/// The directive in which a keyword is at home.
const fn home(keyword: Keyword) -> &'static str {
    match keyword {
        Keyword::None | Keyword::SelfOrigin => "default-src",
        Keyword::UnsafeWebtransportHashes => "connect-src",
        _ => "script-src",
    }
}

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for directive in &subject.directives.0 {
        let Some(keyword) = keyword(&directive.name) else { continue };
        let text = format!("{} is a source keyword, not a directive", backquoted(&directive.name));
        let quoted = format!("'{}'", keyword.name());
        let help = format!(
            "write it among the sources of a directive, in its quotes: {}",
            subject.spelt(home(keyword), &quoted)
        );
        sink.report_with_help(&CODE, directive.name.span, text, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn a_keyword_is_no_directive() {
        let text = "`strict-dynamic` is a source keyword, not a directive";
        assert_texts(
            &CODE,
            &[
                (&["script-src 'strict-dynamic'"], &[]),
                (&["strict-dynamic = true"], &[text]),
                (&["'self' https://cdn.example"], &["`'self'` is a source keyword, not a directive"]),
                (&["sandbox = true"], &[]),
            ],
        );
        let help = help(&CODE, &policy(&["strict-dynamic = true"]));
        assert!(help.ends_with("`script-src: \"'strict-dynamic'\"`"), "{help}");
    }
}
