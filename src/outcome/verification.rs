//! What probes say, one by one and together.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Answer, Reply};

/// What one probe said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The endpoint stopped it: 403.
    Blocked,
    /// It went through: 2xx.
    Allowed,
    /// Neither can be said.
    Inconclusive,
}

impl Verdict {
    /// The verdict of a reply to a probe. `nosniff` says that `X-Content-Type-Options: nosniff` counts as blocked
    /// and was there.
    pub fn of(reply: &Reply, nosniff: bool) -> Self {
        match reply {
            Reply::Answered(Answer { status: 403, .. }) | Reply::Unreadable { status: 403, .. } => {
                Self::Blocked
            }
            Reply::Answered(answer) if (200..300).contains(&answer.status) && nosniff => Self::Blocked,
            Reply::Answered(Answer { status: 200..300, .. }) => Self::Allowed,
            _ => Self::Inconclusive,
        }
    }
}

/// What a probe should come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// It is harmful, and must be stopped.
    #[default]
    Blocked,
    /// It is harmless, and must get through: a control against false positives.
    Allowed,
}

/// One probe and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeResult {
    /// The probe's name.
    pub name: String,
    /// What it should have said.
    #[serde(default)]
    pub expected: Expected,
    /// What it said.
    pub verdict: Verdict,
    /// From the request's start to the answer, in milliseconds.
    pub latency_ms: u64,
}

impl ProbeResult {
    /// Whether it said what it should.
    pub fn is_met(&self) -> bool {
        matches!(
            (self.expected, self.verdict),
            (Expected::Blocked, Verdict::Blocked) | (Expected::Allowed, Verdict::Allowed)
        )
    }

    /// Whether it surely said the opposite; inconclusive is neither.
    pub fn is_missed(&self) -> bool {
        self.verdict != Verdict::Inconclusive && !self.is_met()
    }

    /// Whether something harmful got through.
    pub fn is_breach(&self) -> bool {
        self.expected == Expected::Blocked && self.verdict == Verdict::Allowed
    }
}

/// What all probes of a policy say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verification {
    /// Every probe could be tried, and as many as are required said what they should.
    Verified,
    /// Something that must be blocked was allowed, or the reverse, and fewer said what they should than are required.
    Degraded,
    /// That can't be said, but not everything could be tried either. Later passes probe again.
    Unverified,
    /// There is no endpoint to probe.
    #[default]
    NotConfigured,
}

impl Verification {
    /// What these results say together, where a success rate of `required` (from 0 to 1) is asked for.
    ///
    /// Only a probe that surely said the opposite of what it should makes a policy degraded: an endpoint that is down
    /// never does, however low the rate. With 1 required, which is the default, one such probe is enough. With less,
    /// so many of them are let pass, and what is inconclusive counts against the rate as the contract has it.
    pub fn of(results: &[ProbeResult], required: f64) -> Self {
        let inconclusive = || results.iter().any(|result| result.verdict == Verdict::Inconclusive);
        match results {
            [] => Self::NotConfigured,
            _ if results.iter().any(ProbeResult::is_missed) && success_rate(results) < required => {
                Self::Degraded
            }
            _ if inconclusive() => Self::Unverified,
            _ => Self::Verified,
        }
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verified => "verified",
            Self::Degraded => "degraded",
            Self::Unverified => "unverified",
            Self::NotConfigured => "not configured",
        })
    }
}

/// Whether these results are grounds for a roll-back: something harmful surely got through, and the rate would be too
/// low even if everything that is inconclusive had said what it should. Never because of an endpoint that is down, and
/// never because of a false positive alone.
pub fn calls_for_rollback(results: &[ProbeResult], required: f64) -> bool {
    results.iter().any(ProbeResult::is_breach) && share(results, |result| !result.is_missed()) < required
}

/// Probes that said what they should, out of all, from 0 to 1; 0 for none. Inconclusive ones did not.
pub fn success_rate(results: &[ProbeResult]) -> f64 {
    share(results, ProbeResult::is_met)
}

fn share(results: &[ProbeResult], holds: impl Fn(&ProbeResult) -> bool) -> f64 {
    let holding = results.iter().filter(|result| holds(result)).count();
    if results.is_empty() { 0.0 } else { holding as f64 / results.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Reply {
        Reply::Answered(Answer { status, ..Answer::default() })
    }

    #[test]
    fn verdicts() {
        assert_eq!(Verdict::of(&answered(403), false), Verdict::Blocked);
        assert_eq!(Verdict::of(&answered(200), false), Verdict::Allowed);
        assert_eq!(Verdict::of(&answered(200), true), Verdict::Blocked);
        for status in [301, 401, 404, 429, 500] {
            assert_eq!(Verdict::of(&answered(status), true), Verdict::Inconclusive, "{status}");
        }
        assert_eq!(Verdict::of(&Reply::NotSent(String::new()), true), Verdict::Inconclusive);
    }

    /// One letter a probe: `b`locked, `a`llowed or `i`nconclusive; in capitals where it should have been let through.
    fn results(letters: &str) -> Vec<ProbeResult> {
        let one = |letter: char| ProbeResult {
            name: "p".into(),
            expected: if letter.is_uppercase() { Expected::Allowed } else { Expected::Blocked },
            verdict: match letter.to_ascii_lowercase() {
                'b' => Verdict::Blocked,
                'a' => Verdict::Allowed,
                _ => Verdict::Inconclusive,
            },
            latency_ms: 1,
        };
        letters.chars().map(one).collect()
    }

    #[test]
    fn verdicts_add_up() {
        use Verification::*;
        let rows = [
            // results, required, what they are, rate, whether they call for a roll-back
            ("", 1.0, NotConfigured, 0.0, false),
            ("bb", 1.0, Verified, 1.0, false),
            ("bbbA", 1.0, Verified, 1.0, false),
            ("bi", 1.0, Unverified, 0.5, false),
            ("ii", 1.0, Unverified, 0.0, false),
            ("ii", 0.0, Unverified, 0.0, false),
            ("aibb", 1.0, Degraded, 0.5, true),
            ("aaaa", 1.0, Degraded, 0.0, true),
            // A false positive is wrong, but takes nothing away that protects.
            ("bbbB", 1.0, Degraded, 0.75, false),
            ("bbaB", 1.0, Degraded, 0.5, true),
            // So many may be missed as are not required.
            ("bbba", 0.75, Verified, 0.75, false),
            ("bbba", 0.76, Degraded, 0.75, true),
            ("bbia", 0.5, Unverified, 0.5, false),
            // The rate is too low, but perhaps only because of what could not be tried.
            ("bbia", 0.75, Degraded, 0.5, false),
            ("bbia", 0.8, Degraded, 0.5, true),
            ("aaaa", 0.0, Verified, 0.0, false),
        ];
        for (letters, required, verification, rate, rollback) in rows {
            let results = results(letters);
            assert_eq!(Verification::of(&results, required), verification, "{letters} {required}");
            assert_eq!(success_rate(&results), rate, "{letters}");
            assert_eq!(calls_for_rollback(&results, required), rollback, "{letters} {required}");
        }
    }

    #[test]
    fn results_of_before_there_were_expectations_are_read() {
        let old: ProbeResult =
            serde_json::from_str(r#"{"name": "p", "verdict": "blocked", "latencyMs": 3}"#).unwrap();
        assert_eq!((old.expected, old.is_met()), (Expected::Blocked, true));
    }
}
