//! `CW25xx`: where browsers send their reports.

use super::Check;

mod bad_report_uri;
mod insecure_report_uri;

pub(super) const CHECKS: &[Check] = &[
    Check::document(&bad_report_uri::CODE, bad_report_uri::check),
    Check::document(&insecure_report_uri::CODE, insecure_report_uri::check),
];
