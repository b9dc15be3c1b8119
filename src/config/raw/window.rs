//! `windows`

use std::time::Duration;

use serde::Deserialize;

use crate::window::Kind;

/// One of `windows`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// `allow` or `deny`.
    pub kind: Kind,
    /// When it opens: minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// The time zone in which that is.
    pub timezone: Option<String>,
    /// How long it is open.
    #[serde(deserialize_with = "super::duration")]
    pub duration: Option<Duration>,
}
