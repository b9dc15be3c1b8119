//! A region that is missing, not needed, or no name of one.

use super::{has_regions, vendor};
use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::printable::backquoted;
use crate::validate::sink::Sink;

pub static CODE: Code = Code {
    id: "CW2702",
    name: "vendor-region",
    severity: Severity::Warning,
    summary: "The region doesn't go with the vendor, so the hosts that the widget needs can't be told.",
    why: "Some vendors name their hosts after a region. Without the right one it can't be told \
        which hosts the widget needs, so that is not checked.",
    example: "vendor: nice-cxone",
    fixed: "vendor: nice-cxone\nregion: na1",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let spec = &policy.spec;
    let Some(region) = &spec.region else {
        if let (Some(vendor), Some(written)) =
            (vendor(spec).filter(|vendor| has_regions(vendor)), &spec.vendor)
        {
            let text = format!("the hosts of `{vendor}` depend on a region, and none is written");
            sink.report_with_help(&CODE, written.span, text, "add `region: na1`, or whichever is yours");
        }
        return;
    };
    let (text, help) = match vendor(spec) {
        None if spec.vendor.is_some() => return,
        None => (
            "a `region` stands without a `vendor`".to_owned(),
            "add `vendor: nice-cxone`, or whichever is yours",
        ),
        Some(vendor) if !has_regions(vendor) => {
            (format!("the hosts of `{vendor}` don't depend on a region"), "leave it out")
        }
        Some(_) if super::region(spec).is_none() => {
            (format!("{} is not the name of a region", backquoted(region)), "write one such as `na1`")
        }
        Some(_) => return,
    };
    sink.report_with_help(&CODE, region.span, text, help);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, placed, texts};

    #[test]
    fn a_region_goes_with_its_vendor() {
        let cases = [
            (Some("nice-cxone"), Some("na1"), None),
            (
                Some("nice-cxone"),
                None,
                Some("the hosts of `nice-cxone` depend on a region, and none is written"),
            ),
            (Some("nice-cxone"), Some("NA 1"), Some("`NA 1` is not the name of a region")),
            (Some("intercom"), Some("eu1"), Some("the hosts of `intercom` don't depend on a region")),
            (None, Some("eu1"), Some("a `region` stands without a `vendor`")),
            (Some("unheard-of"), Some("eu1"), None),
        ];
        for (vendor, region, expected) in cases {
            let policy = changed(|spec| {
                spec.vendor = vendor.map(placed);
                spec.region = region.map(placed);
            });
            assert_eq!(texts(&CODE, &policy), Vec::from_iter(expected), "{vendor:?} {region:?}");
        }
    }
}
