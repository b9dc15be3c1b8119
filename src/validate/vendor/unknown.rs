//! A vendor that nobody has heard of.

use super::VENDORS;
use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::printable::backquoted;
use crate::suggest::did_you_mean;
use crate::validate::sink::Sink;

pub static CODE: Code = Code {
    id: "CW2701",
    name: "unknown-vendor",
    severity: Severity::Error,
    summary: "The hosts of that vendor's widget are not known.",
    why: "The hosts that a widget needs are known for some vendors. Of this one nothing can be \
        checked, which is surely not what was meant by naming it.",
    example: "vendor: nice-cxon",
    fixed: "vendor: nice-cxone",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let Some(vendor) = policy.spec.vendor.as_ref() else { return };
    if !VENDORS.contains(&vendor.value.as_str()) {
        let help = did_you_mean(vendor, VENDORS.iter().copied(), || {
            format!("the vendors are {}", VENDORS.join(", "))
        });
        sink.report_with_help(&CODE, vendor.span, format!("{} is no known vendor", backquoted(vendor)), help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, help, placed, texts};

    #[test]
    fn a_vendor_is_known() {
        let policy = changed(|spec| spec.vendor = Some(placed("nice-cxon")));
        assert_eq!(texts(&CODE, &policy), ["`nice-cxon` is no known vendor"]);
        assert_eq!(help(&CODE, &policy), "did you mean `nice-cxone`?");
        assert_eq!(texts(&CODE, &changed(|spec| spec.vendor = Some(placed("intercom")))), [""; 0]);
        assert_eq!(texts(&CODE, &changed(|_| {})), [""; 0]);
    }
}
