//! A tenant as the flow sees it: two traits, reading it and writing to it, and their HTTP form.
//!
//! ```text
//! Tenant ─► auth (a token) ─► gate · pacer (a pause, a turn) ─► circuit (the breaker) ─► http (one request, one Reply) ─► transport
//!    ▲                                                                                     │
//!    └──────────────────────────── retry (again, wait, give up) ◄──────────────────────────┘
//! ```
//!
//! Tenants share nothing but tokens from the same source: each has its own connections, slots, pace and breaker.
//!
//! Every method ends in a typed [`Failure`] that tells the flow what to do; retries, pauses and the one repeat after a
//! refused token happen in here. Dropping a future stops its request: what was sent is then in doubt, which the ledger
//! knows how to resolve.

use std::future::Future;
use std::time::Duration;

use uuid::Uuid;

mod address;
mod answer;
mod auth;
mod cause;
mod circuit;
mod client;
mod date;
mod gate;
mod http;
mod job;
mod listing;
mod live;
mod meter;
mod pacer;
mod probe;
mod retry;
mod transport;
mod tuning;
mod webhook;
mod words;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

pub use auth::Tokens;
pub(crate) use cause::text as failure_text;
pub use client::{HttpTenant, RemoteError};
pub use date::date;
pub use meter::{Exchanged, Meter};
pub use transport::{Carried, Response, Transport};
pub use tuning::{Pace, Timeouts, Tuning};

use crate::breaker::BreakerState;
use crate::config::{Probe, Webhook};
use crate::outcome::{Failure, ProbeResult};
use crate::policy::PolicyName;
use crate::state::Job;

/// What came of a submit or a removal that the tenant took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Requests that it took.
    pub attempts: u32,
    /// How it goes on.
    pub next: Next,
}

/// How a taken submit goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It was done at once.
    Done {
        /// The tenant's own id of the policy, where it said one.
        policy_id: Option<String>,
    },
    /// A job does it.
    Job(Job),
}

/// What a job says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// Not ended.
    Running {
        /// The tenant's own pause before the next question.
        retry_after: Option<Duration>,
    },
    /// Ended well.
    Done {
        /// The tenant's own id of the policy, where it said one.
        policy_id: Option<String>,
    },
    /// Ended otherwise.
    Failed {
        /// The tenant's words, bounded, secrets redacted.
        message: String,
    },
}

/// A policy that a tenant lists as live.
#[derive(Debug, Clone, PartialEq)]
pub struct LivePolicy {
    /// The tenant's own id of it.
    pub policy_id: Option<String>,
    /// The name that chatward gave it, in `metadata.policyName`.
    pub name: Option<PolicyName>,
    /// The whole payload, as the tenant has it.
    pub payload: serde_json::Value,
}

/// Asking a tenant. Nothing there changes.
pub trait ReadTenant: Send + Sync {
    /// Obtains a token, if there is none.
    fn connect(&self) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Asks a job once. A job that the tenant does not know is [`LostJob`](crate::outcome::Fault::LostJob).
    fn job(&self, job: &Job, correlation: Uuid) -> impl Future<Output = Result<JobState, Failure>> + Send;

    /// Lists what is live, all pages, at most 100,000 policies. A tenant without live reads is
    /// [`NotOffered`](crate::outcome::Fault::NotOffered).
    fn live(&self, correlation: Uuid) -> impl Future<Output = Result<Vec<LivePolicy>, Failure>> + Send;

    /// Tries one probe against a policy's endpoint, or the tenant's. Never fails: what can't be tried is inconclusive.
    fn probe(
        &self,
        policy: Option<&PolicyName>,
        probe: &Probe,
        correlation: Uuid,
    ) -> impl Future<Output = ProbeResult> + Send;

    /// How the tenant's breaker stands.
    fn breaker(&self) -> BreakerState {
        BreakerState::Closed
    }

    /// Tells the breaker how long a job took, or how long it was waited for in vain.
    fn job_ended(&self, _took: Duration) {}

    /// How long requests wait for their turn now.
    fn queue(&self) -> Duration {
        Duration::ZERO
    }

    /// The ids of the registered webhooks of that name. A tenant may have several.
    fn find_webhooks(
        &self,
        name: &str,
        correlation: Uuid,
    ) -> impl Future<Output = Result<Vec<String>, Failure>> + Send;
}

/// What a change is asked for under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Under {
    /// Its idempotency key.
    pub key: Uuid,
    /// Its operation's id.
    pub correlation: Uuid,
    /// Whether it was asked for before, in another call, and may have been taken then.
    pub again: bool,
}

/// Changing a tenant. Each call is repeated under the same key alone.
pub trait WriteTenant: ReadTenant {
    /// Submits a policy.
    fn submit(&self, body: &[u8], under: Under) -> impl Future<Output = Result<Submitted, Failure>> + Send;

    /// Asks for the removal of a policy. One that is gone already is done.
    fn remove(
        &self,
        policy_id: &str,
        under: Under,
    ) -> impl Future<Output = Result<Submitted, Failure>> + Send;

    /// Registers a webhook: its id, where the tenant said one, and the requests that it took.
    fn register_webhook(
        &self,
        webhook: &Webhook,
        key: Uuid,
        correlation: Uuid,
    ) -> impl Future<Output = Result<(Option<String>, u32), Failure>> + Send;

    /// Removes a webhook: the requests that it took. One that is gone already is removed, and so this can be repeated
    /// at will.
    fn remove_webhook(
        &self,
        webhook_id: &str,
        correlation: Uuid,
    ) -> impl Future<Output = Result<u32, Failure>> + Send;
}
