//! Whether a URL stays on this machine, and so may go without TLS.

use url::{Host, Url};

/// Whether a URL's host is `localhost` or a loopback address (RFC 5735 §3, RFC 4291 §2.5.3). Names below `localhost` are
/// not: a resolver may know others for them.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        let rows = [
            ("http://localhost:1/a", true),
            ("http://127.9.9.9", true),
            ("http://[::1]", true),
            ("http://0.0.0.0", false),
            ("http://evil.localhost", false),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
            ("data:text/plain,localhost", false),
        ];
        for (url, expected) in rows {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
