//! `CW31xx`: bot detection.

use super::Check;

mod below_one;
mod disabled;
mod duplicate_rule;
mod unknown_challenge;

pub use unknown_challenge::CHALLENGE_TYPES;

pub(super) const CHECKS: &[Check] = &[
    Check::document(&below_one::CODE, below_one::check),
    Check::document(&duplicate_rule::CODE, duplicate_rule::check),
    Check::document(&unknown_challenge::CODE, unknown_challenge::check),
    Check::document(&disabled::CODE, disabled::check),
];
