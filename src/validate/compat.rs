//! `CW22xx`: what some browser among `spec.targetBrowsers` does not have.

use super::Check;
use crate::csp::support::Gap;

mod directive;
mod keyword;

pub(super) const CHECKS: &[Check] =
    &[Check::csp(&directive::CODE, directive::check), Check::csp(&keyword::CODE, keyword::check)];

/// What to do about a gap.
const HELP: &str =
    "those browsers ignore it: see that the policy serves them without it, or raise `spec.targetBrowsers`";

/// `Firefox 90 to 107, Safari 15 to 15.3`; `None` where there is no gap.
fn listed(gaps: &[Gap]) -> Option<String> {
    let gaps: Vec<String> = gaps.iter().map(Gap::to_string).collect();
    (!gaps.is_empty()).then(|| gaps.join(", "))
}
