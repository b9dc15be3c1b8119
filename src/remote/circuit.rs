//! A tenant's breaker with its clock, and those who wait for a trial: the I/O around [`crate::breaker`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{info, warn};

use super::answer::{Settled, status_of};
use crate::breaker::{Admission, Breaker, BreakerState, Refused, Rules};
use crate::outcome::{Class, Reply};
use crate::policy::TenantName;

/// The breaker of one tenant.
pub(super) struct Circuit {
    tenant: TenantName,
    breaker: Mutex<Breaker>,
    /// A trial has ended.
    decided: Notify,
    /// The wall clock at some moment; it goes on from there by the steady one, so that setting it moves nothing.
    start: (Timestamp, Instant),
}

/// Leave to send one request, as far as the breaker goes. Dropped without a word, it says nothing of the tenant.
pub(super) struct Permit<'a> {
    circuit: &'a Circuit,
    trial: bool,
}

impl Circuit {
    pub fn new(tenant: TenantName, rules: Rules, now: SystemTime) -> Self {
        let now = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
        Self {
            tenant,
            breaker: Mutex::new(Breaker::new(rules)),
            decided: Notify::new(),
            start: (now, Instant::now()),
        }
    }

    /// How it stands.
    pub fn state(&self) -> BreakerState {
        self.breaker().state().clone()
    }

    /// Fails at once while nothing is sent anyway.
    pub fn check(&self) -> Result<(), Refused> {
        self.breaker().refusal(self.now()).map_or(Ok(()), Err)
    }

    /// Leave to send a request, after the trial's end if there is one.
    pub async fn enter(&self) -> Result<Permit<'_>, Refused> {
        loop {
            // Asked for before looking, so that no change in between is missed.
            let decided = self.decided.notified();
            let admission = self.change(|breaker, now| breaker.admit(now));
            match admission {
                Admission::Go { trial } => return Ok(Permit { circuit: self, trial }),
                Admission::Refused(refused) => return Err(refused),
                Admission::Wait => decided.await,
            }
        }
    }

    /// A job has ended, or its deadline has passed.
    pub fn job_ended(&self, took: Duration) {
        self.change(|breaker, now| breaker.job_ended(now, took));
    }

    /// Does something to the breaker, and logs it where that changes how it stands.
    fn change<T>(&self, act: impl FnOnce(&mut Breaker, Timestamp) -> T) -> T {
        let now = self.now();
        let mut breaker = self.breaker();
        let before = breaker.state().clone();
        let done = act(&mut breaker, now);
        let after = breaker.state().clone();
        drop(breaker);
        if before != after {
            self.decided.notify_waiters();
            self.log(&after);
        }
        done
    }

    fn log(&self, state: &BreakerState) {
        let tenant = &self.tenant;
        match state {
            BreakerState::Open { until, why } => warn!(
                name: "tenant.breaker", %tenant, state = "open", %until, why, "tenant {tenant}: its breaker is {state}",
            ),
            BreakerState::HalfOpen { why } => info!(
                name: "tenant.breaker", %tenant, state = "half-open", why,
                "tenant {tenant}: its breaker is half-open: one request is tried",
            ),
            BreakerState::Closed => {
                info!(name: "tenant.breaker", %tenant, state = "closed", "tenant {tenant}: its breaker is closed");
            }
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // Nothing can go wrong while it is held, so one that is poisoned is as good.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        let (wall, steady) = self.start;
        let passed = SignedDuration::try_from(steady.elapsed()).unwrap_or(SignedDuration::MAX);
        wall.checked_add(passed).unwrap_or(Timestamp::MAX)
    }
}

impl Permit<'_> {
    /// Says what came of the request. `words` tells a reply, bounded, secrets redacted.
    pub fn leave<T>(mut self, settled: &Settled<T>, words: impl FnOnce(&Reply) -> String) {
        let trial = self.trial;
        match settled {
            // It works, and asks to slow down: if this was the trial, the next request is one.
            Settled::Open(reply, _) if status_of(reply) == Some(429) => return,
            Settled::Open(reply, Class::Transient(_) | Class::InDoubt) => {
                let why = words(reply);
                self.circuit.change(|breaker, now| breaker.failed(now, trial, &why));
            }
            _ => self.circuit.change(|breaker, _| breaker.succeeded(trial)),
        }
        self.trial = false;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.trial {
            self.circuit.change(|breaker, now| breaker.undecided(now));
        }
    }
}
