//! A host without TLS.

use super::development_host::is_development;
use crate::csp::{Host, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2314",
    name: "insecure-source",
    severity: Severity::Warning,
    summary: "What comes without TLS can be changed on its way.",
    why: "What is loaded without TLS can be read and changed by everybody on its way, and most \
        browsers block it on a page with TLS.",
    example: "img-src http://media.example",
    fixed: "img-src https://media.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        for (written, source) in reading.parsed() {
            let Source::Host(host) = source else { continue };
            let insecure = host
                .scheme
                .is_some_and(|scheme| ["http", "ws"].iter().any(|it| it.eq_ignore_ascii_case(scheme)));
            // Of a bare wildcard another check speaks.
            if !insecure
                || matches!(host.host, Host::Name(name) if is_development(name))
                || host.is_bare_wildcard()
                || sink.only_counts(&CODE)
            {
                continue;
            }
            let text = format!("{} in `{}` goes without TLS", backquoted(written), reading.info.name);
            sink.report_with_help(&CODE, written.span, text, "write `https://` or `wss://`");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_host_has_tls() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["img-src http://a.example"], &["`http://a.example` in `img-src` goes without TLS"]),
            (&["connect-src WS://a.example"], &["`WS://a.example` in `connect-src` goes without TLS"]),
            (&["img-src https://a.example a.example http://localhost"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
