//! One directive with every word of its value read: as a source, or as what it was mistaken for.
//!
//! A word is one thing, so that a check speaks of it and no other does.

use super::template;
use crate::csp::source::is_prefixed;
use crate::csp::support::{self, Support};
use crate::csp::{Directive, DirectiveInfo, Grammar, Host, Keyword, Source, SourceError, directive};
use crate::finding::Spanned;

/// A directive that browsers may know.
#[derive(Debug)]
pub(super) struct Reading<'p> {
    /// As it is written.
    pub written: &'p Directive,
    /// What is known of it.
    pub info: &'static DirectiveInfo,
    /// Which browsers know it.
    pub support: Option<&'static Support>,
    /// The words of its value.
    pub words: Vec<Word<'p>>,
    /// A nonce or a hash is in it: browsers then ignore `'unsafe-inline'` (CSP3 §6.7.3.2).
    pub nonce_or_hash: bool,
    /// `'strict-dynamic'` is in it: hosts, schemes, `'self'` and `'unsafe-inline'` don't count for scripts.
    pub strict_dynamic: bool,
}

/// A word of a value.
#[derive(Debug)]
pub(super) struct Word<'p> {
    /// As it is written.
    pub written: &'p Spanned<String>,
    /// What it is.
    pub read: Read<'p>,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read<'p> {
    /// A source.
    Source(Source<'p>),
    /// Something among sources that is none.
    Broken(SourceError),
    /// A keyword, nonce or hash without its single quotes.
    Unquoted,
    /// A word of another header or of everyday language, which browsers take for a host.
    Foreign,
    /// A scheme without its colon, which browsers take for a host.
    BareScheme(&'p str),
    /// The name of a directive: a semicolon is missing before it.
    Directive(&'static str),
    /// A piece of a template or of code that should have been replaced.
    Template,
    /// A word of a directive that takes no sources.
    Value,
}

/// The schemes that people write.
const SCHEMES: &[&str] = &["http", "https", "ws", "wss", "data", "blob", "filesystem", "mediastream"];

/// What other headers, old drafts and people say, and CSP doesn't.
const FOREIGN: &[&str] = &[
    "all",
    "allow",
    "allow-from",
    "allowall",
    "any",
    "deny",
    "everything",
    "nosniff",
    "sameorigin",
    "same-origin",
];

impl<'p> Reading<'p> {
    /// Reads a directive.
    pub fn new(written: &'p Directive, info: &'static DirectiveInfo) -> Self {
        let words: Vec<Word<'p>> = written
            .sources()
            .iter()
            .enumerate()
            .map(|(index, written)| Word { written, read: read(info.grammar, index, written) })
            .collect();
        let any = |is: fn(&Source<'_>) -> bool| {
            words.iter().any(|word| matches!(&word.read, Read::Source(source) if is(source)))
        };
        let nonce_or_hash = any(|source| matches!(source, Source::Nonce(_) | Source::Hash(_)));
        let strict_dynamic = any(|source| *source == Source::Keyword(Keyword::StrictDynamic));
        let support = support::of_directive(info.name);
        Self { written, info, support, words, nonce_or_hash, strict_dynamic }
    }

    /// The sources, each with its place.
    pub fn parsed(&self) -> impl Iterator<Item = (&'p Spanned<String>, Source<'p>)> {
        self.words.iter().filter_map(|word| match word.read {
            Read::Source(source) => Some((word.written, source)),
            _ => None,
        })
    }

    /// Where a keyword is written.
    pub fn keyword(&self, keyword: Keyword) -> Option<&'p Spanned<String>> {
        let keyword = Source::Keyword(keyword);
        self.parsed().find(|(_, source)| *source == keyword).map(|(written, _)| written)
    }

    /// Where `'unsafe-inline'` is written, if browsers heed it there.
    pub fn unsafe_inline(&self) -> Option<&'p Spanned<String>> {
        if self.nonce_or_hash || self.strict_dynamic { None } else { self.keyword(Keyword::UnsafeInline) }
    }
}

fn read<'p>(grammar: Grammar, index: usize, word: &'p str) -> Read<'p> {
    // Most words are hosts, and a dot tells them from all that is looked up by name.
    let may_be_known = !word.contains('.');
    // A directive that nobody checks may hold anything, and an endpoint may have any name.
    let may_be_name = grammar != Grammar::Unchecked && (grammar != Grammar::ReportToToken || index > 0);
    if may_be_known
        && may_be_name
        && let Some(info) = directive::lookup(word.strip_suffix(':').unwrap_or(word))
    {
        return Read::Directive(info.name);
    }
    if template::is_template(word) {
        return Read::Template;
    }
    if !grammar.is_source_list() {
        return Read::Value;
    }
    if may_be_known && let Some(mistaken) = mistaken(word) {
        return mistaken;
    }
    match Source::parse(word) {
        Ok(source) => match bare_scheme(&source) {
            Some(scheme) => Read::BareScheme(scheme),
            None => Read::Source(source),
        },
        Err(error) => match word.split_once("//") {
            Some((scheme, _)) if SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) => {
                Read::BareScheme(scheme)
            }
            _ => Read::Broken(error),
        },
    }
}

