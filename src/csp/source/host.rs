//! Host sources: `[scheme "://"] host [":" port] [path]`.

use std::fmt;

use super::{SourceError, is_scheme};

/// A host, maybe with scheme, port and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostSource<'a> {
    /// Before `://`.
    pub scheme: Option<&'a str>,
    /// The host.
    pub host: Host<'a>,
    /// Behind the colon.
    pub port: Option<Port>,
    /// From its slash on; empty where there is none.
    pub path: &'a str,
}

/// The host of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// `*`: every host.
    Any,
    /// `*.example.com`: every host below; the part behind `*.`.
    Below(&'a str),
    /// One host.
    Name(&'a str),
}

/// The port of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// `*`: every port.
    Any,
    /// One port.
    Number(u16),
}

impl<'a> HostSource<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, SourceError> {
        let host = Self::split(text)?;
        check_path(host.path)?;
        Ok(host)
    }

    /// As [`Self::parse`], but for the path: it ends before a query or a fragment, and may have any character.
    pub(super) fn with_any_path(text: &'a str) -> Result<Self, SourceError> {
        let host = Self::split(text)?;
        let path = host.path.split(['?', '#']).next().filter(|path| !path.is_empty());
        Ok(Self { path: path.ok_or(SourceError::Query)?, ..host })
    }

    /// Cuts off a path, unchecked, and reads what stands before it.
    fn split(text: &'a str) -> Result<Self, SourceError> {
        let (scheme, rest) = match split_scheme(text) {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            // "://" in a path is no scheme's.
            Some((before, _)) if !before.contains('/') => return Err(SourceError::Scheme),
            _ => (None, text),
        };
        if rest.starts_with('[') {
            return Err(SourceError::Ipv6);
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(Port::parse(port)?)),
            None => (authority, None),
        };
        Ok(Self { scheme, host: Host::parse(host)?, port, path })
    }

    /// Whether it is the host `*` with nothing that narrows it but maybe a scheme.
    pub fn is_bare_wildcard(&self) -> bool {
        self.host == Host::Any && matches!(self.port, None | Some(Port::Any)) && matches!(self.path, "" | "/")
    }

    pub(super) fn canonical(&self) -> String {
        let mut text = self.to_string();
        let without_path = text.len() - self.path.len();
        if let Some(head) = text.get_mut(..without_path) {
            head.make_ascii_lowercase();
        }
        text
    }
}

/// Cuts at the first `://`. The search for one character is much quicker than that for three.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let mut colons = text.match_indices(':');
    colons.find_map(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?.strip_prefix("//")?)))
}

impl<'a> Host<'a> {
    fn parse(text: &'a str) -> Result<Self, SourceError> {
        if text.is_empty() {
            return Err(SourceError::NoHost);
        }
        if text == "*" {
            return Ok(Self::Any);
        }
        let (name, host) = match text.strip_prefix("*.") {
            Some(below) => (below, Self::Below(below)),
            None => (text, Self::Name(text)),
        };
        match name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.')) {
            Some('*') => return Err(SourceError::Wildcard),
            Some(other) => return Err(SourceError::HostCharacter(other)),
            None => {}
        }
        // One dot may end a host: it is then fully qualified.
        if name.strip_suffix('.').unwrap_or(name).split('.').any(str::is_empty) {
            return Err(SourceError::EmptyLabel);
        }
        Ok(host)
    }
}

impl Port {
    fn parse(text: &str) -> Result<Self, SourceError> {
        match text {
            "*" => Ok(Self::Any),
            // `u16::from_str` would take a sign.
            _ if !text.bytes().all(|b| b.is_ascii_digit()) => Err(SourceError::Port),
            _ => text.parse().map(Self::Number).map_err(|_| SourceError::Port),
        }
    }
}

/// RFC 3986 §3.3, `path-absolute`.
fn check_path(path: &str) -> Result<(), SourceError> {
    if path.starts_with("//") {
        return Err(SourceError::EmptySegment);
    }
    let bytes = path.as_bytes();
    for (index, c) in path.char_indices() {
        match c {
            '?' | '#' => return Err(SourceError::Query),
            '%' => {
                let escape = bytes.get(index + 1..index + 3);
                if !escape.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(SourceError::PathCharacter('%'));
                }
            }
            'a'..='z' | 'A'..='Z' | '0'..='9' => {}
            '/' | '-' | '.' | '_' | '~' | '!' | '$' | '&' | '\'' | '(' | ')' | '*' | '+' | '=' | ':'
            | '@' => {}
            _ => return Err(SourceError::PathCharacter(c)),
        }
    }
    Ok(())
}

impl fmt::Display for HostSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.scheme {
            write!(f, "{scheme}://")?;
        }
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(self.path)
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(name) => write!(f, "*.{name}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Number(number) => number.fmt(f),
        }
    }
}
