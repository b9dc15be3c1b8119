//! Change windows: when changes of a tenant may begin, by the calendar of whoever is awake then.
//!
//! A window opens whenever its cron expression says so in its time zone, and stays open for its duration, which is elapsed
//! time. With any *allow* window, changes wait outside all of them; an active *deny* window always makes them wait.
//!
//! Where clocks are set forward over the very time at which a window opens, it opens as they are; where they are set
//! back over it, it opens the first time. An expression that says `*` of hours or minutes goes by what clocks show, both
//! times.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

mod calendar;

pub use calendar::Cron;

/// How far into a set of windows is looked for one that opens: so many openings and endings.
const MAX_LOOKED_AT: usize = 2_000;
const MIN_DURATION: Duration = Duration::from_secs(1);
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);

/// What a window does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Changes begin in it.
    Allow,
    /// None begins in it.
    Deny,
}

/// One window.
#[derive(Debug, Clone)]
pub struct Window {
    kind: Kind,
    cron: Cron,
    zone: TimeZone,
    duration: SignedDuration,
}

/// Why a window can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// The expression is none.
    #[error("cron: {text:?} is no cron expression of five fields (minute hour day month weekday): {why}")]
    Cron {
        /// What was written.
        text: String,
        /// Why.
        why: String,
    },
    /// It never comes true.
    #[error("cron: {0:?} never comes true")]
    Never(String),
    /// There is no such time zone.
    #[error("timezone: {0:?} is no time zone of the IANA database, such as Europe/Berlin or UTC")]
    Zone(String),
    /// It is too short or too long.
    #[error("duration is from 1s to 366days")]
    Duration,
}

impl Window {
    /// A window that can be used.
    ///
    /// # Errors
    /// Names the key that can't.
    pub fn new(kind: Kind, cron: &str, zone: &str, duration: Duration) -> Result<Self, WindowError> {
        let window = Self {
            kind,
            cron: Cron::from_str(cron)?,
            zone: TimeZone::get(zone).map_err(|_| WindowError::Zone(zone.to_owned()))?,
            duration: SignedDuration::try_from(duration)
                .ok()
                .filter(|_| (MIN_DURATION..=MAX_DURATION).contains(&duration))
                .ok_or(WindowError::Duration)?,
        };
        match window.cron.next(Timestamp::UNIX_EPOCH, &window.zone) {
            Some(_) => Ok(window),
            None => Err(WindowError::Never(cron.to_owned())),
        }
    }

    /// Until when it is active, where it is.
    fn active_until(&self, now: Timestamp) -> Option<Timestamp> {
        let opened = self.cron.previous(now, &self.zone)?;
        Some(opened.saturating_add(self.duration).ok()?).filter(|end| *end > now)
    }

    /// When it opens next.
    fn opens(&self, now: Timestamp) -> Option<Timestamp> {
        self.cron.next(now, &self.zone)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        let duration = Duration::try_from(self.duration).unwrap_or_default();
        write!(f, "`{}` {zone}, {}", self.cron, humantime::format_duration(duration))
    }
}

/// The windows of a tenant; none of them is as good as always open.
#[derive(Debug, Clone, Default)]
pub struct Windows(Arc<[Window]>);

/// Why changes wait, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// When they may begin; nothing where that is further away than anybody looks.
    pub opens: Option<Timestamp>,
    /// The same for people.
    pub detail: String,
}

impl Windows {
    /// These.
    pub fn new(windows: Vec<Window>) -> Self {
        Self(windows.into())
    }

    /// Why changes wait at that time; nothing where they may begin.
    pub fn closed(&self, now: Timestamp) -> Option<Closed> {
        if self.is_open(now) {
            return None;
        }
        let opens = self.opens(now);
        let denied = self.0.iter().find(|it| it.kind == Kind::Deny && it.active_until(now).is_some());
        let why = match denied {
            Some(window) => format!("a window keeps changes out ({window})"),
            None => "no change window is open".to_owned(),
        };
        let then = match opens {
            Some(opens) => format!("it may begin at {}", opens.strftime("%FT%TZ")),
            None => "and none is seen to open".to_owned(),
        };
        Some(Closed { opens, detail: format!("{why}; {then}") })
    }

    /// Whether changes may begin at that time.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let active = |window: &Window| window.active_until(now).is_some();
        let allowed = self.of(Kind::Allow).next().is_none() || self.of(Kind::Allow).any(active);
        allowed && !self.of(Kind::Deny).any(active)
    }

    /// The first moment after this one at which changes may begin. That can only be where the last window that denies ends,
    /// or where one that allows opens.
    fn opens(&self, now: Timestamp) -> Option<Timestamp> {
        let mut at = now;
        for _ in 0..MAX_LOOKED_AT {
            let denied = self.of(Kind::Deny).filter_map(|window| window.active_until(at)).max();
            at = denied.or_else(|| self.of(Kind::Allow).filter_map(|window| window.opens(at)).min())?;
            if self.is_open(at) {
                return Some(at);
            }
        }
        None
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Window> {
        self.0.iter().filter(move |window| window.kind == kind)
    }
}

#[cfg(test)]
mod tests;
