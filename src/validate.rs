//! The checks over one typed policy: a registry, one file per check, every finding collected.
//!
//! [`validate`] stands between [`crate::policy::document`], which finds what is wrong with a document as such, and
//! the plan, which holds what has an error. A check is a function of the policy alone: it sees no file and no clock.
//! A policy that a browser or a tenant could use as it was meant never gets an error.
//!
//! Codes by family; a family has room for a hundred, and a number is never used again:
//!
//! | codes | family |
//! | --- | --- |
//! | `CW20xx` | directives: their names, and whether the value is of the kind that they take |
//! | `CW21xx` | sources, one by one and in their list |
//! | `CW22xx` | browsers that lack something |
//! | `CW23xx` | what makes a policy weak |
//! | `CW24xx` | limits of the platform, and what costs it time |
//! | `CW25xx` | reporting |
//! | `CW26xx` | a header's line, which no document has: see [`header`] |
//! | `CW27xx` | hosts that the vendor of the chat widget needs |
//! | `CW30xx` | XSS rules |
//! | `CW31xx` | bot detection |

use crate::finding::{Code, Finding, SourceText, Span};
use crate::policy::Policy;

mod bot;
mod compat;
mod directive;
pub mod header;
mod host_table;
mod limit;
mod reading;
mod reporting;
mod sink;
mod source;
mod subject;
mod template;
#[cfg(test)]
mod testing;
mod vendor;
mod weak;
mod xss;

pub use bot::CHALLENGE_TYPES;
pub use limit::{MAX_BOT_RULES, MAX_HASHES, MAX_HOSTS};
pub use sink::MAX_FINDINGS_PER_CODE;
pub use subject::Subject;
pub use vendor::VENDORS;
pub use xss::{FILTER_RULES, MODES};

use sink::Sink;

/// One check: the code that it raises, and how.
struct Check {
    code: &'static Code,
    run: Run,
}

/// What a check looks at.
enum Run {
    /// A Content-Security-Policy, wherever it stands.
    Csp(fn(&Subject<'_>, &mut Sink)),
    /// The Content-Security-Policy of a document, where a header is judged otherwise or not at all.
    Limit(fn(&Subject<'_>, &mut Sink)),
    /// A Content-Security-Policy that a header carries, and no document.
    Header(fn(&Subject<'_>, &mut Sink)),
    /// A whole document.
    Document(fn(&Policy, &mut Sink)),
}

impl Check {
    const fn csp(code: &'static Code, run: fn(&Subject<'_>, &mut Sink)) -> Self {
        Self { code, run: Run::Csp(run) }
    }

    const fn limit(code: &'static Code, run: fn(&Subject<'_>, &mut Sink)) -> Self {
        Self { code, run: Run::Limit(run) }
    }

    const fn header(code: &'static Code, run: fn(&Subject<'_>, &mut Sink)) -> Self {
        Self { code, run: Run::Header(run) }
    }

    const fn document(code: &'static Code, run: fn(&Policy, &mut Sink)) -> Self {
        Self { code, run: Run::Document(run) }
    }
}

/// Every check, by family, ordered by code.
static FAMILIES: &[&[Check]] = &[
    directive::CHECKS,
    source::CHECKS,
    compat::CHECKS,
    weak::CHECKS,
    limit::CHECKS,
    reporting::CHECKS,
    vendor::CHECKS,
    xss::CHECKS,
    bot::CHECKS,
];

fn checks() -> impl Iterator<Item = &'static Check> {
    FAMILIES.iter().copied().flatten()
}

/// Runs every check over one policy; findings in order of place, then code.
///
/// Of one code at most [`MAX_FINDINGS_PER_CODE`] are told one by one; the last of them says how many more there are.
pub fn validate(policy: &Policy, source: &SourceText<'_>) -> Vec<Finding> {
    let subject = Subject::of(policy);
    let mut sink = Sink::new(policy.name_span);
    for check in checks() {
        match check.run {
            Run::Csp(run) | Run::Limit(run) => run(&subject, &mut sink),
            Run::Document(run) => run(policy, &mut sink),
            Run::Header(_) => {}
        }
    }
    sink.into_findings(&subject, source)
}

/// Runs the checks that hold for any Content-Security-Policy, and stands what is found about all of it at `whole`.
pub fn validate_csp(subject: &Subject<'_>, whole: Span, source: &SourceText<'_>) -> Vec<Finding> {
    let mut sink = Sink::new(whole);
    for check in checks() {
        if let Run::Csp(run) | Run::Header(run) = check.run {
            run(subject, &mut sink);
        }
    }
    sink.into_findings(subject, source)
}

/// Every code that a check can raise, ordered by id.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    checks().map(|check| check.code)
}

#[cfg(test)]
mod tests;
