//! `CW20xx`: the names of directives, and whether a value is of the kind that its directive takes.

use super::Check;

mod bad_value;
mod deprecated;
mod empty_source_list;
mod illegal_character;
mod keyword_as_directive;
mod missing_value;
mod no_directives;
mod separator_in_value;
mod unexpected_value;
mod unknown;
mod unknown_sandbox_token;

pub(super) const CHECKS: &[Check] = &[
    Check::csp(&unknown::CODE, unknown::check),
    Check::csp(&keyword_as_directive::CODE, keyword_as_directive::check),
    Check::csp(&deprecated::CODE, deprecated::check),
    Check::csp(&no_directives::CODE, no_directives::check),
    Check::csp(&unexpected_value::CODE, unexpected_value::check),
    Check::csp(&missing_value::CODE, missing_value::check),
    Check::csp(&empty_source_list::CODE, empty_source_list::check),
    Check::csp(&separator_in_value::CODE, separator_in_value::check),
    Check::csp(&illegal_character::CODE, illegal_character::check),
    Check::csp(&bad_value::CODE, bad_value::check),
    Check::csp(&unknown_sandbox_token::CODE, unknown_sandbox_token::check),
];
