//! What goes wrong on purpose: which requests a [`Fault`] meets, and what it makes of their answers.
//!
//! A fault is one line, `ENDPOINT:KIND[:MODIFIER=VALUE]…`, such as `submit:429:retry-after=2:every=3` or
//! `job:fail:policy=checkout-chat`; [`grammar`] reads and writes it. [`Faults`] counts, for every fault apart, the
//! requests that it could have met, so that the same requests in the same order always meet the same faults.
//!
//! Three families of kinds:
//!
//! * **instead** of the answer: a status, `reset`, `hang`, `redirect=URL`. The first that fires wins. Whether the
//!   request took effect all the same is `applied=yes|no`: by default it did for `reset` and `hang`, which leave the
//!   caller in doubt, and did not for the others.
//! * **to** the answer: `slow=DURATION`, `garbage`, `huge`, `truncated`, `no-location`, `location=VALUE`. All that
//!   fire add up, in their order.
//! * **the end of a job**: `complete`, `fail`, `cancel`, `expire`, `stuck`, `lost`, `weird-status`. They are decided
//!   when the job is made and count jobs, not requests, so that a job has one end however often it is asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::wire::Endpoint;
use crate::policy::TenantName;

mod effect;
pub mod grammar;

pub use grammar::{FaultError, ScenarioError};

/// One thing that goes wrong, with the requests it goes wrong for: `ENDPOINT:KIND[:MODIFIER=VALUE]…`.
///
/// `ENDPOINT` is `token`, `submit`, `job`, `list`, `get`, `delete`, `probe`, `webhook` or `any`.
///
/// | kind | what happens |
/// | --- | --- |
/// | a status, 200 to 599 | answered so; `body=plain\|problem\|error\|message\|errors\|html\|empty` is its shape |
/// | `reset` | the connection is cut once the request was read |
/// | `hang` | never answered |
/// | `redirect=URL` | 307 |
/// | `slow=DURATION` | answered late |
/// | `garbage`, `huge` | the body can't be read, or is over [`MAX_BODY`](super::MAX_BODY) |
/// | `truncated` | the connection is cut within the body |
/// | `no-location`, `location=VALUE` | of `submit` and `delete`; `{id}` in it is the job's id |
/// | `complete`, `fail`, `cancel`, `expire` | of `job`: it ends so |
/// | `stuck` | of `job`: it never ends |
/// | `lost` | of `job`: the tenant forgets it, and its idempotency key |
/// | `weird-status` | of `job`: a status that nobody knows until it is completed |
///
/// | modifier | of what |
/// | --- | --- |
/// | `after=N`, `first=N`, `every=N` | not the first N that it meets; then the first N; then each Nth |
/// | `policy=NAME`, `tenant=NAME` | only those |
/// | `applied=yes\|no` | whether the request takes effect although something else is answered |
/// | `retry-after=SECONDS`, `retry-after=http-date+SECONDS` | a header of the answer |
/// | `duration=DURATION` | how long the job takes |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub(super) scope: Scope,
    pub(super) kind: Kind,
    pub(super) retry_after: Option<RetryAfter>,
    pub(super) body: Option<BodyShape>,
    pub(super) applied: Option<bool>,
    pub(super) first: Option<u64>,
    pub(super) every: Option<u64>,
    pub(super) after: Option<u64>,
    pub(super) policy: Option<String>,
    pub(super) tenant: Option<TenantName>,
    pub(super) duration: Option<Duration>,
}

/// The endpoints of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Token,
    Submit,
    Job,
    List,
    Get,
    Delete,
    Probe,
    Webhook,
    Any,
}

impl Scope {
    fn covers(self, endpoint: Endpoint) -> bool {
        match self {
            Self::Any => true,
            Self::Token => endpoint == Endpoint::Token,
            Self::Submit => endpoint == Endpoint::Submit,
            Self::Job => endpoint == Endpoint::Job,
            Self::List => endpoint == Endpoint::List,
            Self::Get => endpoint == Endpoint::Get,
            Self::Delete => endpoint == Endpoint::Delete,
            Self::Probe => endpoint == Endpoint::Probe,
            Self::Webhook => matches!(
                endpoint,
                Endpoint::RegisterWebhook | Endpoint::ListWebhooks | Endpoint::DeleteWebhook
            ),
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Answered with that status instead.
    Status(u16),
    /// The connection is cut once the request was read.
    Reset,
    /// Never answered.
    Hang,
    /// Answered with a redirection instead.
    Redirect(String),
    /// Answered late.
    Slow(Duration),
    /// The body is not JSON, nor even text.
    Garbage,
    /// The body is over [`super::wire::MAX_BODY`], though still JSON.
    Huge,
    /// The connection is cut within the body.
    Truncated,
    /// No `Location`; the job's id in the body stays, unless `garbage` is there too.
    NoLocation,
    /// That `Location`; `{id}` in it stands for the job's id.
    Location(String),
    /// A job ends so.
    Job(Ending),
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ending {
    /// COMPLETED, and its change is live.
    #[default]
    Complete,
    /// FAILED.
    Fail,
    /// CANCELLED.
    Cancel,
    /// EXPIRED.
    Expire,
    /// Never.
    Stuck,
    /// It is forgotten at once, with its idempotency key: asked, the tenant answers 404.
    Lost,
    /// As [`Ending::Complete`], with a status that nobody knows until then.
    WeirdStatus,
}

/// The `Retry-After` of a fault's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryAfter {
    /// In seconds.
    Seconds(u32),
    /// As an HTTP-date so many seconds from now.
    Date(u32),
}

/// The shape of a status fault's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyShape {
    /// Text.
    Plain,
    /// RFC 9457.
    Problem,
    /// `{error, errorDescription}`.
    Error,
    /// `{message, code}`.
    Message,
    /// `{errors: [{field, message}]}`.
    Errors,
    /// A gateway's page.
    Html,
    /// Nothing.
    Empty,
}

impl Fault {
    /// Whether the request takes effect although something else is answered.
    pub(super) fn is_applied(&self) -> bool {
        self.applied.unwrap_or(matches!(self.kind, Kind::Reset | Kind::Hang))
    }

