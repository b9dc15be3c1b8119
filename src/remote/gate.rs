//! One pause for everyone: an endpoint that asks to slow down is left alone by all of a tenant's workers, not only by
//! the one that was told. After the pause one request goes first, and the others follow once it is not turned away, at
//! the tenant's pace.
//!
//! ```text
//! open ──429, Retry-After──► paused ──time──► trial ──any other answer──► open
//!                              ▲────429, or the caller went away────┘
//! ```
//!
//! A request waits for its endpoint without a slot, so that a pause of one endpoint holds no other up. It waits for its
//! turn in the pace with one, so that those before it in the queue stay before it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::pacer::Pacer;
use crate::outcome::{Answer, Endpoint, MAX_RETRY_AFTER, Reply};

/// The gates of a tenant, one for each endpoint, and the pace behind them all.
pub(super) struct Gates {
    shared: Mutex<Shared>,
    changed: Notify,
    /// How many requests may be on their way.
    slots: Semaphore,
    /// What the pace counts its moments from.
    start: Instant,
    /// The pause after a 429 that names none.
    pause: Duration,
}

struct Shared {
    /// Those that are not here are open.
    closed: BTreeMap<Endpoint, Closed>,
    pacer: Pacer,
    /// How many requests wait for a slot or their turn.
    waiting: usize,
    /// How long the one waited that went last.
    waited: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// Nobody goes before this.
    Until(Instant),
    /// One request is on its way, and all others wait for its answer.
    Trial,
}

/// What a request that would leave now meets.
enum Gate {
    Open {
        /// Whether it is the one that goes first.
        trial: bool,
    },
    Closed,
    /// Open, but the next turn is only then.
    Turn(Instant),
}

/// Leave to send one request. Given back by [`leave`](Pass::leave), or by dropping it.
pub(super) struct Pass<'a> {
    gates: &'a Gates,
    endpoint: Endpoint,
    sent: Instant,
    throttled: Duration,
    trial: bool,
    /// None only if the semaphore were closed, which it never is; a request without a slot would still be a right one.
    _slot: Option<SemaphorePermit<'a>>,
}

impl Gates {
    /// For so many requests at once, and never more than `ceiling` in a second.
    pub fn new(in_flight: usize, ceiling: Option<u32>, pause: Duration) -> Self {
        Self {
            shared: Mutex::new(Shared {
                closed: BTreeMap::new(),
                pacer: Pacer::new(ceiling),
                waiting: 0,
                waited: Duration::ZERO,
            }),
            changed: Notify::new(),
            slots: Semaphore::new(in_flight.max(1)),
            start: Instant::now(),
            pause,
        }
    }

    /// Waits until the endpoint takes requests, a slot is free, and it is this one's turn.
    pub async fn enter(&self, endpoint: Endpoint) -> Pass<'_> {
        let mut throttled = Duration::ZERO;
        loop {
            let waits = Instant::now();
            self.opened(endpoint).await;
            throttled += waits.elapsed();
            let queued = Queued::new(self);
            let slot = self.slots.acquire().await.ok();
            loop {
                let gate = self.shared().pass(endpoint, self.start);
                match gate {
                    Gate::Open { trial } => {
                        self.shared().waited = queued.since.elapsed();
                        let sent = Instant::now();
                        return Pass { gates: self, endpoint, sent, throttled, trial, _slot: slot };
                    }
                    Gate::Turn(turn) => {
                        throttled += turn.saturating_duration_since(Instant::now());
                        sleep_until(turn).await;
                    }
                    // It closed while this one waited: the slot is for others.
                    Gate::Closed => break,
                }
            }
        }
    }

    /// How long a request waits for a slot and its turn now, as far as is known.
    pub fn queue(&self) -> Duration {
        let shared = self.shared();
        if shared.waiting == 0 { Duration::ZERO } else { shared.waited }
    }

    /// Waits until the endpoint takes requests, or may take one.
    async fn opened(&self, endpoint: Endpoint) {
        loop {
            // Asked for before looking, so that no change in between is missed.
            let changed = self.changed.notified();
            let closed = self.shared().closed(endpoint);
            match closed {
                None => return,
                Some(Closed::Until(until)) => sleep_until(until).await,
                Some(Closed::Trial) => changed.await,
            }
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // Nothing can go wrong while it is held, so one that is poisoned is as good.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
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

/// One that waits for a slot and its turn; dropped, it does not wait any more.
struct Queued<'a> {
    gates: &'a Gates,
    since: Instant,
}

impl<'a> Queued<'a> {
    fn new(gates: &'a Gates) -> Self {
        gates.shared().waiting += 1;
        Self { gates, since: Instant::now() }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.gates.shared().waiting -= 1;
    }
}

impl Shared {
    /// What keeps everyone from the endpoint now.
    fn closed(&self, endpoint: Endpoint) -> Option<Closed> {
        self.closed
            .get(&endpoint)
            .copied()
            .filter(|closed| !matches!(closed, Closed::Until(until) if *until <= Instant::now()))
    }

    /// Lets one request through, if one may go now.
    fn pass(&mut self, endpoint: Endpoint, start: Instant) -> Gate {
        if self.closed(endpoint).is_some() {
            return Gate::Closed;
        }
        if is_paced(endpoint)
            && let Err(turn) = self.pacer.take(start.elapsed())
        {
            return Gate::Turn(start + turn);
        }
        // Open, or a pause that is over: then this is the one that goes first.
        let paused = self.closed.get_mut(&endpoint);
        let trial = paused.is_some();
        if let Some(paused) = paused {
            *paused = Closed::Trial;
        }
        Gate::Open { trial }
    }
}

/// Whether the pace is for this endpoint. A token comes from elsewhere, and a probe is no request to the API.
fn is_paced(endpoint: Endpoint) -> bool {
    !matches!(endpoint, Endpoint::Token | Endpoint::Probe)
}

impl Pass<'_> {
    /// How long a pause or the pace kept it back; the wait for a slot is not in it.
    pub fn throttled(&self) -> Duration {
        self.throttled
    }

    /// Says what came of the request.
    pub fn leave(mut self, reply: &Reply) {
        let (gates, endpoint, now) = (self.gates, self.endpoint, Instant::now());
        let pause = gates.pause_after(endpoint, reply);
        let trial = std::mem::take(&mut self.trial);
        let mut shared = gates.shared();
        if is_paced(endpoint) {
            let since = |moment: Instant| moment.saturating_duration_since(gates.start);
            match (reply, pause) {
                (Reply::Answered(Answer { status: 429, .. }), Some(pause)) => {
                    shared.pacer.throttled(since(self.sent), since(now), since(now + pause));
                }
                (Reply::Answered(_), _) => shared.pacer.accepted(since(now)),
                _ => {}
            }
        }
        match (pause, shared.closed.get(&endpoint)) {
            (Some(pause), before) => {
                let until = now + pause;
                // An answer that is late to say so does not shorten a longer pause.
                let until = match before {
                    Some(Closed::Until(longer)) => until.max(*longer),
                    _ => until,
                };
                shared.closed.insert(endpoint, Closed::Until(until));
            }
            (None, Some(Closed::Trial)) if trial => {
                shared.closed.remove(&endpoint);
            }
            (None, _) => return,
        }
        drop(shared);
        gates.changed.notify_waiters();
    }
}

