//! `CW23xx`: what makes a policy weak.
//!
//! Only what counts is told: `'unsafe-inline'` beside a nonce, and hosts beside `'strict-dynamic'`, are ignored by
//! browsers, and stand there for old ones.

use super::Check;
use super::reading::Reading;
use super::subject::Subject;

mod broad_scheme;
mod bypass_host;
mod development_host;
mod insecure_source;
mod ip_source;
mod missing_base_uri;
mod missing_form_action;
mod missing_frame_ancestors;
mod missing_object_src;
mod missing_script_src;
mod override_hole;
mod public_suffix;
mod sandbox_escape;
mod scheme_for_scripts;
mod trusted_types_any;
mod unsafe_eval;
mod unsafe_hashes;
mod unsafe_inline;
mod unsafe_inline_style;
mod wildcard;
mod wildcard_for_scripts;

pub(super) const CHECKS: &[Check] = &[
    Check::csp(&unsafe_inline::CODE, unsafe_inline::check),
    Check::csp(&unsafe_eval::CODE, unsafe_eval::check),
    Check::csp(&wildcard_for_scripts::CODE, wildcard_for_scripts::check),
    Check::csp(&scheme_for_scripts::CODE, scheme_for_scripts::check),
    Check::csp(&missing_object_src::CODE, missing_object_src::check),
    Check::csp(&missing_base_uri::CODE, missing_base_uri::check),
    Check::csp(&missing_script_src::CODE, missing_script_src::check),
    Check::csp(&missing_form_action::CODE, missing_form_action::check),
    Check::csp(&missing_frame_ancestors::CODE, missing_frame_ancestors::check),
    Check::csp(&unsafe_inline_style::CODE, unsafe_inline_style::check),
    Check::csp(&unsafe_hashes::CODE, unsafe_hashes::check),
    Check::csp(&wildcard::CODE, wildcard::check),
    Check::csp(&broad_scheme::CODE, broad_scheme::check),
    Check::csp(&insecure_source::CODE, insecure_source::check),
    Check::csp(&ip_source::CODE, ip_source::check),
    Check::csp(&development_host::CODE, development_host::check),
    Check::csp(&bypass_host::CODE, bypass_host::check),
    Check::csp(&public_suffix::CODE, public_suffix::check),
    Check::csp(&override_hole::CODE, override_hole::check),
    Check::csp(&sandbox_escape::CODE, sandbox_escape::check),
    Check::csp(&trusted_types_any::CODE, trusted_types_any::check),
];

/// The directives whose hosts and schemes decide which scripts are loaded: `script-src` still does for workers where
/// `script-src-elem` takes its place for script elements.
const SCRIPT_LOADS: &[&str] = &["script-src-elem", "script-src"];

/// Whether scripts are loaded by that list, so that the checks of scripts speak of it.
fn loads_scripts(subject: &Subject<'_>, reading: &Reading<'_>) -> bool {
    SCRIPT_LOADS.iter().any(|name| subject.governing(name).is_some_and(|list| std::ptr::eq(list, reading)))
}
