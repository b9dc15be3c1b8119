//! A source list as a browser keeps it: read once, with what it can't read left out.
//!
//! [`super::matching`] asks it about URLs, [`super::enforced`] about code. Unreadable sources allow nothing and forbid
//! nothing; `'none'` beside others is one of them (CSP3 §6.7.2.7).

use super::directive::Grammar;
use super::source::{Hash, Host, HostSource, Keyword, Source};
use super::written::Directive;

/// A source list, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceList<'p> {
    /// The schemes and the hosts, but for a bare `*`.
    pub urls: Vec<UrlSource<'p>>,
    /// The nonces.
    pub nonces: Vec<&'p str>,
    /// The hashes.
    pub hashes: Vec<Hash<'p>>,
    /// The keywords, each as the bit of its place in [`Keyword::ALL`].
    keywords: u32,
    /// A bare `*`: it matches other URLs than `https://*` or `*:*` do.
    pub star: bool,
}

/// A source that is matched against a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlSource<'p> {
    /// `https:`, without its colon.
    Scheme(&'p str),
    /// A host.
    Host(HostSource<'p>),
}

impl<'p> SourceList<'p> {
    /// Reads the value of a directive whose grammar is a source list.
    pub fn read(directive: &'p Directive, grammar: Grammar) -> Self {
        let mut list = Self::default();
        for word in directive.sources() {
            match Source::parse(word) {
                Ok(source) => list.add(source, grammar),
                Err(_) => {}
            }
        }
        list
    }

    fn add(&mut self, source: Source<'p>, grammar: Grammar) {
        match source {
            Source::Host(HostSource { scheme: None, host: Host::Any, port: None, path: "" }) => {
                self.star = true;
            }
            Source::Host(host) => self.urls.push(UrlSource::Host(host)),
            Source::Scheme(scheme) => self.urls.push(UrlSource::Scheme(scheme)),
            Source::Keyword(keyword) if grammar == Grammar::SourceList || keyword == Keyword::SelfOrigin => {
                self.keywords |= bit(keyword);
            }
            Source::Nonce(nonce) if grammar == Grammar::SourceList => self.nonces.push(nonce),
            Source::Hash(hash) if grammar == Grammar::SourceList => self.hashes.push(hash),
            Source::Keyword(_) | Source::Nonce(_) | Source::Hash(_) => {}
        }
    }

    /// Whether a keyword is in it.
    pub const fn has(&self, keyword: Keyword) -> bool {
        self.keywords & bit(keyword) != 0
    }

    /// Whether any inline code may run: `'unsafe-inline'`, unless something stricter is beside it (CSP3 §6.7.3.2).
    pub const fn allows_all_inline(&self, code: Code) -> bool {
        let dynamic = matches!(code, Code::Script) && self.has(Keyword::StrictDynamic);
        self.has(Keyword::UnsafeInline) && self.nonces.is_empty() && self.hashes.is_empty() && !dynamic
    }
}

/// What kind of code a list decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Scripts and event handlers.
    Script,
    /// Styles and style attributes.
    Style,
}

const fn bit(keyword: Keyword) -> u32 {
    1 << keyword as u32
}
