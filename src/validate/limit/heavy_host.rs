//! A host that is known to serve heavy analytics or tag-manager scripts.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::csp::{Host, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::host_table::HostTable;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2404",
    name: "heavy-host",
    severity: Severity::Warning,
    summary: "Analytics and tag managers slow the widget down and load scripts that the policy doesn't name.",
    why: "Analytics and tag managers load large scripts, and scripts that the policy does not name. They \
        slow down the first message of a chat, and whoever may edit the tag manager may run code in it.",
    example: "script-src 'self' https://www.googletagmanager.com",
    fixed: "script-src 'self'",
};

/// One host a line; what begins with `#` is a comment.
static HOSTS: LazyLock<HostTable> =
    LazyLock::new(|| HostTable::new(include_str!("../data/heavy_hosts.txt"), |host| Some((host, ""))));

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    let mut told = HashSet::new();
    for reading in subject.lists() {
        for (written, source) in reading.parsed() {
            let Source::Host(source) = source else { continue };
            let Some(heavy) = heavy(source.host).filter(|heavy| told.insert(*heavy)) else { continue };
            let text =
                format!("{} allows {heavy}, a heavy analytics or tag-manager host", backquoted(written));
            let help = "load it outside of the chat widget, or leave it out";
            sink.report_with_help(&CODE, written.span, text, help);
        }
    }
}

/// The heavy host that this one is, or lies below.
fn heavy(host: Host<'_>) -> Option<&'static str> {
    let (Host::Name(name) | Host::Below(name)) = host else { return None };
    HOSTS.find(name).map(|(heavy, _)| heavy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_heavy_host_is_named_once() {
        let text =
            "`www.Google-Analytics.com` allows google-analytics.com, a heavy analytics or tag-manager host";
        let below = "`*.hotjar.com:443` allows hotjar.com, a heavy analytics or tag-manager host";
        assert_texts(
            &CODE,
            &[
                (&["script-src www.Google-Analytics.com", "img-src google-analytics.com"], &[text]),
                (&["connect-src *.hotjar.com:443"], &[below]),
                (&["script-src nothotjar.com hotjar.com.example *"], &[]),
            ],
        );
    }

    #[test]
    fn the_list_is_of_hosts() {
        for (host, _) in HOSTS.iter() {
            assert!(host.contains('.') && host == host.to_ascii_lowercase(), "{host}");
            let source = Source::parse(host);
            assert!(matches!(source, Ok(Source::Host(source)) if source.host == Host::Name(host)), "{host}");
        }
    }
}
