//! The direction of a change: whether what is wanted guards a chat better or worse than what is applied, and why.
//!
//! Two payloads are compared by what they mean, part by part: `csp` by what each policy allows, `filters` by the rules
//! against scripts and bots. Each part gives reasons, each with a direction of its own, and the reasons together give
//! that of the change. What can't be put in an order (a mode that nobody here knows) counts for both directions, so
//! it never passes for harmless.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::csp::Directives;
use crate::payload::Payload;
use crate::printable::printable;

mod csp;
mod filters;
pub mod header;

pub use csp::directives;

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// It allows what was allowed.
    #[default]
    Neutral,
    /// It allows less.
    Strengthens,
    /// It allows more.
    Weakens,
    /// It does both, or nobody here can tell.
    Mixed,
}

impl Direction {
    /// The direction of two changes together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Neutral, only) | (only, Self::Neutral) => only,
            (Self::Strengthens, Self::Strengthens) => Self::Strengthens,
            (Self::Weakens, Self::Weakens) => Self::Weakens,
            _ => Self::Mixed,
        }
    }

    /// Whether anything gets weaker, as far as is known.
    pub const fn weakens(self) -> bool {
        matches!(self, Self::Weakens | Self::Mixed)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Neutral => "neutral",
            Self::Strengthens => "strengthens",
            Self::Weakens => "weakens",
            Self::Mixed => "mixed",
        })
    }
}

/// One thing that gets stronger or weaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Its own direction; mixed where nobody can tell.
    pub direction: Direction,
    /// What, on one bounded line.
    pub text: String,
}

impl Reason {
    /// The longest text, in characters.
    const MAX_TEXT: usize = 300;
}

/// The direction of a change, and what makes it that.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    /// Of all reasons together, those that are not listed too.
    pub direction: Direction,
    /// The first [`Assessment::MAX_REASONS`] of them, what weakens first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// How many there are besides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_reasons: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Assessment {
    /// The longest list of reasons.
    pub const MAX_REASONS: usize = 10;

    /// The change from one payload to another.
    pub fn of(old: &Payload, new: &Payload) -> Self {
        let mut reasons = Reasons::default();
        let (old_profile, new_profile) = (&old.security_profile, &new.security_profile);
        csp::compare(
            &old_profile.content_security_policy,
            &new_profile.content_security_policy,
            &mut reasons,
        );
        filters::compare_xss(&old_profile.xss_protection, &new_profile.xss_protection, &mut reasons);
        filters::compare_bots(&old_profile.bot_detection, &new_profile.bot_detection, &mut reasons);
        if old.channel_type != new.channel_type {
            let (old, new) = (&old.channel_type, &new.channel_type);
            reasons.unclear(&format!("channel changed from {old} to {new}"));
        }
        reasons.assessed()
    }

    /// The change from one Content-Security-Policy to another, whatever carries them.
    pub fn of_policies(old: &Directives, new: &Directives) -> Self {
        let mut reasons = Reasons::default();
        csp::compare_policies(old, new, &mut reasons);
        reasons.assessed()
    }

    /// The removal of a policy.
    pub fn of_removal() -> Self {
        let mut reasons = Reasons::default();
        reasons.weaker("the policy is removed, with all that it restricted");
        reasons.assessed()
    }

    /// A change from something that can't be read any more.
    pub fn of_unknown() -> Self {
        let mut reasons = Reasons::default();
        reasons.unclear("what is applied can't be read, so it can't be compared");
        reasons.assessed()
    }

    /// This change or another one, whichever it turns out to be.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let more = self.more_reasons + other.more_reasons;
        let mut both = Reasons([self.reasons, other.reasons].concat()).assessed();
        both.more_reasons += more;
        both.direction = self.direction.and(other.direction);
        both
    }

    /// Every reason in one line.
    pub fn summary(&self) -> String {
        let texts: Vec<&str> = self.reasons.iter().map(|reason| &*reason.text).collect();
        let more = match self.more_reasons {
            0 => String::new(),
            count => format!("; and {count} more"),
        };
        texts.join("; ") + &more
    }
}

/// Reasons while they are gathered.
#[derive(Debug, Default)]
struct Reasons(Vec<Reason>);

impl Reasons {
    fn weaker(&mut self, text: &str) {
        self.add(Direction::Weakens, text);
    }

    fn stronger(&mut self, text: &str) {
        self.add(Direction::Strengthens, text);
    }

    fn unclear(&mut self, text: &str) {
        self.add(Direction::Mixed, text);
    }

    /// Stronger where something is so now that was not, weaker where it was so and is not now.
    fn flips(&mut self, (old, new): (bool, bool), now: &str, no_longer: &str) {
        match (old, new) {
            (false, true) => self.stronger(now),
            (true, false) => self.weaker(no_longer),
            _ => {}
        }
    }

    fn add(&mut self, direction: Direction, text: &str) {
        self.0.push(Reason { direction, text: printable(text, Reason::MAX_TEXT) });
    }

    fn assessed(self) -> Assessment {
        let mut reasons: Vec<Reason> = Vec::with_capacity(self.0.len());
        for reason in self.0 {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let direction =
            reasons.iter().fold(Direction::Neutral, |direction, reason| direction.and(reason.direction));
        reasons.sort_by_key(|reason| match reason.direction {
            Direction::Weakens => 0,
            Direction::Mixed => 1,
            Direction::Strengthens | Direction::Neutral => 2,
        });
        let more_reasons = reasons.len().saturating_sub(Assessment::MAX_REASONS);
        reasons.truncate(Assessment::MAX_REASONS);
        Assessment { direction, reasons, more_reasons }
    }
}

#[cfg(test)]
mod tests;
