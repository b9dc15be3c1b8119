//! `*.` before a name under which anybody can register or host something.

use std::sync::LazyLock;

use crate::csp::{Host, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::host_table::HostTable;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2318",
    name: "public-suffix",
    severity: Severity::Warning,
    summary: "Under a public suffix anybody can have a host of their own.",
    why: "Under that name anybody can register a domain or rent a host. The wildcard allows all of \
        them.",
    example: "img-src https://*.cloudfront.net",
    fixed: "img-src https://d111.media.example",
};

/// Suffixes of more than one part, and clouds that give everybody a name.
static SUFFIXES: LazyLock<HostTable> =
    LazyLock::new(|| HostTable::new(include_str!("../data/public_suffixes.txt"), |line| Some((line, ""))));

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        for (written, source) in reading.parsed() {
            let Source::Host(host) = source else { continue };
            let Host::Below(name) = host.host else { continue };
            let name = name.strip_suffix('.').unwrap_or(name);
            let is_suffix = |(suffix, _): (&str, _)| suffix.eq_ignore_ascii_case(name);
            if (is_top(name) || SUFFIXES.find(name).is_some_and(is_suffix)) && !sink.only_counts(&CODE) {
                let text =
                    format!("{} in `{}` allows anybody's host", backquoted(written), reading.info.name);
                sink.report_with_help(&CODE, written.span, text, "name your own host there");
            }
        }
    }
}

/// Whether it is a top-level domain. The reserved ones, which nobody can register under, are not meant.
fn is_top(name: &str) -> bool {
    !name.contains('.') && !["example", "test", "local", "localhost", "invalid", "internal"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_suffix_is_nobodys() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["img-src *.com https://*.cloudfront.net"],
                &[
                    "`*.com` in `img-src` allows anybody's host",
                    "`https://*.cloudfront.net` in `img-src` allows anybody's host",
                ],
            ),
            (&["img-src *.a.com x.cloudfront.net"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
