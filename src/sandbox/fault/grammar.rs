//! The line of a fault: `ENDPOINT:KIND[:MODIFIER=VALUE]…`, read and written.
//!
//! What is written is read as the same fault again. A refusal says what would have been right.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use super::{BodyShape, Ending, Fault, Kind, RetryAfter, Scope};
use crate::policy::PolicyName;

/// Why a line is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No kind.
    #[error("a fault is ENDPOINT:KIND[:MODIFIER=VALUE]…, such as submit:429:retry-after=2")]
    Shape,
    /// An endpoint that isn't one.
    #[error("no endpoint {0:?}: it is one of {ENDPOINTS}", ENDPOINTS = names(SCOPES))]
    Endpoint(String),
    /// A kind that isn't one.
    #[error(
        "no kind {0:?}: it is a status from 200 to 599, {PLAIN}, slow=DURATION, redirect=URL, location=VALUE, \
         or for a job {JOB}",
        PLAIN = names(PLAIN_KINDS),
        JOB = names(ENDINGS)
    )]
    Kind(String),
    /// A modifier that isn't one.
    #[error("no modifier {0:?}: it is one of {MODIFIERS}", MODIFIERS = MODIFIERS.join(", "))]
    Modifier(String),
    /// A value that its kind or modifier doesn't take.
    #[error("{name}={value:?} is not {expected}")]
    Value {
        /// The kind or modifier.
        name: &'static str,
        /// Its value, cut to 100 characters.
        value: String,
        /// What it takes.
        expected: String,
    },
    /// A modifier written twice.
    #[error("{0} is written twice")]
    Repeated(&'static str),
    /// A kind at an endpoint, or a modifier of a kind, that means nothing.
    #[error("{what} is only for {only_for}")]
    Misplaced {
        /// The kind or modifier.
        what: &'static str,
        /// Where it belongs.
        only_for: &'static str,
    },
    /// More than [`Fault::MAX_LEN`] bytes, or a control character.
    #[error("a fault has at most {} bytes and no control characters", Fault::MAX_LEN)]
    Text,
}

/// Why a scenario can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// A line is not a fault.
    #[error("line {line}: {error}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        error: FaultError,
    },
    /// Too many.
    #[error("a scenario has at most {} faults", Fault::MAX_FAULTS)]
    TooMany,
}

type Table<T> = &'static [(&'static str, T)];

const SCOPES: Table<Scope> = &[
    ("token", Scope::Token),
    ("submit", Scope::Submit),
    ("job", Scope::Job),
    ("list", Scope::List),
    ("get", Scope::Get),
    ("delete", Scope::Delete),
    ("probe", Scope::Probe),
    ("webhook", Scope::Webhook),
    ("any", Scope::Any),
];

const PLAIN_KINDS: Table<Kind> = &[
    ("reset", Kind::Reset),
    ("hang", Kind::Hang),
    ("garbage", Kind::Garbage),
    ("huge", Kind::Huge),
    ("truncated", Kind::Truncated),
    ("no-location", Kind::NoLocation),
];

const ENDINGS: Table<Ending> = &[
    ("complete", Ending::Complete),
    ("fail", Ending::Fail),
    ("cancel", Ending::Cancel),
    ("expire", Ending::Expire),
    ("stuck", Ending::Stuck),
    ("lost", Ending::Lost),
    ("weird-status", Ending::WeirdStatus),
];

const SHAPES: Table<BodyShape> = &[
    ("plain", BodyShape::Plain),
    ("problem", BodyShape::Problem),
    ("error", BodyShape::Error),
    ("message", BodyShape::Message),
    ("errors", BodyShape::Errors),
    ("html", BodyShape::Html),
    ("empty", BodyShape::Empty),
];

const YES_NO: Table<bool> = &[("yes", true), ("no", false)];

const MODIFIERS: [&str; 9] =
    ["retry-after", "body", "applied", "first", "every", "after", "policy", "tenant", "duration"];

fn names<T>(table: Table<T>) -> String {
    let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

fn lookup<T: Clone>(table: Table<T>, text: &str) -> Option<T> {
    table.iter().find(|(name, _)| *name == text).map(|(_, value)| value.clone())
}

fn name_of<T: PartialEq>(table: Table<T>, value: &T) -> &'static str {
    table.iter().find(|(_, other)| other == value).map_or("", |(name, _)| name)
}

fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

fn value_error(name: &'static str, value: &str, expected: impl Into<String>) -> FaultError {
    FaultError::Value { name, value: shown(value), expected: expected.into() }
}

