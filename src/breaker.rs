//! When a tenant is left alone for a while, because asking it leads nowhere.
//!
//! ```text
//!            5 failures, or 5 slow jobs, in a row            30 s, doubled to 5 min
//! closed ───────────────────────────────────────► open ─────────────────────────────► trial: one request
//!    ▲                                              ▲──────────── it fails ─────────────────┤
//!    └──────────────────────────── it succeeds, and everything is forgotten ────────────────┘
//! ```
//!
//! A 429 is neither a success nor a failure: a tenant that asks to slow down works. Pure; time is passed in, and
//! [`crate::remote`] acts on what comes out.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// When the breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// So many failures, or slow jobs, in a row open it; at least 1.
    pub failures: u32,
    /// How long it is open at first; doubled each time that the trial fails.
    pub open: Duration,
    /// The longest that it is open.
    pub max_open: Duration,
    /// A job is slow if it takes longer than this.
    pub slow_after: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            failures: 5,
            open: Duration::from_secs(30),
            max_open: Duration::from_secs(300),
            slow_after: Duration::from_secs(60),
        }
    }
}

/// How a breaker stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum BreakerState {
    /// Everything is sent.
    #[default]
    Closed,
    /// Nothing is sent.
    Open {
        /// Until then.
        until: Timestamp,
        /// What opened it; bounded, secrets redacted.
        why: String,
    },
    /// One request is on its way, and all others wait for what comes of it.
    HalfOpen {
        /// What had opened it.
        why: String,
    },
}

impl BreakerState {
    /// Whether everything is sent.
    pub fn is_closed(&self) -> bool {
        *self == Self::Closed
    }

    /// Until when nothing is sent, if that is still to come.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Open { until, .. } if *until > now => Some(*until),
            _ => None,
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Open { until, why } => write!(f, "open until {}: {why}", until.strftime("%FT%TZ")),
            Self::HalfOpen { why } => write!(f, "half-open: {why}"),
        }
    }
}

/// What a request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It may leave; as the trial, if so.
    Go {
        /// Whether it decides how the breaker goes on.
        trial: bool,
    },
    /// It waits for what comes of the trial.
    Wait,
    /// It is not sent.
    Refused(Refused),
}

/// Why a request is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not sent: the tenant's breaker is open until {}: {why}", until.strftime("%FT%TZ"))]
pub struct Refused {
    /// Until when.
    pub until: Timestamp,
    /// What opened it.
    pub why: String,
}

/// The breaker of one tenant.
#[derive(Debug)]
pub struct Breaker {
    rules: Rules,
    state: BreakerState,
    /// Failures in a row.
    failures: u32,
    /// Slow jobs in a row.
    slow: u32,
    /// How long it is open the next time.
    length: Duration,
}

impl Breaker {
    /// A closed one.
    pub fn new(rules: Rules) -> Self {
        Self { rules, state: BreakerState::Closed, failures: 0, slow: 0, length: rules.open }
    }

    /// How it stands.
    pub fn state(&self) -> &BreakerState {
        &self.state
    }

    /// Why a request would be refused.
    pub fn refusal(&self, now: Timestamp) -> Option<Refused> {
        match &self.state {
            BreakerState::Open { until, why } if *until > now => {
                Some(Refused { until: *until, why: why.clone() })
            }
            _ => None,
        }
    }

    /// Whether a request may leave. The first one after the pause is the trial.
    pub fn admit(&mut self, now: Timestamp) -> Admission {
        if let Some(refused) = self.refusal(now) {
            return Admission::Refused(refused);
        }
        match &self.state {
            BreakerState::Closed => Admission::Go { trial: false },
            BreakerState::HalfOpen { .. } => Admission::Wait,
            BreakerState::Open { why, .. } => {
                self.state = BreakerState::HalfOpen { why: why.clone() };
                Admission::Go { trial: true }
            }
        }
    }

    /// A request was answered.
    pub fn succeeded(&mut self, trial: bool) {
        match self.state {
            BreakerState::Closed => self.failures = 0,
            BreakerState::HalfOpen { .. } if trial => *self = Self::new(self.rules),
            // It left before the breaker opened, and the trial is to come.
            _ => {}
        }
    }

    /// A request came to nothing that another try may not mend. `why` is bounded, secrets redacted.
    pub fn failed(&mut self, now: Timestamp, trial: bool, why: &str) {
        match self.state {
            BreakerState::Closed => {
                self.failures += 1;
                if self.failures >= self.rules.failures {
                    self.open(now, format!("{} failures in a row, the last: {why}", self.failures));
                }
            }
            BreakerState::HalfOpen { .. } if trial => self.open(now, format!("the trial failed: {why}")),
            _ => {}
        }
    }

    /// Nothing can be said of the trial: the next request is one.
    pub fn undecided(&mut self, now: Timestamp) {
        if let BreakerState::HalfOpen { why } = &self.state {
            self.state = BreakerState::Open { until: now, why: why.clone() };
        }
    }

    /// A job has ended, or its deadline has passed.
    pub fn job_ended(&mut self, now: Timestamp, took: Duration) {
        if !self.state.is_closed() {
            return;
        }
        if took <= self.rules.slow_after {
            self.slow = 0;
            return;
        }
        self.slow += 1;
        if self.slow >= self.rules.failures {
            let limit = humantime::format_duration(self.rules.slow_after);
            self.open(now, format!("{} jobs in a row took over {limit}", self.slow));
        }
    }

