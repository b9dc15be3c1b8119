//! One pause for everyone: an endpoint that asks to slow down is left alone by all of a tenant's workers, not only by
//! the one that was told. After the pause one request goes first, and the others follow once it is not turned away.
//!
//! ```text
//! open ──429, Retry-After──► paused ──time──► trial ──any other answer──► open
//!                              ▲────429, or the caller went away────┘
//! ```

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::outcome::{Answer, Endpoint, MAX_RETRY_AFTER, Reply};

/// The gates of a tenant, one for each endpoint.
pub(super) struct Gates {
    /// Those that are not here are open.
    closed: Mutex<BTreeMap<Endpoint, Closed>>,
    changed: Notify,
    /// The pause after a 429 that names none.
    pause: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// Nobody goes before this.
    Until(Instant),
    /// One request is on its way, and all others wait for its answer.
    Trial,
}

/// Leave to send one request. Given back by [`leave`](Pass::leave), or by dropping it.
pub(super) struct Pass<'a> {
    gates: &'a Gates,
    endpoint: Endpoint,
    trial: bool,
}

impl Gates {
    pub fn new(pause: Duration) -> Self {
        Self { closed: Mutex::default(), changed: Notify::new(), pause }
    }

    /// Waits until the endpoint takes requests.
    pub async fn enter(&self, endpoint: Endpoint) -> Pass<'_> {
        loop {
            // Asked for before looking, so that no change in between is missed.
            let changed = self.changed.notified();
            let until = {
                let mut closed = self.closed();
                match closed.get(&endpoint) {
                    None => return Pass { gates: self, endpoint, trial: false },
                    Some(Closed::Until(until)) if *until <= Instant::now() => {
                        closed.insert(endpoint, Closed::Trial);
                        return Pass { gates: self, endpoint, trial: true };
                    }
                    Some(Closed::Until(until)) => Some(*until),
                    Some(Closed::Trial) => None,
                }
            };
            match until {
                Some(until) => sleep_until(until).await,
                None => changed.await,
            }
        }
    }

    fn closed(&self) -> MutexGuard<'_, BTreeMap<Endpoint, Closed>> {
        // Nothing can go wrong while it is held, so one that is poisoned is as good.
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long everyone has to wait after this reply, if at all.
    fn pause_after(&self, endpoint: Endpoint, reply: &Reply) -> Option<Duration> {
        match reply {
            // A probe is tried once, and what it tries is not the tenant's API.
            _ if endpoint == Endpoint::Probe => None,
            Reply::Answered(Answer { status: 429, retry_after, .. }) => {
                Some(retry_after.unwrap_or(self.pause))
            }
            Reply::Answered(Answer { status: 503, retry_after, .. }) => *retry_after,
            _ => None,
        }
        .map(|pause| pause.min(MAX_RETRY_AFTER))
    }
}

impl Pass<'_> {
    /// Says what came of the request.
    pub fn leave(mut self, reply: &Reply) {
        let pause = self.gates.pause_after(self.endpoint, reply);
        let trial = std::mem::take(&mut self.trial);
        let mut closed = self.gates.closed();
        match (pause, closed.get(&self.endpoint)) {
            (Some(pause), before) => {
                let until = Instant::now() + pause;
                // An answer that is late to say so does not shorten a longer pause.
                let until = match before {
                    Some(Closed::Until(longer)) => until.max(*longer),
                    _ => until,
                };
                closed.insert(self.endpoint, Closed::Until(until));
            }
            (None, Some(Closed::Trial)) if trial => {
                closed.remove(&self.endpoint);
            }
            (None, _) => return,
        }
        drop(closed);
        self.gates.changed.notify_waiters();
    }
}

impl Drop for Pass<'_> {
    /// A trial whose caller went away says nothing: the next one tries.
    fn drop(&mut self) {
        if !self.trial {
            return;
        }
        if let Some(trial @ Closed::Trial) = self.gates.closed().get_mut(&self.endpoint) {
            *trial = Closed::Until(Instant::now());
        }
        self.gates.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const PAUSE: Duration = Duration::from_secs(7);

    fn answered(status: u16, retry_after: Option<Duration>) -> Reply {
        Reply::Answered(Answer { status, retry_after, ..Answer::default() })
    }

    fn throttled() -> Reply {
        answered(429, Some(PAUSE))
    }

    #[tokio::test(start_paused = true)]
    async fn everyone_pauses_and_one_goes_first() {
        let gates = Gates::new(Duration::from_secs(1));
        let start = Instant::now();
        gates.enter(Endpoint::Submit).await.leave(&throttled());
        assert!(gates.enter(Endpoint::Submit).now_or_never().is_none());
        assert!(gates.enter(Endpoint::Job).now_or_never().is_some(), "other endpoints go on");

        let first = gates.enter(Endpoint::Submit).await;
        assert_eq!(start.elapsed(), PAUSE);
        assert!(gates.enter(Endpoint::Submit).now_or_never().is_none(), "one goes first");
        first.leave(&throttled());
        let first = gates.enter(Endpoint::Submit).await;
        assert_eq!(start.elapsed(), 2 * PAUSE);

        let second = gates.enter(Endpoint::Submit);
        tokio::pin!(second);
        assert!(second.as_mut().now_or_never().is_none());
        first.leave(&answered(500, None));
        let (_second, _third) = (second.await, gates.enter(Endpoint::Submit).await);
        assert_eq!(start.elapsed(), 2 * PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_whose_caller_goes_away_is_another_ones() {
        let gates = Gates::new(Duration::ZERO);
        gates.enter(Endpoint::Submit).await.leave(&answered(429, None));
        let first = gates.enter(Endpoint::Submit).await;
        let second = gates.enter(Endpoint::Submit);
        tokio::pin!(second);
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.await.trial);
    }

    #[tokio::test(start_paused = true)]
    async fn a_longer_pause_stays_and_an_early_answer_opens_nothing() {
        let gates = Gates::new(Duration::from_secs(1));
        let start = Instant::now();
        let passes = [(); 3].map(|()| gates.enter(Endpoint::Submit).now_or_never().unwrap());
        let replies = [throttled(), answered(429, None), answered(202, None)];
        for (pass, reply) in passes.into_iter().zip(replies) {
            pass.leave(&reply);
        }
        gates.enter(Endpoint::Submit).await.leave(&answered(202, None));
        assert_eq!(start.elapsed(), PAUSE);
    }

    #[test]
    fn who_asks_to_slow_down() {
        let gates = Gates::new(Duration::from_secs(1));
        let day = Some(Duration::from_secs(86_400));
        let rows = [
            (Endpoint::Submit, answered(429, None), Some(Duration::from_secs(1))),
            (Endpoint::Submit, answered(429, day), Some(MAX_RETRY_AFTER)),
            (Endpoint::Job, answered(503, Some(PAUSE)), Some(PAUSE)),
            (Endpoint::Job, answered(503, None), None),
            (Endpoint::Job, answered(200, Some(PAUSE)), None),
            (Endpoint::Probe, throttled(), None),
            (Endpoint::Submit, Reply::Lost(String::new()), None),
        ];
        for (endpoint, reply, expected) in rows {
            assert_eq!(gates.pause_after(endpoint, &reply), expected, "{endpoint} {reply:?}");
        }
    }
}
