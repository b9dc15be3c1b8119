//! The value of a `Content-Security-Policy` header, cut as browsers cut it (CSP Level 3 §2.2.1 and §2.2.2).
//!
//! Cutting never fails, takes time linear in its input, and drops nothing that a check may want to point at: directives
//! that browsers ignore, such as a second one of the same name, are still in the list.

use super::written::{Directive, DirectiveValue, Directives};
use crate::finding::{Span, Spanned};

/// The names under which the header is sent, or was.
pub const NAMES: &[&str] = &[
    "content-security-policy",
    "content-security-policy-report-only",
    "x-content-security-policy",
    "x-webkit-csp",
];

/// The policies of one header value: a comma ends a policy, whatever stands around it.
///
/// An empty policy between two commas is left out, as browsers do it; a value without any policy is one without
/// directives. Places are in line `line`, counted from 1; columns are in characters.
pub fn policies(value: &str, line: u32) -> Vec<Directives> {
    let mut cursor = Cursor { line, column: 1 };
    let mut policies: Vec<Directives> = Vec::new();
    for serialized in value.split(',') {
        let policy = cursor.policy(serialized);
        cursor.skip(1);
        if !policy.0.is_empty() {
            policies.push(policy);
        }
    }
    if policies.is_empty() {
        policies.push(Directives::default());
    }
    policies
}

/// Where the text that is being cut begins.
struct Cursor {
    line: u32,
    column: u32,
}

impl Cursor {
    fn policy(&mut self, serialized: &str) -> Directives {
        // Most policies among very many have one directive: no room is made for more before it is needed.
        let mut directives = Vec::with_capacity(1);
        for (index, token) in serialized.split(';').enumerate() {
            if index > 0 {
                self.skip(1);
            }
            directives.extend(self.directive(token));
        }
        Directives(directives)
    }

    fn directive(&mut self, token: &str) -> Option<Directive> {
        let mut name = None;
        let mut sources = Vec::new();
        self.words(token, |word| match name {
            None => name = Some(word),
            Some(_) => sources.push(word),
        });
        Some(Directive { name: name?, value: DirectiveValue::Sources(sources) })
    }

    /// Takes the words between ASCII white space, each with its place; ends behind the token.
    fn words(&mut self, token: &str, mut take: impl FnMut(Spanned<String>)) {
        for (index, word) in token.split(|c: char| c.is_ascii_whitespace()).enumerate() {
            if index > 0 {
                self.skip(1);
            }
            let width = u32::try_from(word.chars().count()).unwrap_or(u32::MAX);
            if !word.is_empty() {
                let span = Span { line: self.line, column: self.column, width };
                take(Spanned::new(word.to_owned(), span));
            }
            self.skip(width);
        }
    }

    fn skip(&mut self, characters: u32) {
        self.column = self.column.saturating_add(characters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(value: &str) -> Vec<Vec<String>> {
        let directive = |directive: &Directive| {
            let sources = directive.sources().iter().map(|source| source.value.as_str());
            std::iter::once(directive.name.value.as_str()).chain(sources).collect::<Vec<_>>().join(" ")
        };
        policies(value, 1).iter().map(|policy| policy.0.iter().map(directive).collect()).collect()
    }

    #[test]
    fn a_value_is_cut_at_commas_semicolons_and_white_space() {
        let cases: &[(&str, &[&[&str]])] = &[
            ("", &[&[]]),
            (" ;; , ", &[&[]]),
            ("a b  c;d", &[&["a b c", "d"]]),
            ("a\tb\nc\r\x0cd;", &[&["a b c d"]]),
            ("a b, c;,,d", &[&["a b"], &["c"], &["d"]]),
            ("a 'x,y'", &[&["a 'x"], &["y'"]]),
            ("a b; a c", &[&["a b", "a c"]]),
            ("a b\u{a0}c", &[&["a b\u{a0}c"]]),
        ];
        for (value, expected) in cases {
            assert_eq!(cut(value), *expected, "{value:?}");
        }
    }

    #[test]
    fn every_word_knows_its_place() {
        let policies = policies("ä 'self';  b c, d", 3);
        let spans = |directive: &Directive| {
            let sources = directive.sources().iter().map(|source| source.span.column);
            std::iter::once(directive.name.span.column).chain(sources).collect::<Vec<_>>()
        };
        assert_eq!(spans(&policies[0].0[0]), [1, 3]);
        assert_eq!(spans(&policies[0].0[1]), [12, 14]);
        assert_eq!(spans(&policies[1].0[0]), [17]);
        assert_eq!(policies[1].0[0].name.span, Span { line: 3, column: 17, width: 1 });
    }
}
