//! Hosts that are known for something, looked up by a host and every domain that it lies below.

use std::borrow::Cow;
use std::collections::HashMap;

/// The longest name that a host can have (RFC 1035 §2.3.4). A longer one is in no table, and has too many parents.
const MAX_HOST: usize = 253;

/// What is known, by host in lower case.
pub(super) struct HostTable(HashMap<&'static str, &'static str>);

impl HostTable {
    /// A table of what `read` makes of each line of a text: a host, and what is known of it. What begins with `#` is a
    /// comment.
    pub(super) fn new(
        text: &'static str,
        read: fn(&'static str) -> Option<(&'static str, &'static str)>,
    ) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.filter_map(read).collect())
    }

    /// The known host that this one is, or the nearest that it lies below, with what is known of it.
    pub(super) fn find(&self, host: &str) -> Option<(&'static str, &'static str)> {
        if host.len() > MAX_HOST {
            return None;
        }
        let host = normal(host);
        let parents = host.match_indices('.').map(|(at, _)| host.get(at + 1..).unwrap_or_default());
        let mut domains = std::iter::once(&*host).chain(parents);
        domains.find_map(|domain| self.0.get_key_value(domain).map(|(host, known)| (*host, *known)))
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().map(|(host, known)| (*host, *known))
    }
}

/// A host in lower case, without the dot that may end it.
pub(super) fn normal(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => host.to_ascii_lowercase().into(),
        false => host.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_with_all_below_it() {
        let table = HostTable::new("# comment\na.example x\n\nb.a.example y\n", |line| line.split_once(' '));
        for (host, expected) in [
            ("a.example", Some(("a.example", "x"))),
            ("C.A.Example.", Some(("a.example", "x"))),
            ("c.b.a.example", Some(("b.a.example", "y"))),
            ("xa.example", None),
            ("example", None),
            ("", None),
        ] {
            assert_eq!(table.find(host), expected, "{host}");
        }
        assert_eq!(table.find(&format!("{}a.example", "a.".repeat(200))), None, "no host has that name");
        assert_eq!(table.iter().count(), 2);
    }
}
