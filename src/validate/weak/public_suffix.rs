//! `*.` before a name under which anybody can register or host something.

use crate::csp::{Host, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
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

/// Suffixes of more than one part under which anybody can register, and clouds that give everybody a name.
const SUFFIXES: &[&str] = &[
    "amazonaws.com",
    "appspot.com",
    "azureedge.net",
    "azurewebsites.net",
    "cloudfront.net",
    "co.in",
    "co.jp",
    "co.nz",
    "co.uk",
    "co.za",
    "com.au",
    "com.br",
    "com.cn",
    "com.mx",
    "fastly.net",
    "firebaseapp.com",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "netlify.app",
    "onrender.com",
    "org.uk",
    "pages.dev",
    "s3.amazonaws.com",
    "vercel.app",
    "web.app",
    "windows.net",
    "workers.dev",
    "akamaihd.net",
    "blob.core.windows.net",
    "cloudapp.azure.com",
    "b-cdn.net",
    "blogspot.com",
    "wixsite.com",
    "wordpress.com",
];

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists() {
        for (written, source) in reading.parsed() {
            let Source::Host(host) = source else { continue };
            let Host::Below(name) = host.host else { continue };
            let name = name.strip_suffix('.').unwrap_or(name);
            let public = is_top(name) || SUFFIXES.iter().any(|suffix| suffix.eq_ignore_ascii_case(name));
            if public && !sink.only_counts(&CODE) {
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