impl Drop for Pass<'_> {
    /// A trial whose caller went away says nothing: the next one tries.
    fn drop(&mut self) {
        if !self.trial {
            return;
        }
        if let Some(trial @ Closed::Trial) = self.gates.shared().closed.get_mut(&self.endpoint) {
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
        let gates = Gates::new(5, None, Duration::from_secs(1));
        let start = Instant::now();
        gates.enter(Endpoint::Submit).await.leave(&throttled());
        assert!(gates.enter(Endpoint::Submit).now_or_never().is_none());
        gates.enter(Endpoint::Job).await.leave(&answered(200, None));
        assert!(start.elapsed() < PAUSE, "other endpoints go on");

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
        assert!(start.elapsed() < 3 * PAUSE, "then all go, at the pace");
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_whose_caller_goes_away_is_another_ones() {
        let gates = Gates::new(5, None, Duration::ZERO);
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
        let gates = Gates::new(5, None, Duration::from_secs(1));
        let start = Instant::now();
        let passes = [(); 3].map(|()| gates.enter(Endpoint::Submit).now_or_never().unwrap());
        let replies = [throttled(), answered(429, None), answered(202, None)];
        for (pass, reply) in passes.into_iter().zip(replies) {
            pass.leave(&reply);
        }
        gates.enter(Endpoint::Submit).await.leave(&answered(202, None));
        assert_eq!(start.elapsed(), PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn behind_a_429_all_endpoints_keep_to_the_pace() {
        let gates = Gates::new(5, None, Duration::from_secs(1));
        let start = Instant::now();
        for _ in 0..20 {
            gates.enter(Endpoint::Submit).await.leave(&answered(202, None));
        }
        gates.enter(Endpoint::Submit).await.leave(&throttled());
        assert_eq!(start.elapsed(), Duration::ZERO, "free until then");
        for _ in 0..36 {
            gates.enter(Endpoint::Job).await.leave(&answered(200, None));
        }
        let paced = start.elapsed().as_secs_f64();
        assert!((1.95..2.1).contains(&paced), "18 a second: {paced} s");
        drop((gates.enter(Endpoint::Probe).await, gates.enter(Endpoint::Token).await));
        assert_eq!(start.elapsed().as_secs_f64(), paced, "neither is the tenant's API");
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_endpoint_holds_no_slot_that_another_needs() {
        let gates = Gates::new(1, None, Duration::from_secs(1));
        let start = Instant::now();
        let under_way = gates.enter(Endpoint::Submit).await;
        let queued = gates.enter(Endpoint::Submit);
        tokio::pin!(queued);
        assert!(queued.as_mut().now_or_never().is_none(), "its endpoint is open, but there is no slot");
        under_way.leave(&throttled());
        assert!(queued.as_mut().now_or_never().is_none(), "it closed meanwhile");
        gates.enter(Endpoint::Job).await.leave(&answered(200, None));
        assert!(start.elapsed() < PAUSE);
        queued.await;
        assert_eq!(start.elapsed(), PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_is_as_long_as_the_last_one_waited_in_it() {
        let gates = Gates::new(5, Some(10), Duration::from_secs(1));
        assert_eq!(gates.queue(), Duration::ZERO);
        let [first, second, third] = [(); 3].map(|()| gates.enter(Endpoint::Job));
        tokio::join!(
            async { first.await.leave(&answered(200, None)) },
            async {
                second.await.leave(&answered(200, None));
                assert_eq!(gates.queue(), Duration::from_millis(100), "there is still one behind it");
            },
            async { third.await.leave(&answered(200, None)) }
        );
        assert_eq!(gates.queue(), Duration::ZERO, "nobody waits any more");
    }

    #[test]
    fn who_asks_to_slow_down() {
        let gates = Gates::new(5, None, Duration::from_secs(1));
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