impl Fault {
    /// The longest line of a fault, in bytes.
    pub const MAX_LEN: usize = 4096;
    /// The most faults in a scenario.
    pub const MAX_FAULTS: usize = 1000;

    /// The faults of a scenario: one a line; empty lines and what follows a `#` at the start of a word don't count.
    ///
    /// # Errors
    /// The first line that is no fault, or too many of them.
    pub fn parse_scenario(text: &str) -> Result<Vec<Self>, ScenarioError> {
        let mut faults = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = without_comment(line).trim();
            if line.is_empty() {
                continue;
            }
            if faults.len() == Self::MAX_FAULTS {
                return Err(ScenarioError::TooMany);
            }
            faults.push(line.parse().map_err(|error| ScenarioError::Line { line: index + 1, error })?);
        }
        Ok(faults)
    }

    fn bare(scope: Scope, kind: Kind) -> Self {
        Self {
            scope,
            kind,
            retry_after: None,
            body: None,
            applied: None,
            first: None,
            every: None,
            after: None,
            policy: None,
            tenant: None,
            duration: None,
        }
    }

    fn modify(&mut self, segment: &str) -> Result<(), FaultError> {
        let (name, value) = segment.split_once('=').unwrap_or((segment, ""));
        match name {
            "retry-after" => set(&mut self.retry_after, "retry-after", retry_after(value)?),
            "body" => set(&mut self.body, "body", choice("body", SHAPES, value)?),
            "applied" => set(&mut self.applied, "applied", choice("applied", YES_NO, value)?),
            "first" => set(&mut self.first, "first", count("first", value)?),
            "every" => set(&mut self.every, "every", count("every", value)?),
            "after" => set(&mut self.after, "after", count("after", value)?),
            "policy" => {
                let name: PolicyName =
                    value.parse().map_err(|_| value_error("policy", value, "the name of a policy"))?;
                set(&mut self.policy, "policy", name.to_string())
            }
            "tenant" => {
                let name = value.parse().map_err(|_| value_error("tenant", value, "the name of a tenant"))?;
                set(&mut self.tenant, "tenant", name)
            }
            "duration" => set(&mut self.duration, "duration", duration("duration", value)?),
            _ => Err(FaultError::Modifier(shown(name))),
        }
    }

    /// Refuses what could never do anything, or nothing that was meant.
    fn check(&self) -> Result<(), FaultError> {
        let ends_a_job = matches!(self.kind, Kind::Job(_));
        let rules = [
            (ends_a_job && self.scope != Scope::Job, "the end of a job", "the endpoint job"),
            (
                matches!(self.kind, Kind::NoLocation | Kind::Location(_))
                    && !matches!(self.scope, Scope::Submit | Scope::Delete),
                "location",
                "the endpoints submit and delete",
            ),
            (self.body.is_some() && !matches!(self.kind, Kind::Status(_)), "body", "a status"),
            (
                self.applied.is_some() && !self.replaces(),
                "applied",
                "a status, reset, hang and redirect: in all other cases the request takes effect",
            ),
            (
                self.retry_after.is_some() && (ends_a_job || matches!(self.kind, Kind::Reset | Kind::Hang)),
                "retry-after",
                "kinds that answer",
            ),
            (self.duration.is_some() && !ends_a_job, "duration", "the end of a job"),
        ];
        match rules.into_iter().find(|(broken, ..)| *broken) {
            Some((_, what, only_for)) => Err(FaultError::Misplaced { what, only_for }),
            None => Ok(()),
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        if text.len() > Self::MAX_LEN || text.chars().any(char::is_control) {
            return Err(FaultError::Text);
        }
        let (scope, rest) = text.split_once(':').ok_or(FaultError::Shape)?;
        let scope = lookup(SCOPES, scope).ok_or_else(|| FaultError::Endpoint(shown(scope)))?;
        let (kind, modifiers) = split_kind(rest);
        let mut fault = Self::bare(scope, kind_of(kind)?);
        for segment in modifiers.into_iter().flat_map(|modifiers| modifiers.split(':')) {
            fault.modify(segment)?;
        }
        fault.check()?;
        Ok(fault)
    }
}

