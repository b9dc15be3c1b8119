//! Whether one source allows all that another one allows (CSP3 §6.7.2.8 and on). It answers no where it depends on the page.

use crate::csp::{Host, HostSource, Port, Source};

/// Whether `wide` allows everything that `narrow` does. Only hosts and schemes cover anything.
pub(super) fn covers(wide: &Source<'_>, narrow: &Source<'_>) -> bool {
    match (wide, narrow) {
        (Source::Scheme(wide), Source::Host(narrow)) => scheme_covers(Some(wide), narrow.scheme),
        (Source::Host(wide), Source::Host(narrow)) => host_source_covers(wide, narrow),
        _ => false,
    }
}

fn host_source_covers(wide: &HostSource<'_>, narrow: &HostSource<'_>) -> bool {
    if wide.scheme.is_none() && wide.is_bare_wildcard() {
        let network = ["http", "https", "ws", "wss"];
        return narrow.scheme.is_none_or(|scheme| network.iter().any(|known| is(scheme, known)));
    }
    scheme_covers(wide.scheme, narrow.scheme)
        && host_covers(wide.host, narrow.host)
        && port_covers(wide.port, narrow.port)
        && path_covers(wide.path, narrow.path)
}

/// A source without a scheme has the page's, which is taken for https.
fn scheme_covers(wide: Option<&str>, narrow: Option<&str>) -> bool {
    match (wide, narrow) {
        (None, None) => true,
        (None, Some(narrow)) => is(narrow, "https") || is(narrow, "wss"),
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => {
            is(wide, narrow)
                || (is(wide, "http") && is(narrow, "https"))
                || (is(wide, "ws") && is(narrow, "wss"))
        }
    }
}

fn host_covers(wide: Host<'_>, narrow: Host<'_>) -> bool {
    match (wide, narrow) {
        (Host::Any, _) => true,
        (Host::Name(wide), Host::Name(narrow)) => is(wide, narrow),
        (Host::Below(wide), Host::Name(narrow)) => is_below(narrow, wide),
        (Host::Below(wide), Host::Below(narrow)) => is(wide, narrow) || is_below(narrow, wide),
        (Host::Name(_) | Host::Below(_), _) => false,
    }
}

/// Whether a host lies below another one.
pub(super) fn is_below(host: &str, above: &str) -> bool {
    let Some(at) = host.len().checked_sub(above.len()) else { return false };
    host.split_at_checked(at).is_some_and(|(head, tail)| head.ends_with('.') && is(tail, above))
}

const fn is(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn port_covers(wide: Option<Port>, narrow: Option<Port>) -> bool {
    wide == Some(Port::Any) || wide == narrow
}

fn path_covers(wide: &str, narrow: &str) -> bool {
    matches!(wide, "" | "/") || wide == narrow || (wide.ends_with('/') && narrow.starts_with(wide))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_source_covers_a_narrower_one() {
        let cases = [
            ("*", "https://a.example/x", true),
            ("*", "wss://a.example", true),
            ("*", "app://a.example", false),
            ("https:", "https://a.example", true),
            ("https:", "http://a.example", false),
            ("https:", "a.example", false),
            ("wss:", "wss://a.example", true),
            ("https:", "wss://a.example", false),
            ("*.example", "a.example", true),
            ("*.example", "https://a.b.EXAMPLE", true),
            ("*.example", "*.a.example", true),
            ("*.example", "example", false),
            ("*.example", "notexample", false),
            ("a.example", "https://a.example", true),
            ("https://a.example", "a.example", false),
            ("a.example", "a.example:8443", false),
            ("a.example:*", "a.example:8443", true),
            ("a.example/x/", "a.example/x/y.js", true),
            ("a.example/x", "a.example/x/y.js", false),
            ("'self'", "a.example", false),
        ];
        for (wide, narrow, expected) in cases {
            let source = |text| Source::parse(text).unwrap();
            assert_eq!(covers(&source(wide), &source(narrow)), expected, "{wide} {narrow}");
        }
    }
}
