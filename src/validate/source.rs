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
    Check::new(&bad_source::CODE, bad_source::check),
    Check::new(&unquoted_keyword::CODE, unquoted_keyword::check),
    Check::new(&misspelt_keyword::CODE, misspelt_keyword::check),
    Check::new(&unknown_keyword::CODE, unknown_keyword::check),
    Check::new(&none_with_others::CODE, none_with_others::check),
    Check::new(&duplicate::CODE, duplicate::check),
    Check::new(&hash_length::CODE, hash_length::check),
];
