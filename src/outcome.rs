//! What a request to a tenant came to, and what that means for the step that made it.
//!
//! [`classify`] is the table "what each answer means" as a function: reply in, class out. The I/O in
//! [`crate::remote`] makes [`Reply`] values and acts on [`Class`]es; it decides nothing itself.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod verification;

pub use verification::{Expected, ProbeResult, Verdict, Verification, calls_for_rollback, success_rate};

/// What a request is for. One budget, and one row of the table, each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// `POST` for an access token.
    Token,
    /// `POST` of a policy.
    Submit,
    /// `GET` of a job.
    Job,
    /// `GET` of live policies.
    Live,
    /// `DELETE` of a policy or a webhook.
    Remove,
    /// `POST` of a probe.
    Probe,
    /// Anything about webhooks.
    Webhook,
}

impl Endpoint {
    /// Whether a request that may have arrived changes something there.
    pub fn has_effect(self) -> bool {
        matches!(self, Self::Submit | Self::Remove | Self::Webhook)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "token",
            Self::Submit => "submit",
            Self::Job => "job",
            Self::Live => "live",
            Self::Remove => "remove",
            Self::Probe => "probe",
            Self::Webhook => "webhook",
        })
    }
}

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A whole answer.
    Answered(Answer),
    /// A status line, but a body that could not be read: over-long, cut off, or too slow.
    Unreadable {
        /// The status.
        status: u16,
        /// What was wrong with the body.
        why: String,
    },
    /// Nothing left this machine: refused, no such host, no TLS.
    NotSent(String),
    /// It was sent, or may have been, and no answer came.
    Lost(String),
}

/// A whole answer of a tenant. The body is at most 1 MiB.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Location`, as it was sent.
    pub location: Option<String>,
    /// `Retry-After`, from the moment of the answer.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// The longest that a `Retry-After` is heeded.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// What a reply means, whatever the endpoint's business is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It worked; the body says what came of it.
    Success,
    /// The token is not taken: fetch another, once.
    Token,
    /// The tenant knows us and refuses. Asked again only at the slow interval.
    Forbidden,
    /// The tenant refuses what was sent: the same bytes will be refused again.
    Rejected,
    /// The tenant has nothing at this address.
    NotFound,
    /// The tenant does not offer this.
    NotOffered,
    /// Worth another try, after the tenant's own pause if it named one.
    Transient(Option<Duration>),
    /// It may have been done. Repeated only under the same idempotency key.
    InDoubt,
}

/// What a reply of an endpoint means.
pub fn classify(endpoint: Endpoint, reply: &Reply) -> Class {
    let answer = match reply {
        Reply::NotSent(_) => return Class::Transient(None),
        Reply::Lost(_) | Reply::Unreadable { .. } if endpoint.has_effect() => return Class::InDoubt,
        Reply::Lost(_) | Reply::Unreadable { .. } => return Class::Transient(None),
        Reply::Answered(answer) => answer,
    };
    match answer.status {
        200..=299 => Class::Success,
        401 if endpoint == Endpoint::Token => Class::Forbidden,
        401 => Class::Token,
        403 => Class::Forbidden,
        408 | 425 | 429 | 500 | 502 | 503 | 504 => {
            Class::Transient(answer.retry_after.map(|pause| pause.min(MAX_RETRY_AFTER)))
        }
        404 if matches!(endpoint, Endpoint::Job | Endpoint::Remove) => Class::NotFound,
        404 | 405 | 501 if matches!(endpoint, Endpoint::Live | Endpoint::Webhook) => Class::NotOffered,
        405 | 501 if endpoint == Endpoint::Remove => Class::NotOffered,
        // Everything else says that this request, as it is, will not be taken: the 4xx, and redirects, which are not
        // followed because no header of ours may go on to wherever they point.
        _ => Class::Rejected,
    }
}

