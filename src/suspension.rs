//! Until when something is left alone, and why: as a document's annotation and the command line say it.
//!
//! ```yaml
//! metadata:
//!   annotations:
//!     chatward.dev/suspend: "2026-12-01T00:00Z the campaign must not change until then"
//! ```
//!
//! Who is suspended by whom is known to [`crate::state`] and [`crate::plan`]; this is what both are made of.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::printable::printable;

/// The longest reason, in characters.
pub const MAX_REASON: usize = 300;

/// Until when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// From then on it is over.
    pub until: Timestamp,
    /// For whoever reads the status or the audit.
    pub reason: Arc<str>,
}

/// Why a text says no term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// It does not begin with a time.
    #[error("it begins with no time")]
    NoTime,
    /// Its first word was meant to be one.
    #[error("{0:?} is no time")]
    BadTime(String),
    /// There is nothing behind the time.
    #[error("there is no reason behind the time")]
    NoReason,
    /// There is too much.
    #[error("the reason is longer than {MAX_REASON} characters")]
    LongReason,
    /// It was over when it was asked for.
    #[error("{0:.0} is over already")]
    Over(Timestamp),
}

impl TermError {
    /// What to write.
    pub const HELP: &str =
        "write when it ends, as RFC 3339 with its offset, and why: \"2026-12-01T00:00Z the reason\"";
}

impl Term {
    /// Checked parts.
    ///
    /// # Errors
    /// Where there is no reason, or too long a one.
    pub fn new(until: Timestamp, reason: &str) -> Result<Self, TermError> {
        match reason.trim() {
            "" => Err(TermError::NoReason),
            reason if reason.chars().count() > MAX_REASON => Err(TermError::LongReason),
            reason => Ok(Self { until, reason: reason.into() }),
        }
    }
}

impl FromStr for Term {
    type Err = TermError;

    /// A time, white space, and a reason.
    fn from_str(text: &str) -> Result<Self, TermError> {
        let text = text.trim();
        let (first, reason) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        // A reason alone has forgotten the time; what begins like one is misspelt.
        let looks_like_time = first.starts_with(|c: char| c.is_ascii_digit());
        match time(first) {
            Some(until) => Self::new(until, reason),
            None if looks_like_time => Err(TermError::BadTime(printable(first, 40))),
            None => Err(TermError::NoTime),
        }
    }
}

/// A time of RFC 3339, with or without its seconds. Without an offset it is none: nobody knows where that would be.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A time, or how long from now.
///
/// # Errors
/// Where it is neither, and where it is over.
pub fn until(text: &str, now: Timestamp) -> Result<Timestamp, TermError> {
    let text = text.trim();
    let from_now = |duration: Duration| now.checked_add(duration).ok();
    let until = time(text).or_else(|| from_now(humantime::parse_duration(text).ok()?));
    match until {
        None => Err(TermError::BadTime(printable(text, 40))),
        Some(until) if until <= now => Err(TermError::Over(until)),
        Some(until) => Ok(until),
    }
}

#[cfg(test)]
mod tests;
