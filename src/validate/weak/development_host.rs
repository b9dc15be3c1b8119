//! A host that only developers have.

use std::sync::LazyLock;

use crate::csp::{Host, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::host_table::HostTable;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2316",
    name: "development-host",
    severity: Severity::Warning,
    summary: "On a visitor's machine such a host is somebody else's.",
    why: "The host exists on developers' machines, or is a tunnel to one. On a visitor's machine, \
        or later, it is somebody else's.",
    example: "connect-src http://localhost:3000",
    fixed: "connect-src https://api.example",
};

/// Names for one machine or one test, and tunnels to developers' machines.
static HOSTS: LazyLock<HostTable> =
    LazyLock::new(|| HostTable::new(include_str!("../data/development_hosts.txt"), |line| Some((line, ""))));

/// Whether a host is, or lies below, one that only developers have.
pub(super) fn is_development(name: &str) -> bool {
    let is_loopback = || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    HOSTS.find(name).is_some() || is_loopback()
}

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        for (written, source) in reading.parsed() {
            let Source::Host(host) = source else { continue };
            let (Host::Name(name) | Host::Below(name)) = host.host else { continue };
            if is_development(name) && !sink.only_counts(&CODE) {
                let text =
                    format!("{} in `{}` is a developer's host", backquoted(written), reading.info.name);
                sink.report_with_help(&CODE, written.span, text, "leave it out of what visitors get");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_visitor_has_no_such_host() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["connect-src ws://localhost:3000 https://x.ngrok.io 127.0.0.1"],
                &[
                    "`ws://localhost:3000` in `connect-src` is a developer's host",
                    "`https://x.ngrok.io` in `connect-src` is a developer's host",
                    "`127.0.0.1` in `connect-src` is a developer's host",
                ],
            ),
            (&["connect-src intranet local.example"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
