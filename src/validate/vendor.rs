//! `CW27xx`: whether a policy lets the chat widget of its vendor work at all.
//!
//! `spec.vendor` and `spec.region` say whose widget it is; nothing of them is sent.

use super::Check;
use crate::policy::Spec;

mod framing;
mod hosts;
mod region;
mod unknown;

pub(super) const CHECKS: &[Check] = &[
    Check::document(&unknown::CODE, unknown::check),
    Check::document(&region::CODE, region::check),
    Check::document(&hosts::CODE, hosts::check),
    Check::document(&framing::CODE, framing::check),
];

/// The vendors whose hosts are known.
pub const VENDORS: &[&str] = &["genesys", "intercom", "liveperson", "nice-cxone", "zendesk"];

/// One need a line: vendor, directive, source; what begins with `#` is a comment.
const HOSTS: &str = include_str!("data/vendor_hosts.txt");

/// What stands for the region in a source.
const REGION: &str = "REGION";

/// What a widget needs: a directive, and a source that it must allow.
#[derive(Debug, Clone, Copy)]
struct Need {
    directive: &'static str,
    source: &'static str,
}

/// What the widget of a vendor needs.
fn needs(vendor: &str) -> impl Iterator<Item = Need> {
    HOSTS.lines().filter_map(move |line| {
        let mut words = line.split(' ');
        (words.next()? == vendor).then_some(())?;
        Some(Need { directive: words.next()?, source: words.next()? })
    })
}

/// The known vendor of a document.
fn vendor(spec: &Spec) -> Option<&'static str> {
    let written = spec.vendor.as_ref()?;
    VENDORS.iter().copied().find(|known| *known == written.value)
}

/// Whether a vendor's hosts are named after a region.
fn has_regions(vendor: &str) -> bool {
    needs(vendor).any(|need| need.source.contains(REGION))
}

/// The region, if it is a piece of a host's name.
fn region(spec: &Spec) -> Option<&str> {
    let region = spec.region.as_ref()?.value.as_str();
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    (region.len() <= 100 && region.split('.').all(label)).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csp::{Source, directive};

    #[test]
    fn every_vendor_needs_hosts_that_are_sources() {
        for vendor in VENDORS {
            assert!(needs(vendor).count() > 0, "{vendor}");
            for need in needs(vendor) {
                assert!(directive::lookup(need.directive).is_some(), "{need:?}");
                let source = need.source.replace(REGION, "na1");
                assert!(matches!(Source::parse(&source), Ok(Source::Host(_))), "{need:?}");
            }
        }
        let vendors: Vec<&str> = HOSTS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert!(vendors.iter().all(|vendor| VENDORS.contains(vendor)), "{vendors:?}");
    }
}
