//! Whether one source matches whatever another one does: what tells a list that grew from one that is only written
//! another way.
//!
//! A source is taken apart by the schemes that it matches; at each of them it stands for hosts, ports and paths, and
//! those are compared part by part. Never says yes where some URL tells the two apart; [`super::super::matching`] is
//! what URLs are matched by.

use super::{Host, HostSource, Keyword, Port, Source};

/// The page's scheme: what `'self'` and a host without a scheme stand for. A widget's page comes over HTTPS.
const PAGE: &str = "https";

/// What is asked of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Connections that scripts open, WebSockets among them.
    Connections,
    /// Everything else: no URL of a WebSocket is ever asked for.
    Loads,
}

impl Source<'_> {
    /// Whether these sources together match every URL that this one does and that may be asked for. A source that is not
    /// matched against URLs, such as a nonce, is covered by its like alone.
    pub fn is_covered_by(&self, wide: &[Source<'_>], asked: Asked) -> bool {
        let schemes = schemes(self);
        if schemes.is_empty() {
            return wide.iter().any(|other| other.canonical() == self.canonical());
        }
        let may_be_asked = |scheme: &&&str| asked == Asked::Connections || !is_socket(scheme);
        schemes.iter().filter(may_be_asked).all(|scheme| wide.iter().any(|other| covers(other, self, scheme)))
    }
}

fn is_socket(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("ws") || scheme.eq_ignore_ascii_case("wss")
}

/// The schemes of the URLs that a source matches.
fn schemes<'s>(source: &Source<'s>) -> Vec<&'s str> {
    let scheme = match source {
        source if is_star(source) => return vec!["http", "https", "ws", "wss"],
        Source::Keyword(Keyword::SelfOrigin) => return vec![PAGE, "wss"],
        Source::Scheme(scheme) => scheme,
        Source::Host(host) => host.scheme.unwrap_or(PAGE),
        Source::Keyword(_) | Source::Nonce(_) | Source::Hash(_) => return Vec::new(),
    };
    std::iter::once(scheme).chain(secure(scheme)).collect()
}

/// The scheme that a plain one matches too.
fn secure(scheme: &str) -> Option<&'static str> {
    match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => Some("https"),
        _ if scheme.eq_ignore_ascii_case("ws") => Some("wss"),
        _ => None,
    }
}

fn has_scheme(source: &Source<'_>, scheme: &str) -> bool {
    schemes(source).iter().any(|own| own.eq_ignore_ascii_case(scheme))
}

/// A bare `*`, which is any URL over HTTP or WebSocket, whatever its port.
fn is_star(source: &Source<'_>) -> bool {
    matches!(source, Source::Host(HostSource { scheme: None, host: Host::Any, port: None, path: "" }))
}

/// Whether one source matches every URL of that scheme that another one does.
fn covers(wide: &Source<'_>, narrow: &Source<'_>, scheme: &str) -> bool {
    if !has_scheme(wide, scheme) {
        return false;
    }
    match (wide, narrow) {
        (Source::Scheme(_), _) => true,
        (star, _) if is_star(star) => true,
        (Source::Keyword(_), _) => wide == narrow,
        (Source::Host(wide), Source::Host(narrow)) if !is_star(&Source::Host(*narrow)) => {
            covers_host(wide.host, narrow.host)
                && covers_ports(wide, narrow, scheme)
                && covers_path(wide.path, narrow.path, scheme)
        }
        // The page is some host at the default port.
        (Source::Host(wide), Source::Keyword(_)) => {
            let page = HostSource { scheme: None, host: Host::Any, port: None, path: "" };
            wide.host == Host::Any && covers_ports(wide, &page, scheme) && covers_path(wide.path, "", scheme)
        }
        (Source::Host(wide), _) => {
            // Only URLs of these schemes always have a host.
            default_port(scheme).is_some()
                && wide.host == Host::Any
                && wide.port == Some(Port::Any)
                && covers_path(wide.path, "", scheme)
        }
        (Source::Nonce(_) | Source::Hash(_), _) => false,
    }
}

fn covers_host(wide: Host<'_>, narrow: Host<'_>) -> bool {
    match (wide, narrow) {
        (Host::Any, _) => true,
        (Host::Name(wide), Host::Name(narrow)) => wide.eq_ignore_ascii_case(narrow),
        (Host::Below(wide), Host::Below(narrow)) => {
            wide.eq_ignore_ascii_case(narrow) || is_below(narrow, wide)
        }
        (Host::Below(wide), Host::Name(narrow)) => is_below(narrow, wide),
        (Host::Name(_) | Host::Below(_), Host::Any) | (Host::Name(_), Host::Below(_)) => false,
    }
}

/// Whether a host is one below a domain.
pub fn is_below(host: &str, domain: &str) -> bool {
    let head = host.len().checked_sub(domain.len()).and_then(|at| host.split_at_checked(at));
    head.is_some_and(|(head, tail)| {
        head.len() > 1 && head.ends_with('.') && tail.eq_ignore_ascii_case(domain)
    })
}

fn covers_ports(wide: &HostSource<'_>, narrow: &HostSource<'_>, scheme: &str) -> bool {
    match (ports(wide, scheme), ports(narrow, scheme)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|port| wide.contains(port)),
    }
}

/// The ports of URLs of that scheme that a source matches, `None` among them for a scheme's own where it is not known;
/// nothing where all do.
fn ports(source: &HostSource<'_>, scheme: &str) -> Option<Vec<Option<u16>>> {
    let default = default_port(scheme);
    Some(match source.port {
        Some(Port::Any) => return None,
        None => vec![default],
        Some(Port::Number(port)) if source.scheme.unwrap_or(PAGE).eq_ignore_ascii_case(scheme) => {
            vec![Some(port)]
        }
        // A scheme is upgraded together with a named port, and of ports only 80 is.
        Some(Port::Number(80)) => vec![default],
        Some(Port::Number(_)) => Vec::new(),
    })
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        _ if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("ws") => Some(80),
        _ if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss") => Some(443),
        _ => None,
    }
}

/// A path that ends in a slash stands for all below it. Over HTTP and WebSocket every path begins with one.
fn covers_path(wide: &str, narrow: &str, scheme: &str) -> bool {
    let shortest = if narrow.is_empty() && default_port(scheme).is_some() { "/" } else { narrow };
    wide.is_empty() || wide == narrow || (wide.ends_with('/') && shortest.starts_with(wide))
}

#[cfg(test)]
mod tests;
