//! What the checks of a Content-Security-Policy look at, wherever it stands.

use crate::csp::{Directives, TargetBrowsers};
use crate::finding::Span;
use crate::policy::Policy;

/// One Content-Security-Policy: that of a document, or one that a header carries.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'p> {
    /// Its directives, in the order in which they are written.
    pub directives: &'p Directives,
    /// The oldest browsers that it must work in.
    pub targets: &'p TargetBrowsers,
}

impl<'p> Subject<'p> {
    /// The one of a document.
    pub fn of(policy: &'p Policy) -> Self {
        Self { directives: &policy.spec.csp_directives, targets: &policy.spec.target_browsers }
    }

    /// The directive that is written at a place, and its value there where only one stands there.
    pub(super) fn at(&self, span: Span) -> Option<(&'p str, Option<&'p str>)> {
        self.directives.0.iter().find_map(|directive| {
            let name = directive.name.value.as_str();
            if directive.name.span == span {
                return Some((name, None));
            }
            let mut there = directive.sources().iter().filter(|source| source.span == span);
            let first = there.next()?;
            Some((name, there.next().is_none().then_some(first.value.as_str())))
        })
    }
}
