//! The browsers that a policy can name as its targets, and their versions.

use std::fmt;

use schemars::JsonSchema;

/// A browser that a policy can name as its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// Chrome, and what is built on Chromium.
    Chrome,
    /// Firefox.
    Firefox,
    /// Safari.
    Safari,
}

impl fmt::Display for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chrome => "Chrome",
            Self::Firefox => "Firefox",
            Self::Safari => "Safari",
        })
    }
}

/// A browser's version: `16`, or `15.4` where the minor number matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Before the point.
    pub major: u16,
    /// After it; 0 where none is written.
    pub minor: u16,
}

impl Version {
    /// A version.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            0 => write!(f, "{}", self.major),
            minor => write!(f, "{}.{minor}", self.major),
        }
    }
}

impl std::str::FromStr for Version {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self::new(major.parse()?, minor.parse()?))
    }
}

/// The oldest version of each browser that a policy must work in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct TargetBrowsers {
    /// Chrome, and what is built on Chromium.
    pub chrome: Version,
    /// Firefox.
    pub firefox: Version,
    /// Safari.
    pub safari: Version,
}

impl Default for TargetBrowsers {
    fn default() -> Self {
        Self { chrome: Version::new(90, 0), firefox: Version::new(90, 0), safari: Version::new(15, 0) }
    }
}