    /// Whether it stands in place of the answer.
    pub(super) fn replaces(&self) -> bool {
        matches!(self.kind, Kind::Status(_) | Kind::Reset | Kind::Hang | Kind::Redirect(_))
    }

    fn concerns(&self, tenant: &TenantName, policy: Option<&str>) -> bool {
        self.tenant.as_ref().is_none_or(|own| own == tenant)
            && self.policy.as_deref().is_none_or(|own| policy == Some(own))
    }

    /// Whether it fires for the `count`th request that it could meet, from 1.
    fn fires_at(&self, count: u64) -> bool {
        let Some(count) = count.checked_sub(self.after.unwrap_or(0)).filter(|count| *count > 0) else {
            return false;
        };
        self.first.is_none_or(|first| count <= first)
            && self.every.is_none_or(|every| count.is_multiple_of(every))
    }
}

/// All faults, with their counts.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(Fault, u64)>);

impl Faults {
    /// These faults, counted from 0.
    pub fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self(faults.into_iter().map(|fault| (fault, 0)).collect())
    }

    /// Whether any fault looks at the policy of a request.
    pub fn ask_for_policy(&self) -> bool {
        self.0.iter().any(|(fault, _)| fault.policy.is_some())
    }

    /// Counts one request; the faults that fire for it, in their order.
    pub fn on_request(
        &mut self,
        endpoint: Endpoint,
        tenant: &TenantName,
        policy: Option<&str>,
    ) -> Vec<Fault> {
        self.fire(|fault| {
            !matches!(fault.kind, Kind::Job(_))
                && fault.scope.covers(endpoint)
                && fault.concerns(tenant, policy)
        })
    }

    /// Counts one new job; how it ends, and after how long where a fault says so.
    pub fn on_job(&mut self, tenant: &TenantName, policy: &str) -> (Ending, Option<Duration>) {
        let fired = self
            .fire(|fault| matches!(fault.kind, Kind::Job(_)) && fault.concerns(tenant, Some(policy)))
            .into_iter()
            .next();
        match fired {
            Some(Fault { kind: Kind::Job(ending), duration, .. }) => (ending, duration),
            _ => (Ending::default(), None),
        }
    }

    fn fire(&mut self, meets: impl Fn(&Fault) -> bool) -> Vec<Fault> {
        let mut fired = Vec::new();
        for (fault, count) in self.0.iter_mut().filter(|(fault, _)| meets(fault)) {
            *count += 1;
            if fault.fires_at(*count) {
                fired.push(fault.clone());
            }
        }
        fired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Faults {
        Faults::new(Fault::parse_scenario(text).unwrap())
    }

    #[test]
    fn a_fault_fires_for_the_requests_it_counts() {
        let cases = [
            ("submit:503", [true, true, true, true, true, true]),
            ("submit:503:first=2", [true, true, false, false, false, false]),
            ("submit:503:after=2", [false, false, true, true, true, true]),
            ("submit:503:after=2:first=1", [false, false, true, false, false, false]),
            ("submit:503:every=3", [false, false, true, false, false, true]),
            ("submit:503:after=1:every=2", [false, false, true, false, true, false]),
            ("token:503", [false; 6]),
            ("submit:503:policy=other", [false; 6]),
            ("submit:503:tenant=other", [false; 6]),
            ("submit:503:policy=chat:tenant=acme:first=1", [true, false, false, false, false, false]),
        ];
        let tenant = "acme".parse().unwrap();
        for (line, expected) in cases {
            let mut faults = faults(line);
            let fired = expected.map(|_| {
                let fired = faults.on_request(Endpoint::Submit, &tenant, Some("chat"));
                faults.on_request(Endpoint::Other, &"elsewhere".parse().unwrap(), None);
                !fired.is_empty()
            });
            assert_eq!(fired, expected, "{line}");
        }
    }

    #[test]
    fn a_fault_of_a_job_counts_jobs() {
        let mut faults = faults("job:fail:after=1:first=1\njob:stuck:policy=slow\njob:complete:duration=9s");
        let tenant = "acme".parse().unwrap();
        let nine = Some(Duration::from_secs(9));
        assert!(faults.on_request(Endpoint::Job, &tenant, Some("chat")).is_empty());
        assert_eq!(faults.on_job(&tenant, "chat"), (Ending::Complete, nine));
        assert_eq!(faults.on_job(&tenant, "chat"), (Ending::Fail, None));
        assert_eq!(faults.on_job(&tenant, "slow"), (Ending::Stuck, None));
        assert_eq!(faults.on_job(&tenant, "chat"), (Ending::Complete, nine));
    }

    #[test]
    fn webhooks_are_one_endpoint_of_a_fault() {
        for endpoint in [Endpoint::RegisterWebhook, Endpoint::ListWebhooks, Endpoint::DeleteWebhook] {
            assert!(Scope::Webhook.covers(endpoint));
            assert!(Scope::Any.covers(endpoint));
            assert!(!Scope::Submit.covers(endpoint));
        }
    }
}
