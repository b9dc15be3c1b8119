//! What of an operation is timed, for whoever traces it: spans, which the log does not show.
//!
//! ```text
//! operation ─┬─ append      an entry's way to disk
//!            ├─ submit ──── call
//!            ├─ poll ────── call …
//!            └─ verify ──── probe …
//! ```
//!
//! A step of a plan is one span here. Which operation it is becomes known on its way, and may change there: an earlier one is
//! carried to its end before a newer one begins, and a roll-back follows a verdict. Its correlation id tells them apart.

use tracing::field::Empty;
use tracing::{Span, debug_span};
use uuid::Uuid;

use crate::digest::Digest;
use crate::outcome::{Outcome, Verification};
use crate::policy::PolicyId;

/// The span of what is done to one policy. Nothing is told of it before it [`goes_on`].
pub fn operation(id: &PolicyId) -> Span {
    debug_span!(
        "operation", tenant = %id.tenant, policy = %id.name, correlation = Empty, operation = Empty, digest = Empty,
        outcome = Empty, verification = Empty, error = Empty,
    )
}

/// From here on, the current span is about this operation.
pub fn goes_on(operation: impl std::fmt::Display, correlation: Uuid, digest: Digest) {
    about(&Span::current(), operation, correlation, digest);
}

/// The span of a verdict that comes after its operation's own.
pub fn verdict(id: &PolicyId, correlation: Uuid, digest: Digest) -> Span {
    let span = operation(id);
    about(&span, "verify", correlation, digest);
    span
}

fn about(span: &Span, operation: impl std::fmt::Display, correlation: Uuid, digest: Digest) {
    span.record("correlation", tracing::field::display(correlation));
    span.record("operation", tracing::field::display(operation));
    span.record("digest", tracing::field::display(digest));
}

/// What the current span's operation came to, as far as it got.
pub fn came_to(outcome: &Outcome, verification: Option<Verification>) {
    let span = Span::current();
    span.record("outcome", outcome.name());
    match outcome {
        Outcome::Stalled(failure) | Outcome::InDoubt(failure) => {
            span.record("error", failure.message.as_str());
        }
        Outcome::Done | Outcome::Waiting(_) => {}
    }
    if let Some(verification) = verification {
        span.record("verification", tracing::field::display(verification));
    }
}
