//! `CW22xx`: what some browser among `spec.targetBrowsers` does not have.

use super::Check;
use crate::csp::TargetBrowsers;
use crate::csp::support::{Gap, Lack, Support};

mod directive;
mod keyword;
mod partial;
mod removed;

pub(super) const CHECKS: &[Check] = &[
    Check::csp(&directive::CODE, directive::check),
    Check::csp(&keyword::CODE, keyword::check),
    Check::csp(&removed::CODE, removed::check),
    Check::csp(&partial::CODE, partial::check),
];

/// What to do about a gap.
const HELP: &str =
    "those browsers ignore it: see that the policy serves them without it, or raise `spec.targetBrowsers`";

/// `Firefox 90 to 107, Safari 15 to 15.3`; `None` where there is no gap.
fn listed(row: &Support, targets: &TargetBrowsers, lack: Lack) -> Option<String> {
    let gaps: Vec<String> = row.gaps(targets, lack).map(|gap: Gap| gap.to_string()).collect();
    (!gaps.is_empty()).then(|| gaps.join(", "))
}
