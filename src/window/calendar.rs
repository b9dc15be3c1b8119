//! Cron expressions over jiff's time zones: croner searches the calendar, jiff knows when clocks are set.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use croner::time::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

use super::WindowError;
use crate::printable::printable;

/// A cron expression of five fields.
#[derive(Debug, Clone)]
pub struct Cron(croner::Cron);

impl FromStr for Cron {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let wrong = |error: CronError| WindowError::Cron {
            text: printable(text, 80),
            why: printable(&error.to_string(), 200),
        };
        parser.parse(text).map(Self).map_err(wrong)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(self.0.as_str(), 80))
    }
}

impl Cron {
    /// When it comes true after that time.
    pub(super) fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let after = Local(after.to_zoned_datetime(zone.clone()));
        self.0.find_next_occurrence(&after, false).ok().map(|local| local.0.timestamp())
    }

    /// When it came true last, at that time or before.
    pub(super) fn previous(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let at = Local(at.to_zoned_datetime(zone.clone()));
        let found = self.0.find_previous_occurrence(&at, true).ok().map(|local| local.0.timestamp());
        found.filter(|found| *found <= at.0.timestamp())
    }
}

/// A moment as clocks of its time zone show it.
#[derive(Debug, Clone)]
struct Local(ZonedDateTime);

impl CronDateTime for Local {
    fn to_civil(&self) -> CivilDateTime {
        let shown = self.0.datetime();
        let part = |number: i8| u32::from(number.unsigned_abs());
        // Whatever jiff shows is a date and a time.
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(shown.year().into(), part(shown.month()), part(shown.day())),
            CivilTime::from_parts_unchecked(part(shown.hour()), part(shown.minute()), part(shown.second())),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        let days = self.0.weekday().to_sunday_zero_offset();
        Weekday::from_days_from_sunday(u32::from(days.unsigned_abs()))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let zone = self.0.time_zone();
        let shown = shown(civil).ok_or(CronError::InvalidDate)?;
        let at = |offset: jiff::tz::Offset| {
            let at = offset.to_timestamp(shown).map_err(|_| CronError::InvalidTime)?;
            Ok(Self(at.to_zoned_datetime(zone.clone())))
        };
        Ok(match zone.to_ambiguous_zoned_datetime(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => Resolution::Single(at(offset)?),
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
            AmbiguousOffset::Fold { before, after } => Resolution::Ambiguous(at(before)?, at(after)?),
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

fn shown(civil: CivilDateTime) -> Option<DateTime> {
    let part = |number: u32| i8::try_from(number).ok();
    DateTime::new(
        i16::try_from(civil.year()).ok()?,
        part(civil.month())?,
        part(civil.day())?,
        part(civil.hour())?,
        part(civil.minute())?,
        part(civil.second())?,
        0,
    )
    .ok()
}
