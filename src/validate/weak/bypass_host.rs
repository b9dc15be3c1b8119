//! A host for scripts from which anybody can get a script of their own choice.

use super::SCRIPT_LOADS;
use std::sync::LazyLock;

use crate::csp::source::is_below;
use crate::csp::{Host, HostSource, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::host_table::HostTable;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2317",
    name: "bypass-host",
    severity: Severity::Warning,
    summary: "The host serves JSONP, script gadgets or anybody's files, so that it lets any script in.",
    why: "The host serves scripts of a caller's choice (JSONP), libraries that turn text of a page \
        into script, or files that anybody uploads. Who can inject a script element can get any \
        script from there.",
    example: "script-src https://cdnjs.cloudflare.com",
    fixed: "script-src https://cdn.example",
};

/// Hosts by kind, with where that is known from.
static HOSTS: LazyLock<HostTable> = LazyLock::new(|| {
    let by_host = |line: &'static str| line.split_once(' ').map(|(kind, host)| (host, kind));
    HostTable::new(include_str!("../data/bypass_hosts.txt"), by_host)
});

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.governing_any(SCRIPT_LOADS).into_iter().filter(|reading| !reading.strict_dynamic) {
        for (written, source) in reading.parsed() {
            let Source::Host(source) = source else { continue };
            let Some((host, kind)) = bypass(&source) else { continue };
            if sink.only_counts(&CODE) {
                continue;
            }
            let text = format!("{} allows {host}, which serves {}", backquoted(written), served(kind));
            let help = "name the one file that is needed, or trust it by hash";
            sink.report_with_help(&CODE, written.span, text, help);
        }
    }
}

fn served(kind: &str) -> &'static str {
    match kind {
        "jsonp" => "JSONP: a script of the caller's choice",
        "gadgets" => "libraries that run text of a page as script",
        _ => "files that anybody uploads",
    }
}

/// The known host that a source allows. A source that names one file allows nothing else.
fn bypass(source: &HostSource<'_>) -> Option<(&'static str, &'static str)> {
    if !source.path.is_empty() && !source.path.ends_with('/') {
        return None;
    }
    let (Host::Name(name) | Host::Below(name)) = source.host else { return None };
    // Anybody uploads to the hosts below those; the others are known alone.
    let named =
        HOSTS.find(name).filter(|(known, kind)| *kind == "uploads" || known.eq_ignore_ascii_case(name));
    named.or_else(|| match source.host {
        Host::Below(_) => HOSTS.iter().filter(|(known, _)| is_below(known, name)).min(),
        Host::Name(_) | Host::Any => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_host_that_serves_anybody_is_told() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["script-src https://cdnjs.cloudflare.com"],
                &[
                    "`https://cdnjs.cloudflare.com` allows cdnjs.cloudflare.com, which serves libraries that run text of a page as script",
                ],
            ),
            (
                &["script-src *.googleapis.com"],
                &[
                    "`*.googleapis.com` allows ajax.googleapis.com, which serves libraries that run text of a page as script",
                ],
            ),
            (
                &["script-src https://x.github.io"],
                &["`https://x.github.io` allows github.io, which serves files that anybody uploads"],
            ),
            (
                &[
                    "script-src https://cdnjs.cloudflare.com/ajax/libs/x/1/x.js cdn.example",
                    "img-src cdnjs.cloudflare.com",
                ],
                &[],
            ),
        ];
        assert_texts(&CODE, cases);
    }

    #[test]
    fn the_list_is_of_kinds_and_hosts() {
        assert!(HOSTS.iter().count() > 50);
        for (host, kind) in HOSTS.iter() {
            assert!(["jsonp", "gadgets", "uploads"].contains(&kind), "{kind}");
            assert!(host.contains('.') && host == host.trim().to_ascii_lowercase(), "{host}");
        }
    }
}
