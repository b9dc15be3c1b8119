//! Hosts that are known for something, looked up by a host and every domain that it lies below.

use std::borrow::Cow;
use std::collections::HashMap;

/// What is known, by host in lower case; nothing for a domain that only lies above known hosts.
pub(super) struct HostTable(HashMap<&'static str, Option<&'static str>>);

impl HostTable {
    /// A table of what `read` makes of each line of a text: a host, and what is known of it. What begins with `#` is a
    /// comment.
    pub(super) fn new(
        text: &'static str,
        read: fn(&'static str) -> Option<(&'static str, &'static str)>,
    ) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut table = HashMap::new();
        for (host, known) in lines.filter_map(read) {
            for domain in domains(host) {
                table.entry(domain).or_insert(None);
            }
            table.insert(host, Some(known));
        }
        Self(table)
    }

    /// The known host that this one is, or the nearest that it lies below, with what is known of it.
    ///
    /// It goes down from the top-level domain for as long as known hosts lie there: for most hosts that is one step.
    pub(super) fn find(&self, host: &str) -> Option<(&'static str, &'static str)> {
        let host = normal(host);
        let on_the_way = domains(&host).map_while(|domain| self.0.get_key_value(domain));
        on_the_way.filter_map(|(host, known)| Some((*host, (*known)?))).last()
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().filter_map(|(host, known)| Some((*host, (*known)?)))
    }
}

/// `c`, `b.c` and `a.b.c` for `a.b.c`.
fn domains(host: &str) -> impl Iterator<Item = &str> {
    let below = host.rmatch_indices('.').filter_map(|(at, _)| host.get(at + 1..));
    below.chain(std::iter::once(host))
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
        assert_eq!(table.iter().count(), 2);
    }
}
