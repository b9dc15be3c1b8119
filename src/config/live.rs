//! `live`: how it is seen what a tenant really has, and what is done where that is not what was brought live.

use std::time::Duration;

use super::ConfigError;
use super::raw;
use crate::drift::OnDrift;

const INTERVAL: Duration = Duration::from_secs(300);
const MIN_INTERVAL: Duration = Duration::from_secs(1);
const BACK_OFF: Duration = Duration::from_secs(60);
const MAX_BACK_OFF: Duration = Duration::from_secs(3600);
const MAX_IGNORED: usize = 100;

/// How it is seen what a tenant really has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// How often the daemon asks; never where this is not set.
    pub interval: Option<Duration>,
    /// What is done about what somebody changed there.
    pub on_drift: OnDrift,
    /// How long after it was changed back something is left changed before it is changed back again, doubled each time.
    pub back_off: Duration,
    /// JSON pointers (RFC 6901) of what the tenant may change at will.
    pub ignore: Vec<String>,
}

impl Live {
    pub(super) fn resolve(raw: &raw::Live) -> Result<Self, ConfigError> {
        let interval = match raw.interval.as_deref() {
            None => Some(INTERVAL),
            Some("off") => None,
            Some(text) => {
                let wrong =
                    |error| ConfigError::new(format!("live.interval: {text:?}: {error}; or write off"));
                Some(humantime::parse_duration(text).map_err(wrong)?)
            }
        };
        if interval.is_some_and(|interval| interval < MIN_INTERVAL) {
            return Err(ConfigError::new("live.interval is at least 1s, or off"));
        }
        if let Some(pointer) = raw.ignore.iter().find(|pointer| !pointer.starts_with('/')) {
            return Err(ConfigError::new(format!(
                "live.ignore: {pointer:?} is no JSON pointer, such as /securityProfile/botDetection/rateLimitPerMinute"
            )));
        }
        if raw.ignore.len() > MAX_IGNORED {
            return Err(ConfigError::new(format!("live.ignore: at most {MAX_IGNORED}")));
        }
        let back_off = raw.back_off.unwrap_or(BACK_OFF);
        if back_off > MAX_BACK_OFF {
            return Err(ConfigError::new("live.back_off is at most 1h"));
        }
        Ok(Self { interval, on_drift: raw.on_drift, back_off, ignore: raw.ignore.clone() })
    }
}
