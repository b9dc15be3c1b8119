//! A source list as a browser keeps it: read once, what it can't read left out.
//!
//! [`super::matching`] asks a list about URLs, [`super::enforced`] about code. A source that can't be read allows nothing
//! and forbids nothing. So does `'none'`, which is no more than a way to write an empty list.

use super::source::{Host, HostSource, Keyword, Source};
use super::written::Directive;

/// A source list, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceList<'p> {
    urls: Vec<UrlSource<'p>>,
    keywords: u32,
    star: bool,
    nonce_or_hash: bool,
}

/// A source that is matched against a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlSource<'p> {
    /// `https:`, without its colon.
    Scheme(&'p str),
    /// A host.
    Host(HostSource<'p>),
}

/// What kind of code a list decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Scripts and event handlers.
    Script,
    /// Style sheets and style attributes.
    Style,
}

impl<'p> SourceList<'p> {
    /// Reads the sources of a directive.
    pub fn read(directive: &'p Directive) -> Self {
        let mut list = Self::default();
        for source in directive.sources().iter().filter_map(|word| Source::as_browsers_read(word)) {
            list.add(source);
        }
        list
    }

    fn add(&mut self, source: Source<'p>) {
        match source {
            Source::Keyword(keyword) => self.keywords |= bit(keyword),
            Source::Nonce(_) => self.nonce_or_hash = true,
            // One that decodes to nothing is none, to Chromium. One of the wrong length never matches, but it is there.
            Source::Hash(hash) => self.nonce_or_hash |= hash.byte_length().is_some(),
            Source::Scheme(scheme) => self.urls.push(UrlSource::Scheme(scheme)),
            // Alone it matches more than `https://*` or `*:*` do.
            Source::Host(HostSource { scheme: None, host: Host::Any, port: None, path: "" }) => {
                self.star = true
            }
            Source::Host(host) => self.urls.push(UrlSource::Host(host)),
        }
    }

    /// The schemes and hosts, but for a bare `*`.
    pub fn urls(&self) -> &[UrlSource<'p>] {
        &self.urls
    }

    /// Whether a bare `*` is in it.
    pub const fn star(&self) -> bool {
        self.star
    }

    /// Whether a keyword is in it.
    pub const fn has(&self, keyword: Keyword) -> bool {
        self.keywords & bit(keyword) != 0
    }

    /// Whether any inline code may run: `'unsafe-inline'` is there, and nothing beside it that makes browsers ignore it
    /// (CSP3 §6.7.3.2).
    pub const fn allows_all_inline(&self, code: Code) -> bool {
        let dynamic = matches!(code, Code::Script) && self.has(Keyword::StrictDynamic);
        self.has(Keyword::UnsafeInline) && !self.nonce_or_hash && !dynamic
    }
}

/// A keyword's place in a set of them.
const fn bit(keyword: Keyword) -> u32 {
    1 << keyword as u32
}
