//! `CW21xx`: sources, one by one and in their list.

use super::Check;

mod bad_source;
mod duplicate;
mod hash_length;
mod misspelt_keyword;
mod none_with_others;
mod unknown_keyword;
mod unquoted_keyword;

pub(super) const CHECKS: &[Check] = &[
    Check::csp(&bad_source::CODE, bad_source::check),
    Check::csp(&unquoted_keyword::CODE, unquoted_keyword::check),
    Check::csp(&misspelt_keyword::CODE, misspelt_keyword::check),
    Check::csp(&unknown_keyword::CODE, unknown_keyword::check),
    Check::csp(&none_with_others::CODE, none_with_others::check),
    Check::csp(&duplicate::CODE, duplicate::check),
    Check::csp(&hash_length::CODE, hash_length::check),
];
