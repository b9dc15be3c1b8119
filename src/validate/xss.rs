//! `CW30xx`: XSS rules.

use super::Check;

mod disabled;
mod duplicate_rule;
mod no_rules;
mod unknown_mode;
mod unknown_rule;

pub use unknown_mode::MODES;
pub use unknown_rule::FILTER_RULES;

pub(super) const CHECKS: &[Check] = &[
    Check::document(&unknown_mode::CODE, unknown_mode::check),
    Check::document(&unknown_rule::CODE, unknown_rule::check),
    Check::document(&duplicate_rule::CODE, duplicate_rule::check),
    Check::document(&disabled::CODE, disabled::check),
    Check::document(&no_rules::CODE, no_rules::check),
];
