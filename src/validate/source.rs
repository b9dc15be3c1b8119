//! `CW21xx`: sources, one by one and in their list.

use super::Check;

mod bad_source;
mod bare_scheme;
mod dropped_path;
mod duplicate;
mod fallback;
mod foreign_word;
mod hash_length;
mod masked;
mod misspelt_keyword;
mod no_effect;
mod none_with_others;
mod obsolete_keyword;
mod path_wildcard;
mod redundant;
mod stored_nonce;
mod strict_dynamic_alone;
mod underscore;
mod unknown_keyword;
mod unquoted_keyword;
mod weak_nonce;

pub(super) const CHECKS: &[Check] = &[
    Check::csp(&bad_source::CODE, bad_source::check),
    Check::csp(&unquoted_keyword::CODE, unquoted_keyword::check),
    Check::csp(&misspelt_keyword::CODE, misspelt_keyword::check),
    Check::csp(&unknown_keyword::CODE, unknown_keyword::check),
    Check::csp(&none_with_others::CODE, none_with_others::check),
    Check::csp(&duplicate::CODE, duplicate::check),
    Check::csp(&hash_length::CODE, hash_length::check),
    Check::csp(&bare_scheme::CODE, bare_scheme::check),
    Check::csp(&path_wildcard::CODE, path_wildcard::check),
    Check::csp(&dropped_path::CODE, dropped_path::check),
    Check::csp(&weak_nonce::CODE, weak_nonce::check),
    Check::csp(&stored_nonce::CODE, stored_nonce::check),
    Check::csp(&underscore::CODE, underscore::check),
    Check::csp(&no_effect::CODE, no_effect::check),
    Check::csp(&masked::CODE, masked::check),
    Check::csp(&fallback::CODE, fallback::check),
    Check::csp(&strict_dynamic_alone::CODE, strict_dynamic_alone::check),
    Check::csp(&redundant::CODE, redundant::check),
    Check::csp(&obsolete_keyword::CODE, obsolete_keyword::check),
    Check::csp(&foreign_word::CODE, foreign_word::check),
];
