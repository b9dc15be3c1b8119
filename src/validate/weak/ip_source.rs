//! An IP address where a host should be named.

use crate::csp::{Host, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2315",
    name: "ip-source",
    severity: Severity::Warning,
    summary: "An address changes hands unseen, and by CSP no address but 127.0.0.1 matches anything.",
    why: "CSP says that no address but 127.0.0.1 matches, and browsers differ on that. An address \
        can also pass to somebody else without anybody noticing.",
    example: "img-src https://192.0.2.1",
    fixed: "img-src https://media.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        for (written, source) in reading.parsed() {
            let Source::Host(host) = source else { continue };
            if matches!(host.host, Host::Name(name) if is_address(name)) && !sink.only_counts(&CODE) {
                let text = format!("{} in `{}` is an IP address", backquoted(written), reading.info.name);
                sink.report_with_help(&CODE, written.span, text, "name the host");
            }
        }
    }
}

/// Whether it is an address other than this machine's.
fn is_address(name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| !address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn an_address_is_no_host() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["img-src https://192.0.2.1:8443"],
                &["`https://192.0.2.1:8443` in `img-src` is an IP address"],
            ),
            (&["img-src 127.0.0.1 1.2.3.example"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
