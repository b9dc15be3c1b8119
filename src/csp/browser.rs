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
    /// Edge.
    Edge,
    /// Safari on iPhones and iPads.
    SafariIos,
    /// Chrome on Android.
    ChromeAndroid,
    /// Firefox on Android.
    FirefoxAndroid,
}

impl Browser {
    /// All of them, in the order of every table about them.
    pub const ALL: [Self; 7] = [
        Self::Chrome,
        Self::Firefox,
        Self::Safari,
        Self::Edge,
        Self::SafariIos,
        Self::ChromeAndroid,
        Self::FirefoxAndroid,
    ];

    /// Its name in `targetBrowsers` and on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Chrome => "chrome",
            Self::Firefox => "firefox",
            Self::Safari => "safari",
            Self::Edge => "edge",
            Self::SafariIos => "safari_ios",
            Self::ChromeAndroid => "chrome_android",
            Self::FirefoxAndroid => "firefox_android",
        }
    }
}

impl fmt::Display for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chrome => "Chrome",
            Self::Firefox => "Firefox",
            Self::Safari => "Safari",
            Self::Edge => "Edge",
            Self::SafariIos => "Safari on iOS",
            Self::ChromeAndroid => "Chrome on Android",
            Self::FirefoxAndroid => "Firefox on Android",
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

/// The oldest version of each browser that a policy must work in. A browser without a version is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(default, deny_unknown_fields)]
pub struct TargetBrowsers {
    /// Chrome, and what is built on Chromium.
    pub chrome: Version,
    /// Firefox.
    pub firefox: Version,
    /// Safari.
    pub safari: Version,
    /// Edge.
    #[schemars(extend("examples" = [100]))]
    pub edge: Option<Version>,
    /// Safari on iPhones and iPads.
    #[schemars(extend("examples" = [16]))]
    pub safari_ios: Option<Version>,
    /// Chrome on Android.
    #[schemars(extend("examples" = [100]))]
    pub chrome_android: Option<Version>,
    /// Firefox on Android.
    #[schemars(extend("examples" = [100]))]
    pub firefox_android: Option<Version>,
}

impl TargetBrowsers {
    /// Makes a version of a browser the oldest that counts.
    pub const fn set(&mut self, browser: Browser, version: Version) {
        match browser {
            Browser::Chrome => self.chrome = version,
            Browser::Firefox => self.firefox = version,
            Browser::Safari => self.safari = version,
            Browser::Edge => self.edge = Some(version),
            Browser::SafariIos => self.safari_ios = Some(version),
            Browser::ChromeAndroid => self.chrome_android = Some(version),
            Browser::FirefoxAndroid => self.firefox_android = Some(version),
        }
    }

    /// The oldest version of a browser that counts; `None` where that browser doesn't.
    pub const fn oldest(&self, browser: Browser) -> Option<Version> {
        match browser {
            Browser::Chrome => Some(self.chrome),
            Browser::Firefox => Some(self.firefox),
            Browser::Safari => Some(self.safari),
            Browser::Edge => self.edge,
            Browser::SafariIos => self.safari_ios,
            Browser::ChromeAndroid => self.chrome_android,
            Browser::FirefoxAndroid => self.firefox_android,
        }
    }
}

impl Default for TargetBrowsers {
    fn default() -> Self {
        Self {
            chrome: Version::new(90, 0),
            firefox: Version::new(90, 0),
            safari: Version::new(15, 0),
            edge: None,
            safari_ios: None,
            chrome_android: None,
            firefox_android: None,
        }
    }
}
