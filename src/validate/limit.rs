//! `CW24xx`: limits of the platform, and what costs it time.

use super::Check;

mod beyond_platform;
mod bot_rules;
mod hashes;
mod heavy_host;
mod hosts;

pub use bot_rules::MAX_BOT_RULES;
pub use hashes::MAX_HASHES;
pub use hosts::MAX_HOSTS;

pub(super) const CHECKS: &[Check] = &[
    Check::limit(&hashes::CODE, hashes::check),
    Check::limit(&hosts::CODE, hosts::check),
    Check::document(&bot_rules::CODE, bot_rules::check),
    Check::csp(&heavy_host::CODE, heavy_host::check),
    Check::header(&beyond_platform::CODE, beyond_platform::check),
];
