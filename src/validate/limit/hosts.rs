//! More hosts than the platform takes.
//!
//! Counted are the distinct hosts of all source lists, in any case of letters and whatever their scheme, port and path;
//! `*.example.com` and `example.com` are two. A bare `*` names no host.

use std::collections::HashSet;

use crate::csp::{Host, HostSource, Source};
use crate::finding::{Code, Severity, Span};
use crate::validate::host_table::normal;
use crate::validate::reading::Reading;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

/// How many hosts a policy may name.
pub const MAX_HOSTS: usize = 30;

pub static CODE: Code = Code {
    id: "CW2402",
    name: "too-many-hosts",
    severity: Severity::Error,
    summary: "The platform takes at most 30 distinct hosts over the whole policy.",
    why: "The platform takes at most 30 distinct hosts over the whole policy, and refuses one with more. A \
        long list is also one that nobody reviews.",
    example: "img-src https://a1.example https://a2.example … (31 of them)",
    fixed: "img-src https://*.cdn.example",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if let Some((span, count)) = too_many(subject) {
        let text = format!("{count} hosts in the policy, and at most {MAX_HOSTS} are taken");
        sink.report_with_help(&CODE, span, text, "`*.example.com` stands for all hosts below example.com");
    }
}

/// The first host over the limit, and how many there are.
pub(super) fn too_many(subject: &Subject<'_>) -> Option<(Span, usize)> {
    let named = || {
        let sources = subject.lists().flat_map(Reading::parsed);
        sources.filter_map(|(written, source)| match source {
            Source::Host(HostSource { host: Host::Below(name), .. }) => Some((written, (true, name))),
            Source::Host(HostSource { host: Host::Name(name), .. }) => Some((written, (false, name))),
            _ => None,
        })
    };
    // Of so few there can't be too many, whichever are the same.
    named().nth(MAX_HOSTS)?;
    let mut hosts = HashSet::new();
    let mut first_too_many: Option<Span> = None;
    for (written, (below, name)) in named() {
        hosts.insert((below, normal(name)));
        if hosts.len() > MAX_HOSTS {
            first_too_many.get_or_insert(written.span);
        }
    }
    first_too_many.map(|span| (span, hosts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    fn hosts(directive: &str, range: std::ops::Range<usize>) -> String {
        let host = |n: usize| format!(" https://h{n}.example:{}/path", n + 1);
        format!("{directive}{}", range.map(host).collect::<String>())
    }

    #[test]
    fn hosts_of_all_directives_count_once() {
        let text = "31 hosts in the policy, and at most 30 are taken";
        let most = hosts("img-src", 0..30);
        assert_texts(
            &CODE,
            &[
                (&[&most, "script-src * 'self' https: H1.Example wss://h2.example/x h3.example."], &[]),
                (&[&most, "frame-ancestors *.h1.example"], &[text]),
                (&[&hosts("img-src", 0..20), &hosts("font-src", 10..31)], &[text]),
                (&[&most, "report-uri https://reports.example/"], &[]),
            ],
        );
    }
}
