//! `CW20xx`: the names of directives, and whether a value is of the kind that its directive takes.

use super::Check;

mod bad_value;
mod deprecated;
mod duplicate;
mod empty_policy;
mod empty_source_list;
mod illegal_character;
mod keyword_as_directive;
mod leaked_template;
mod missing_semicolon;
mod missing_value;
mod no_directives;
mod repeated;
mod separator_in_value;
mod unexpected_value;
mod unknown;
mod unknown_sandbox_token;
mod wrapped;

pub(super) const CHECKS: &[Check] = &[
    Check::csp(&unknown::CODE, unknown::check),
    Check::csp(&keyword_as_directive::CODE, keyword_as_directive::check),
    Check::csp(&deprecated::CODE, deprecated::check),
    Check::limit(&no_directives::CODE, no_directives::check),
    Check::csp(&unexpected_value::CODE, unexpected_value::check),
    Check::csp(&missing_value::CODE, missing_value::check),
    Check::csp(&empty_source_list::CODE, empty_source_list::check),
    Check::csp(&separator_in_value::CODE, separator_in_value::check),
    Check::csp(&illegal_character::CODE, illegal_character::check),
    Check::csp(&bad_value::CODE, bad_value::check),
    Check::csp(&unknown_sandbox_token::CODE, unknown_sandbox_token::check),
    Check::csp(&missing_semicolon::CODE, missing_semicolon::check),
    Check::csp(&duplicate::CODE, duplicate::check),
    Check::csp(&repeated::CODE, repeated::check),
    Check::csp(&leaked_template::CODE, leaked_template::check),
    Check::csp(&wrapped::CODE, wrapped::check),
    Check::header(&empty_policy::CODE, empty_policy::check),
];