    fn open(&mut self, now: Timestamp, why: String) {
        let length = SignedDuration::try_from(self.length).unwrap_or(SignedDuration::MAX);
        let until = now.checked_add(length).unwrap_or(Timestamp::MAX);
        self.state = BreakerState::Open { until, why };
        self.length = self.length.saturating_mul(2).min(self.rules.max_open);
        (self.failures, self.slow) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// What is done to a breaker.
    #[derive(Debug, Clone, Copy)]
    enum Do {
        /// Asks for leave, and is let go.
        Go,
        /// Asks, and is the trial.
        Trial,
        /// Asks, and waits.
        Wait,
        /// Asks, and is refused until then.
        Refused(i64),
        Succeed,
        Fail,
        SucceedAsTrial,
        FailAsTrial,
        Undecided,
        Job(u64),
    }
    use Do::*;

    fn play(moves: &[(i64, Do)]) -> Breaker {
        let mut breaker = Breaker::new(Rules::default());
        for (second, one) in moves {
            let now = at(*second);
            let expected = match one {
                Go => Admission::Go { trial: false },
                Trial => Admission::Go { trial: true },
                Wait => Admission::Wait,
                Refused(until) => match breaker.admit(now) {
                    Admission::Refused(refused) if refused.until == at(*until) => continue,
                    other => panic!("at {second} s: {other:?}"),
                },
                Succeed | SucceedAsTrial => {
                    breaker.succeeded(matches!(one, SucceedAsTrial));
                    continue;
                }
                Fail | FailAsTrial => {
                    breaker.failed(now, matches!(one, FailAsTrial), "HTTP 503");
                    continue;
                }
                Undecided => {
                    breaker.undecided(now);
                    continue;
                }
                Job(seconds) => {
                    breaker.job_ended(now, Duration::from_secs(*seconds));
                    continue;
                }
            };
            assert_eq!(breaker.admit(now), expected, "at {second} s");
        }
        breaker
    }

    fn opened(moves: &[(i64, Do)]) -> Vec<(i64, Do)> {
        [[(0, Fail); 5].as_slice(), moves].concat()
    }

    #[test]
    fn failures_in_a_row_open_it() {
        play(&[(0, Go), (0, Fail), (0, Fail), (0, Fail), (0, Fail), (1, Go), (1, Fail), (1, Refused(31))]);
        play(&[(0, Fail), (0, Fail), (0, Fail), (0, Fail), (0, Succeed), (0, Fail), (0, Go)]);
        let breaker = play(&opened(&[(29, Refused(30))]));
        assert_eq!(
            breaker.state().to_string(),
            "open until 1970-01-01T00:00:30Z: 5 failures in a row, the last: HTTP 503"
        );
    }

    #[test]
    fn one_trial_decides_and_the_pause_doubles_to_its_cap() {
        play(&opened(&[(30, Trial), (30, Wait), (31, SucceedAsTrial), (31, Go), (31, Go)]));
        // What left before it opened decides nothing.
        play(&opened(&[
            (1, Succeed),
            (1, Fail),
            (2, Refused(30)),
            (30, Trial),
            (30, Succeed),
            (30, Fail),
            (30, Wait),
        ]));
        let doubled = [
            (30, Trial),
            (40, FailAsTrial),
            (99, Refused(100)),
            (100, Trial),
            (100, FailAsTrial),
            (101, Refused(220)),
            (220, Trial),
            (220, FailAsTrial),
            (221, Refused(460)),
            (460, Trial),
            (460, FailAsTrial),
            (461, Refused(760)),
            (760, Trial),
            (760, SucceedAsTrial),
        ];
        play(&opened(&doubled));
        // Closing resets it to the shortest.
        play(&opened(&[doubled.as_slice(), &[(800, Fail); 5], &[(801, Refused(830))]].concat()));
    }

    #[test]
    fn a_trial_that_says_nothing_is_followed_by_another() {
        play(&opened(&[(30, Trial), (35, Undecided), (35, Trial), (36, Wait)]));
        play(&[(0, Undecided), (0, Go)]);
    }

    #[test]
    fn slow_jobs_in_a_row_open_it() {
        let slow = [(0, Job(61)); 5];
        let breaker = play(&[slow.as_slice(), &[(0, Refused(30))]].concat());
        assert!(breaker.state().to_string().ends_with("5 jobs in a row took over 1m"));
        play(&[&slow[..4], &[(0, Job(60)), (0, Job(61)), (0, Go)]].concat());
        // A request that is answered says nothing about jobs.
        play(&[&slow[..4], &[(0, Succeed), (0, Job(61)), (0, Refused(30))]].concat());
        play(&[slow.as_slice(), &[(30, Trial), (30, SucceedAsTrial), (30, Job(61)), (30, Go)]].concat());
    }

    #[test]
    fn its_state_as_json() {
        let breaker = play(&opened(&[]));
        let json = serde_json::to_value(breaker.state()).unwrap();
        assert_eq!(json["state"], "open");
        assert_eq!(json["until"], "1970-01-01T00:00:30Z");
        assert_eq!(serde_json::from_value::<BreakerState>(json).unwrap(), *breaker.state());
        assert_eq!(breaker.state().open_until(at(29)), Some(at(30)));
        assert_eq!(breaker.state().open_until(at(30)), None);
        assert_eq!(
            serde_json::to_value(BreakerState::Closed).unwrap(),
            serde_json::json!({"state": "closed"})
        );
    }
}
