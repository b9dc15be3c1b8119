//! Content Security Policy Level 3 as data and pure functions: directives, sources, the other values, browsers.
//!
//! [`crate::validate`] asks this module what a directive takes, whether a source is one, and which browsers know it.
//! Nothing here knows of findings. Every function is total and works in time linear in its input.

use crate::finding::Spanned;

pub mod allows;
pub mod browser;
pub mod directive;
pub mod enforced;
pub mod header;
pub mod list;
pub mod matching;
pub mod source;
pub mod support;
pub mod value;
pub mod written;

pub use allows::{Allows, Question, allows};
pub use browser::{Browser, TargetBrowsers, Version};
pub use directive::{DirectiveInfo, Grammar, Standing};
pub use source::{Hash, HashAlgorithm, Host, HostSource, Keyword, Port, Source, SourceError};
pub use written::{Directive, DirectiveValue, Directives};

/// The directives whose value is a list of sources, with what is known of each.
pub fn source_lists(directives: &Directives) -> impl Iterator<Item = (&Directive, &'static DirectiveInfo)> {
    let known =
        directives.0.iter().filter_map(|directive| Some((directive, directive::lookup(&directive.name)?)));
    known.filter(|(_, info)| info.grammar.is_source_list())
}

/// The sources of a directive that can be read, each with its place.
pub fn parsed(directive: &Directive) -> impl Iterator<Item = (&Spanned<String>, Source<'_>)> {
    directive.sources().iter().filter_map(|written| Some((written, Source::parse(written).ok()?)))
}

/// The directive that decides for `name`: itself, or the first of its fallbacks that is written (CSP3 §6.8.3).
///
/// `None` means that nothing is restricted there.
pub fn governing<'p>(directives: &'p Directives, name: &str) -> Option<&'p Directive> {
    let fallbacks = directive::lookup(name).map_or(&[][..], |info| info.fallbacks);
    std::iter::once(name).chain(fallbacks.iter().copied()).find_map(|name| directives.get(name))
}

/// The directives that govern any of `names`, each once.
pub fn governing_any<'p>(directives: &'p Directives, names: &[&str]) -> Vec<&'p Directive> {
    let mut found: Vec<&Directive> = Vec::new();
    for directive in names.iter().filter_map(|name| governing(directives, name)) {
        if !found.iter().any(|other| std::ptr::eq(*other, directive)) {
            found.push(directive);
        }
    }
    found
}

/// How a source list decides on inline code and on hosts, beyond the single source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListTraits {
    /// A nonce or a hash is in it: browsers then ignore `'unsafe-inline'` (CSP3 §6.7.3.2).
    pub nonce_or_hash: bool,
    /// `'strict-dynamic'` is in it: hosts, schemes, `'self'` and `'unsafe-inline'` don't count for scripts.
    pub strict_dynamic: bool,
}

impl ListTraits {
    /// The traits of a directive's sources.
    pub fn of(directive: &Directive) -> Self {
        let mut traits = Self::default();
        for (_, source) in parsed(directive) {
            match source {
                Source::Nonce(_) | Source::Hash(_) => traits.nonce_or_hash = true,
                Source::Keyword(Keyword::StrictDynamic) => traits.strict_dynamic = true,
                _ => {}
            }
        }
        traits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Span;

    fn directives(written: &[(&str, &str)]) -> Directives {
        let spanned = |text: &str| Spanned::new(text.to_owned(), Span::default());
        let directive = |(name, sources): &(&str, &str)| Directive {
            name: spanned(name),
            value: DirectiveValue::Sources(sources.split_whitespace().map(spanned).collect()),
        };
        Directives(written.iter().map(directive).collect())
    }

    #[test]
    fn a_missing_directive_is_governed_by_its_fallback() {
        let cases: &[(&[&str], &str, Option<&str>)] = &[
            (&["default-src"], "script-src-elem", Some("default-src")),
            (&["default-src", "Script-Src"], "script-src-elem", Some("Script-Src")),
            (&["script-src-elem"], "script-src", None),
            (&["child-src", "script-src"], "worker-src", Some("child-src")),
            (&["default-src"], "base-uri", None),
            (&["default-src"], "no-such-src", None),
        ];
        for (written, name, expected) in cases {
            let written: Vec<_> = written.iter().map(|name| (*name, "")).collect();
            let directives = directives(&written);
            let found = governing(&directives, name).map(|directive| directive.name.value.as_str());
            assert_eq!(found, *expected, "{written:?} {name}");
        }
    }

    #[test]
    fn governing_any_names_each_directive_once() {
        let directives = directives(&[("default-src", ""), ("script-src-attr", "")]);
        let found = governing_any(&directives, &["script-src-elem", "script-src-attr", "script-src"]);
        let names: Vec<&str> = found.iter().map(|directive| directive.name.value.as_str()).collect();
        assert_eq!(names, ["default-src", "script-src-attr"]);
    }

    #[test]
    fn traits_are_those_of_any_source() {
        let list = directives(&[("script-src", "'Strict-Dynamic' 'nonce-abc=' https:")]);
        let expected = ListTraits { nonce_or_hash: true, strict_dynamic: true };
        assert_eq!(ListTraits::of(&list.0[0]), expected);
    }
}
