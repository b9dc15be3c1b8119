//! `CW25xx`: where browsers send their reports.

use super::Check;

mod bad_report_uri;
mod insecure_report_uri;
mod none;
mod uri_alone;

pub(super) const CHECKS: &[Check] = &[
    Check::document(&bad_report_uri::CODE, bad_report_uri::check),
    Check::csp(&insecure_report_uri::CODE, insecure_report_uri::check),
    Check::csp(&uri_alone::CODE, uri_alone::check),
    Check::header(&none::CODE, none::check),
];
