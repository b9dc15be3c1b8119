//! One source expression, read exactly as CSP Level 3 §2.3.1 has it, or the reason why it is none.
//!
//! A source borrows from the text it was read from. It prints as it was written, but for the case of keywords and
//! zeros before a port.

use std::borrow::Cow;
use std::fmt;

mod cover;
mod host;
mod keyword;

pub use cover::{Asked, is_below};
pub use host::{Host, HostSource, Port};
pub use keyword::Keyword;

/// One source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// A word in single quotes; `'none'` too, though the grammar keeps it apart.
    Keyword(Keyword),
    /// `'nonce-…'`: the part behind the hyphen.
    Nonce(&'a str),
    /// `'sha256-…'` and its like.
    Hash(Hash<'a>),
    /// `https:`: the part before the colon.
    Scheme(&'a str),
    /// A host, maybe with scheme, port and path.
    Host(HostSource<'a>),
}

/// `'sha256-…'`, `'sha384-…'` or `'sha512-…'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hash<'a> {
    /// Before the hyphen.
    pub algorithm: HashAlgorithm,
    /// Behind it, as base64 or base64url.
    pub value: &'a str,
}

impl Hash<'_> {
    /// How many bytes the value stands for; `None` where no whole number of bytes has that many characters.
    pub fn byte_length(&self) -> Option<usize> {
        let digits = self.value.trim_end_matches('=').len();
        // Browsers fill up what padding is missing; what is too much they can't decode.
        let whole = self.value.len().next_multiple_of(4) == digits.next_multiple_of(4);
        (digits % 4 != 1 && whole).then_some(digits * 3 / 4)
    }

    /// Whether anything can have that hash: the value is as long as the algorithm's digests are.
    pub fn can_match(&self) -> bool {
        self.byte_length() == Some(self.algorithm.digest_length())
    }
}

/// How a hash was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// All of them, with their names in a source.
    const ALL: [(Self, &'static str); 3] =
        [(Self::Sha256, "sha256"), (Self::Sha384, "sha384"), (Self::Sha512, "sha512")];

    /// Its name in a source.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// How many bytes its digests have.
    pub const fn digest_length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// Why a text is no source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nothing at all.
    #[error("nothing is written")]
    Empty,
    /// A character outside of printable ASCII.
    #[error("{0:?} is not a printable ASCII character")]
    NotAscii(char),
    /// A `;` or `,`, which ends a directive or a whole policy.
    #[error("{0:?} can't stand in a source")]
    Separator(char),
    /// A quote on one side only, or one inside.
    #[error("single quotes belong around the whole word")]
    Quote,
    /// A host or a scheme in quotes.
    #[error("a host or a scheme stands without quotes")]
    QuotedHost,
    /// A word in quotes that is no keyword, no nonce and no hash.
    #[error("no such keyword")]
    Keyword,
    /// A nonce or a hash without its quotes.
    #[error("a nonce or a hash stands in single quotes")]
    Unquoted,
    /// What follows `nonce-` is not base64.
    #[error("what follows the hyphen is not base64")]
    Base64,
    /// No scheme before `://`.
    #[error("the part before :// is not a scheme")]
    Scheme,
    /// No host.
    #[error("there is no host")]
    NoHost,
    /// A character that no host has.
    #[error("a host has letters, digits, hyphens and dots, not {0:?}")]
    HostCharacter(char),
    /// Two dots in a row, or one at the start.
    #[error("a part of the host is empty")]
    EmptyLabel,
    /// A `*` that is not the whole first part of the host.
    #[error("* stands for the whole host, or for its first part as in *.example.com")]
    Wildcard,
    /// An IPv6 address.
    #[error("a source can't name an IPv6 address")]
    Ipv6,
    /// What follows the colon is no port.
    #[error("a port is a number up to 65535, or *")]
    Port,
    /// A character that no path has.
    #[error("{0:?} can't stand in a path as it is")]
    PathCharacter(char),
    /// A query or a fragment.
    #[error("a source has no query and no fragment")]
    Query,
    /// Two slashes at the start of the path.
    #[error("a path begins with one slash only")]
    EmptySegment,
}

impl<'a> Source<'a> {
    /// Reads one source.
    ///
    /// # Errors
    /// The first thing that keeps it from being one.
    pub fn parse(text: &'a str) -> Result<Self, SourceError> {
        if text.is_empty() {
            return Err(SourceError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic())
            && let Some(other) = text.chars().find(|c| !c.is_ascii_graphic())
        {
            return Err(SourceError::NotAscii(other));
        }
        if let Some(separator) = text.bytes().find(|byte| matches!(byte, b';' | b',')) {
            return Err(SourceError::Separator(char::from(separator)));
        }
        if text.starts_with('\'') {
            return Self::parse_quoted(text);
        }
        if let Some(scheme) = text.strip_suffix(':')
            && is_scheme(scheme)
        {
            return Ok(Self::Scheme(scheme));
        }
        match HostSource::parse(text) {
            Ok(host) => Ok(Self::Host(host)),
            Err(_) if is_prefixed(text) => Err(SourceError::Unquoted),
            Err(error) => Err(error),
        }
    }

    /// As [`Self::parse`], with what Chromium takes beyond the grammar: a query or a fragment, which it drops; any
    /// printable character in a path; and `sha-256` for `sha256`. Authors had better not write these, for other
    /// browsers differ; but whoever asks what a policy allows must know them.
    pub fn as_browsers_read(text: &'a str) -> Option<Self> {
        match Self::parse(text) {
            Ok(source) => Some(source),
            Err(SourceError::Query | SourceError::PathCharacter(_) | SourceError::EmptySegment) => {
                HostSource::with_any_path(text).map(Self::Host).ok()
            }
            Err(SourceError::Keyword) => Self::parse_hyphenated_hash(text),
            Err(_) => None,
        }
    }

    fn parse_hyphenated_hash(text: &'a str) -> Option<Self> {
        let word = text.strip_prefix('\'')?.strip_suffix('\'')?;
        let (length, value) = strip_prefix_ignoring_case(word, "sha-")?.split_once('-')?;
        let known = HashAlgorithm::ALL.iter().find(|(_, name)| name.strip_prefix("sha") == Some(length));
        let (algorithm, _) = *known.filter(|_| is_base64(value))?;
        Some(Self::Hash(Hash { algorithm, value }))
    }

    fn parse_quoted(text: &'a str) -> Result<Self, SourceError> {
        let word = text
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .filter(|word| !word.contains('\''))
            .ok_or(SourceError::Quote)?;
        if let Some(keyword) = Keyword::from_name(word) {
            return Ok(Self::Keyword(keyword));
        }
        if let Some(nonce) = strip_prefix_ignoring_case(word, "nonce-") {
            return if is_base64(nonce) { Ok(Self::Nonce(nonce)) } else { Err(SourceError::Base64) };
        }
        match split_hash(word) {
            Some((algorithm, value)) if is_base64(value) => Ok(Self::Hash(Hash { algorithm, value })),
            Some(_) => Err(SourceError::Base64),
            None if word.is_empty() => Err(SourceError::Empty),
            // No keyword, and no form of hash that may come, has one of these.
            None if word.contains(['.', ':', '*']) => Err(SourceError::QuotedHost),
            None => Err(SourceError::Keyword),
        }
    }

    /// The form in which two sources that mean the same are the same text: letters in lower case where case doesn't
    /// matter, hashes in base64.
    pub fn canonical(&self) -> String {
        match self {
            Self::Keyword(_) | Self::Nonce(_) => self.to_string(),
            Self::Hash(hash) => {
                let value: Cow<'_, str> = if hash.value.contains(['-', '_']) {
                    hash.value.replace('-', "+").replace('_', "/").into()
                } else {
                    hash.value.into()
                };
                Source::Hash(Hash { value: value.trim_end_matches('='), ..*hash }).to_string()
            }
            Self::Scheme(scheme) => format!("{}:", scheme.to_ascii_lowercase()),
            Self::Host(host) => host.canonical(),
        }
    }
}

/// Whether a word without quotes begins as a nonce or a hash does. A host may be named so too.
pub fn is_prefixed(word: &str) -> bool {
    strip_prefix_ignoring_case(word, "nonce-").is_some_and(|rest| !rest.is_empty())
        || split_hash(word).is_some_and(|(_, value)| !value.is_empty())
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword(keyword) => write!(f, "'{}'", keyword.name()),
            Self::Nonce(nonce) => write!(f, "'nonce-{nonce}'"),
            Self::Hash(hash) => write!(f, "'{}-{}'", hash.algorithm.name(), hash.value),
            Self::Scheme(scheme) => write!(f, "{scheme}:"),
            Self::Host(host) => host.fmt(f),
        }
    }
}

/// RFC 3986 §3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// `base64-value`: base64 or base64url, with at most two `=` at its end.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    !digits.is_empty()
        && text.len() - digits.len() <= 2
        && digits.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'))
}

fn split_hash(word: &str) -> Option<(HashAlgorithm, &str)> {
    let (name, value) = word.split_once('-')?;
    let found = HashAlgorithm::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
    found.map(|(algorithm, _)| (*algorithm, value))
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests;