/// Why something that a tenant was asked for did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The credentials are refused; terminal until they change.
    Credentials,
    /// 403: terminal for this cycle.
    Forbidden,
    /// The tenant refuses what was sent; terminal for this digest.
    Rejected,
    /// A `Location` at another origin, or no URL at all.
    RefusedLocation,
    /// The job ended as failed, cancelled or expired.
    JobFailed,
    /// The job is not known to the tenant any more.
    LostJob,
    /// Transient, and every try was used.
    Unavailable,
    /// Whether it was done is not known.
    InDoubt,
    /// The tenant does not offer this.
    NotOffered,
    /// Something on our own side, such as a payload that can't be written.
    Internal,
}

/// A failed request or operation: what it means, the tenant's own words, and how often it was tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What it means.
    pub fault: Fault,
    /// For people; bounded, secrets redacted.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
}

impl Failure {
    /// A failure.
    pub fn new(fault: Fault, message: impl Into<String>, attempts: u32) -> Self {
        Self { fault, message: message.into(), attempts }
    }
}

/// What one step of a plan ended in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The tenant has it.
    Done,
    /// Not ended yet, and recorded: a later pass goes on with it.
    Waiting(String),
    /// Ended without effect.
    Stalled(Failure),
    /// Whether it was done is not known; a later pass finds out before anything else is sent.
    InDoubt(Failure),
}

impl Outcome {
    /// Its name, as metrics and traces have it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waiting(_) => "waiting",
            Self::Stalled(_) => "failed",
            Self::InDoubt(_) => "in-doubt",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Reply {
        Reply::Answered(Answer { status, ..Answer::default() })
    }

    #[test]
    fn every_answer_has_its_class() {
        use Endpoint::*;
        let all = [Token, Submit, Job, Live, Remove, Probe, Webhook];
        let transient = Class::Transient(None);
        for endpoint in all {
            for status in [200, 201, 202, 204] {
                assert_eq!(classify(endpoint, &answered(status)), Class::Success, "{endpoint} {status}");
            }
            for status in [408, 425, 429, 500, 502, 503, 504] {
                assert_eq!(classify(endpoint, &answered(status)), transient, "{endpoint} {status}");
            }
            for status in [301, 302, 307, 400, 409, 413, 415, 422] {
                assert_eq!(classify(endpoint, &answered(status)), Class::Rejected, "{endpoint} {status}");
            }
            assert_eq!(classify(endpoint, &answered(403)), Class::Forbidden, "{endpoint}");
            assert_eq!(classify(endpoint, &Reply::NotSent("refused".into())), transient, "{endpoint}");
        }
        let rows: &[(Endpoint, u16, Class)] = &[
            (Token, 401, Class::Forbidden),
            (Submit, 401, Class::Token),
            (Job, 401, Class::Token),
            (Submit, 404, Class::Rejected),
            (Job, 404, Class::NotFound),
            (Remove, 404, Class::NotFound),
            (Live, 404, Class::NotOffered),
            (Live, 405, Class::NotOffered),
            (Live, 501, Class::NotOffered),
            (Remove, 405, Class::NotOffered),
            (Webhook, 501, Class::NotOffered),
            (Submit, 501, Class::Rejected),
        ];
        for (endpoint, status, class) in rows {
            assert_eq!(classify(*endpoint, &answered(*status)), *class, "{endpoint} {status}");
        }
    }

    #[test]
    fn what_may_have_arrived_is_in_doubt_only_where_it_has_an_effect() {
        for reply in
            [Reply::Lost("reset".into()), Reply::Unreadable { status: 202, why: "over 1 MiB".into() }]
        {
            for endpoint in [Endpoint::Submit, Endpoint::Remove, Endpoint::Webhook] {
                assert_eq!(classify(endpoint, &reply), Class::InDoubt, "{endpoint}");
            }
            for endpoint in [Endpoint::Token, Endpoint::Job, Endpoint::Live, Endpoint::Probe] {
                assert_eq!(classify(endpoint, &reply), Class::Transient(None), "{endpoint}");
            }
        }
    }

    #[test]
    fn retry_after_is_clamped() {
        let reply = Reply::Answered(Answer {
            status: 429,
            retry_after: Some(Duration::from_secs(3600)),
            ..Answer::default()
        });
        assert_eq!(classify(Endpoint::Submit, &reply), Class::Transient(Some(MAX_RETRY_AFTER)));
    }
}