/// What a word is that browsers take for a host, and that was not meant for one.
fn mistaken(word: &str) -> Option<Read<'_>> {
    let is = |known: &&str| known.eq_ignore_ascii_case(word);
    if quoted(word).is_some() {
        Some(Read::Unquoted)
    } else if SCHEMES.iter().any(is) {
        Some(Read::BareScheme(word))
    } else {
        FOREIGN.iter().any(is).then_some(Read::Foreign)
    }
}

/// The scheme that stands where a host belongs, as in `https/cdn.example` or `data:*`.
fn bare_scheme<'p>(source: &Source<'p>) -> Option<&'p str> {
    let Source::Host(source) = source else { return None };
    let Host::Name(name) = source.host else { return None };
    let is_scheme = SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(name));
    (source.scheme.is_none() && is_scheme).then_some(name)
}

/// What a word without quotes, or with the wrong ones, was meant to be.
pub(super) fn quoted(word: &str) -> Option<String> {
    let bare = word.trim_matches(['"', '`']);
    if bare.starts_with('\'') {
        return None;
    }
    let meant = match Keyword::from_name(bare) {
        Some(keyword) => keyword.name(),
        // A dot tells a host such as `nonce-cdn.example` from a nonce.
        None if is_prefixed(bare) && !bare.contains('.') => bare,
        None => return None,
    };
    Some(format!("'{meant}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_thing() {
        let sources = Grammar::SourceList;
        let cases: &[(Grammar, usize, &str, Read<'_>)] = &[
            (sources, 0, "self", Read::Unquoted),
            (sources, 0, "https", Read::BareScheme("https")),
            (sources, 0, "https//cdn.example", Read::BareScheme("https")),
            (sources, 0, "HTTPS/cdn.example", Read::BareScheme("HTTPS")),
            (sources, 0, "data:*", Read::BareScheme("data")),
            (sources, 0, "SAMEORIGIN", Read::Foreign),
            (sources, 0, "script-src", Read::Directive("script-src")),
            (sources, 0, "Img-Src:", Read::Directive("img-src")),
            (sources, 0, "undefined", Read::Template),
            (sources, 0, "''", Read::Broken(SourceError::Empty)),
            (sources, 0, "https:", Read::Source(Source::Scheme("https"))),
            (Grammar::ReportToToken, 0, "script-src", Read::Value),
            (Grammar::ReportToToken, 1, "script-src", Read::Directive("script-src")),
            (Grammar::UriReferences, 0, "/csp", Read::Value),
            (Grammar::Unchecked, 0, "referrer", Read::Value),
        ];
        for (grammar, index, word, expected) in cases {
            assert_eq!(read(*grammar, *index, word), *expected, "{word}");
        }
    }
}
