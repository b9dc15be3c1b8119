//! Whether a URL matches a source list (CSP3 §6.7.2.7 to §6.7.2.12).
//!
//! Pure functions of the list, the URL, the page's own URL, and whether the request was redirected. Where the document
//! and browsers part, this follows Chromium; each such place says so.

use url::Url;

use super::list::{SourceList, UrlSource};
use super::source::{Host, HostSource, Keyword, Port};

/// A URL that a page asks for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'u> {
    /// The page.
    pub page: &'u Url,
    /// What it asks for.
    pub url: &'u Url,
    /// Whether the request was redirected on its way: paths don't count then, for a match would tell where to.
    pub redirected: bool,
}

impl SourceList<'_> {
    /// Whether any source of the list matches.
    pub fn matches(&self, request: Request<'_>) -> bool {
        (self.star() && star_matches(request))
            || (self.has(Keyword::SelfOrigin) && self_matches(request))
            || self.urls().iter().any(|source| source.matches(request))
    }
}

/// How a scheme or a port matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    /// The source leaves it open.
    Open,
    /// It is the one that the source names.
    Exact,
    /// It is the secure one in place of the plain one that the source names: `https` for `http`, 443 for 80.
    Upgrade,
}

impl UrlSource<'_> {
    fn matches(&self, request: Request<'_>) -> bool {
        match self {
            Self::Scheme(scheme) => match_scheme(scheme, request.url).is_some(),
            Self::Host(host) => host.matches(request),
        }
    }
}

impl HostSource<'_> {
    fn matches(&self, request: Request<'_>) -> bool {
        let Request { page, url, redirected } = request;
        let scheme = self.scheme.unwrap_or(page.scheme());
        let (Some(by_scheme), Some(by_port)) = (match_scheme(scheme, url), match_port(self.port, url)) else {
            return false;
        };
        // By the document `http://a.example:8080` matches `https://a.example:8080`. Chromium upgrades a scheme and a
        // named port only together.
        let together = match (by_scheme, by_port) {
            (Match::Upgrade, Match::Exact) => false,
            (by_scheme, Match::Upgrade) => by_scheme == Match::Upgrade,
            _ => true,
        };
        together && self.host.matches(url) && (redirected || path_matches(self.path, url.path()))
    }
}

impl Host<'_> {
    /// Addresses are compared as text, as Chromium does; the document matches none but 127.0.0.1.
    fn matches(self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        match self {
            Self::Any => true,
            Self::Name(name) => name.eq_ignore_ascii_case(host),
            Self::Below(name) => {
                let split = host.len().checked_sub(name.len()).and_then(|at| host.split_at_checked(at));
                split.is_some_and(|(head, tail)| head.ends_with('.') && tail.eq_ignore_ascii_case(name))
            }
        }
    }
}

/// The document also lets `ws:` stand for `http:` and `https:`, and `wss:` for `https:`; no browser does.
fn match_scheme(source: &str, url: &Url) -> Option<Match> {
    let is = |scheme: &str| source.eq_ignore_ascii_case(scheme);
    match url.scheme() {
        scheme if is(scheme) => Some(Match::Exact),
        "https" if is("http") => Some(Match::Upgrade),
        "wss" if is("ws") => Some(Match::Upgrade),
        _ => None,
    }
}

fn match_port(source: Option<Port>, url: &Url) -> Option<Match> {
    match source {
        Some(Port::Any) => Some(Match::Open),
        // The URL's own port is `None` where it is the scheme's default.
        None => url.port().is_none().then_some(Match::Open),
        Some(Port::Number(port)) => match url.port_or_known_default() {
            Some(asked) if asked == port => Some(Match::Exact),
            Some(443) if port == 80 => Some(Match::Upgrade),
            _ => None,
        },
    }
}

/// A path that ends in a slash matches all below it, any other one only itself; both are compared percent-decoded.
///
/// The document decodes segment by segment, Chromium the whole: to it, `%2F` is a slash.
fn path_matches(source: &str, path: &str) -> bool {
    let mut path = percent_decoded(path);
    let mut last = None;
    for byte in percent_decoded(source) {
        if path.next() != Some(byte) {
            return false;
        }
        last = Some(byte);
    }
    matches!(last, None | Some(b'/')) || path.next().is_none()
}

fn percent_decoded(text: &str) -> impl Iterator<Item = u8> {
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        let (byte, after) = match rest {
            [b'%', high, low, after @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, after),
                _ => (b'%', rest.get(1..)?),
            },
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        rest = after;
        Some(byte)
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A bare `*` matches what goes over HTTP or WebSocket, and whatever has the page's scheme: not `data:` or `blob:`.
fn star_matches(request: Request<'_>) -> bool {
    let scheme = request.url.scheme();
    matches!(scheme, "http" | "https" | "ws" | "wss") || scheme == request.page.scheme()
}

/// `'self'` is the page's origin, and the secure forms of it: `wss://` on the host of a page is its own too.
fn self_matches(request: Request<'_>) -> bool {
    let Request { page, url, .. } = request;
    let same_port = page.port_or_known_default() == url.port_or_known_default();
    let default_ports = page.port().is_none() && url.port().is_none();
    let scheme = match url.scheme() {
        scheme if scheme == page.scheme() => return page.host() == url.host() && same_port,
        "https" | "wss" => true,
        "ws" => page.scheme() == "http",
        _ => false,
    };
    scheme && page.host().is_some() && page.host() == url.host() && (same_port || default_ports)
}

#[cfg(test)]
mod tests;
