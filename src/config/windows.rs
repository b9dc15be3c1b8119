//! `windows`: when changes of a tenant may begin.

use super::{ConfigError, raw};
use crate::window::{Window, Windows};

const MAX_WINDOWS: usize = 20;

/// The windows of a tenant.
pub(super) fn windows_of(raw: &[raw::Window]) -> Result<Windows, ConfigError> {
    if raw.len() > MAX_WINDOWS {
        return Err(ConfigError::new(format!("windows: at most {MAX_WINDOWS}")));
    }
    let window = |raw: &raw::Window| {
        let zone = raw.timezone.as_deref().unwrap_or("UTC");
        let window = Window::new(raw.kind, &raw.cron, zone, raw.duration.unwrap_or_default());
        window.map_err(|why| ConfigError::new(format!("windows: {why}")))
    };
    raw.iter().map(window).collect::<Result<_, _>>().map(Windows::new)
}
