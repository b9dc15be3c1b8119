//! `CW23xx`: what makes a policy weak.
//!
//! Only what counts is told: `'unsafe-inline'` beside a nonce, and hosts beside `'strict-dynamic'`, are ignored by
//! browsers, and stand there for old ones.

use super::Check;

mod missing_base_uri;
mod missing_object_src;
mod missing_script_src;
mod scheme_for_scripts;
mod unsafe_eval;
mod unsafe_inline;
mod wildcard_for_scripts;

pub(super) const CHECKS: &[Check] = &[
    Check::csp(&unsafe_inline::CODE, unsafe_inline::check),
    Check::csp(&unsafe_eval::CODE, unsafe_eval::check),
    Check::csp(&wildcard_for_scripts::CODE, wildcard_for_scripts::check),
    Check::csp(&scheme_for_scripts::CODE, scheme_for_scripts::check),
    Check::csp(&missing_object_src::CODE, missing_object_src::check),
    Check::csp(&missing_base_uri::CODE, missing_base_uri::check),
    Check::csp(&missing_script_src::CODE, missing_script_src::check),
];

/// The directives whose hosts and schemes decide which scripts are loaded: `script-src` still does for workers where
/// `script-src-elem` takes its place for script elements.
const SCRIPT_LOADS: &[&str] = &["script-src-elem", "script-src"];
