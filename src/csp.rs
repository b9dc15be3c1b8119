//! Content Security Policy Level 3 as data and pure functions: directives, sources, the other values, browsers.
//!
//! [`crate::validate`] asks this module what a directive takes, whether a source is one, and which browsers know it.
//! Nothing here knows of findings. Every function is total and works in time linear in its input.

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

/// The directive that decides for `name`: itself, or the first of its fallbacks that is written (CSP3 §6.8.3).
///
/// `None` means that nothing is restricted there.
pub fn governing<'p>(directives: &'p Directives, name: &str) -> Option<&'p Directive> {
    let fallbacks = directive::lookup(name).map_or(&[][..], |info| info.fallbacks);
    std::iter::once(name).chain(fallbacks.iter().copied()).find_map(|name| directives.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Span, Spanned};

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
}
