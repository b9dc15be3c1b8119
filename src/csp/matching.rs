//! Whether a URL matches a source list (CSP3 §6.7.2.7 to §6.7.2.12), as Chromium does it.
//!
//! Pure functions of the list, the URL, the page's own URL, and whether the request was redirected.

use url::Url;

use super::list::{SourceList, UrlSource};
use super::source::{Host, HostSource, Keyword, Port};

/// A URL that something is loaded from, for a page.
#[derive(Debug, Clone, Copy)]
pub struct Request<'u> {
    /// The page.
    pub page: &'u Url,
    /// What it asks for.
    pub url: &'u Url,
    /// Whether the request was redirected on its way: paths don't count then, since they would tell where to.
    pub redirected: bool,
}

impl SourceList<'_> {
    /// Whether any source matches.
    pub fn matches(&self, request: Request<'_>) -> bool {
        (self.star && star_matches(request))
            || (self.has(Keyword::SelfOrigin) && self_matches(request))
            || self.urls.iter().any(|source| source.matches(request))
    }
}

impl UrlSource<'_> {
    fn matches(&self, request: Request<'_>) -> bool {
        match self {
            Self::Scheme(scheme) => scheme_matches(scheme, request.url.scheme()).is_some(),
            Self::Host(host) => host.matches(request),
        }
    }
}

impl HostSource<'_> {
    fn matches(&self, request: Request<'_>) -> bool {
        let scheme = self.scheme.unwrap_or(request.page.scheme());
        let Some(by_scheme) = scheme_matches(scheme, request.url.scheme()) else { return false };
        self.host.matches(request.url)
            && port_matches(self.port, self.scheme, by_scheme, request.url)
            && (request.redirected || path_matches(self.path, request.url.path()))
    }
}

impl Host<'_> {
    fn matches(self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        match self {
            Self::Any => true,
            Self::Name(name) => name.eq_ignore_ascii_case(host),
            Self::Below(name) => {
                let head = host.len().checked_sub(name.len()).and_then(|at| host.split_at_checked(at));
                head.is_some_and(|(head, tail)| {
                    tail.eq_ignore_ascii_case(name) && head.len() > 1 && head.ends_with('.')
                })
            }
        }
    }
}

/// How a scheme matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByScheme {
    Exactly,
    /// The URL's scheme is the secure form of the source's.
    Upgraded,
}

fn scheme_matches(source: &str, url: &str) -> Option<ByScheme> {
    if source.eq_ignore_ascii_case(url) {
        return Some(ByScheme::Exactly);
    }
    let secure = [("http", "https"), ("ws", "wss")];
    let upgraded = secure.iter().any(|(plain, secure)| source.eq_ignore_ascii_case(plain) && url == *secure);
    upgraded.then_some(ByScheme::Upgraded)
}

fn port_matches(source: Option<Port>, scheme: Option<&str>, by_scheme: ByScheme, url: &Url) -> bool {
    let port = url.port_or_known_default();
    match source {
        Some(Port::Any) => true,
        Some(Port::Number(number)) => {
            Some(number) == port || (number == 80 && port == Some(443) && by_scheme == ByScheme::Upgraded)
        }
        None => {
            let _ = scheme;
            url.port().is_none()
        }
    }
}

fn path_matches(source: &str, path: &str) -> bool {
    source.is_empty() || source == path || (source.ends_with('/') && path.starts_with(source))
}

/// A bare `*`: everything over HTTP and WebSocket, and whatever has the page's scheme.
fn star_matches(request: Request<'_>) -> bool {
    let scheme = request.url.scheme();
    matches!(scheme, "http" | "https" | "ws" | "wss") || scheme == request.page.scheme()
}

fn self_matches(request: Request<'_>) -> bool {
    let Request { page, url, .. } = request;
    page.host_str() == url.host_str()
        && scheme_matches(page.scheme(), url.scheme()).is_some()
        && page.port_or_known_default() == url.port_or_known_default()
}