/// The kind, and the modifiers behind it.
///
/// A URL may hold colons of its own: it ends only where a modifier begins.
fn split_kind(text: &str) -> (&str, Option<&str>) {
    let holds_url = text.starts_with("redirect=") || text.starts_with("location=");
    let mut colons = text.match_indices(':').map(|(at, _)| at);
    let end = colons.find(|at| !holds_url || begins_modifier(&text[at + 1..]));
    match end {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn begins_modifier(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| MODIFIERS.contains(&name))
}

fn kind_of(text: &str) -> Result<Kind, FaultError> {
    let unknown = || FaultError::Kind(shown(text));
    match text.split_once('=') {
        Some(("slow", value)) => Ok(Kind::Slow(duration("slow", value)?)),
        Some(("redirect", value)) if header_value(value) => Ok(Kind::Redirect(value.to_owned())),
        Some(("redirect", value)) => Err(value_error("redirect", value, "a URL in ASCII")),
        Some(("location", value)) if header_value(value) => Ok(Kind::Location(value.to_owned())),
        Some(("location", value)) => Err(value_error("location", value, "the value of a header")),
        Some(_) => Err(unknown()),
        None if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()) => text
            .parse()
            .ok()
            .filter(|status| (200..600).contains(status))
            .map(Kind::Status)
            .ok_or_else(unknown),
        None => {
            lookup(PLAIN_KINDS, text).or_else(|| lookup(ENDINGS, text).map(Kind::Job)).ok_or_else(unknown)
        }
    }
}

fn header_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'!'..=b'~'))
}

fn set<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), FaultError> {
    match slot.replace(value) {
        Some(_) => Err(FaultError::Repeated(name)),
        None => Ok(()),
    }
}

fn choice<T: Clone>(name: &'static str, table: Table<T>, value: &str) -> Result<T, FaultError> {
    lookup(table, value).ok_or_else(|| value_error(name, value, format!("one of {}", names(table))))
}

fn count(name: &'static str, value: &str) -> Result<u64, FaultError> {
    let count = value.parse().ok().filter(|count| (1..=1_000_000_000).contains(count));
    count.ok_or_else(|| value_error(name, value, "a whole number, at least 1"))
}

fn duration(name: &'static str, value: &str) -> Result<Duration, FaultError> {
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
    let duration = humantime::parse_duration(value).ok().filter(|duration| *duration <= LONGEST);
    duration.ok_or_else(|| value_error(name, value, "a duration of at most a year, such as 500ms or 2min"))
}

fn retry_after(value: &str) -> Result<RetryAfter, FaultError> {
    let parsed = match value.strip_prefix("http-date+") {
        Some(seconds) => seconds.parse().ok().map(RetryAfter::Date),
        None => value.parse().ok().map(RetryAfter::Seconds),
    };
    parsed.ok_or_else(|| value_error("retry-after", value, "SECONDS or http-date+SECONDS"))
}

fn without_comment(line: &str) -> &str {
    let starts_word = |at: usize| line[..at].chars().next_back().is_none_or(char::is_whitespace);
    match line.match_indices('#').find(|(at, _)| starts_word(*at)) {
        Some((at, _)) => &line[..at],
        None => line,
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", name_of(SCOPES, &self.scope))?;
        match &self.kind {
            Kind::Status(status) => write!(f, "{status}"),
            Kind::Slow(late) => write!(f, "slow={}", compact(*late)),
            Kind::Redirect(url) => write!(f, "redirect={url}"),
            Kind::Location(value) => write!(f, "location={value}"),
            Kind::Job(ending) => f.write_str(name_of(ENDINGS, ending)),
            plain => f.write_str(name_of(PLAIN_KINDS, plain)),
        }?;
        let retry_after = self.retry_after.map(|after| match after {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Date(seconds) => format!("http-date+{seconds}"),
        });
        // In the order of `MODIFIERS`.
        let values = [
            retry_after,
            self.body.map(|shape| name_of(SHAPES, &shape).to_owned()),
            self.applied.map(|applied| name_of(YES_NO, &applied).to_owned()),
            self.first.map(|count| count.to_string()),
            self.every.map(|count| count.to_string()),
            self.after.map(|count| count.to_string()),
            self.policy.clone(),
            self.tenant.as_ref().map(ToString::to_string),
            self.duration.map(compact),
        ];
        for (name, value) in MODIFIERS.iter().zip(values) {
            if let Some(value) = value {
                write!(f, ":{name}={value}")?;
            }
        }
        Ok(())
    }
}

/// A duration in one word.
fn compact(duration: Duration) -> String {
    let mut text = String::new();
    for part in humantime::format_duration(duration).to_string().split(' ') {
        // Writing to a String never fails.
        let _ = write!(text, "{part}");
    }
    text
}

#[cfg(test)]
mod tests;
