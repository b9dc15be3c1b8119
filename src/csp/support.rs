//! Which browser knows which directive and keyword, since which version, and until when.
//!
//! The table covers what differs between browsers that a policy may still have to work in. What is not in it
//! works in all of them, or is nobody's promise.

use std::fmt;

use super::browser::{Browser, TargetBrowsers, Version};
use super::source::Keyword;

/// The versions of one browser that know something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub since: Version,
    /// The first that does not know it any more.
    pub until: Option<Version>,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support<T> {
    /// The directive or the keyword.
    pub subject: T,
    /// In Chrome.
    pub chrome: Range,
    /// In Firefox.
    pub firefox: Range,
    /// In Safari.
    pub safari: Range,
}

const fn since(major: u16, minor: u16) -> Range {
    Range { since: Version::new(major, minor), until: None }
}

const fn between(major: u16, until: u16) -> Range {
    Range { since: Version::new(major, 0), until: Some(Version::new(until, 0)) }
}

const fn row<T>(subject: T, chrome: Range, firefox: Range, safari: Range) -> Support<T> {
    Support { subject, chrome, firefox, safari }
}

/// Directives, ordered by name.
pub static DIRECTIVES: &[Support<&str>] = &[
    row("block-all-mixed-content", since(44, 0), between(48, 122), since(10, 0)),
    row("frame-ancestors", since(40, 0), since(58, 0), since(10, 0)),
    row("manifest-src", since(40, 0), since(41, 0), since(11, 0)),
    row("report-to", since(70, 0), since(149, 0), since(16, 4)),
    row("require-trusted-types-for", since(83, 0), since(148, 0), since(26, 0)),
    row("script-src-attr", since(75, 0), since(108, 0), since(15, 4)),
    row("script-src-elem", since(75, 0), since(108, 0), since(15, 4)),
    row("style-src-attr", since(75, 0), since(108, 0), since(15, 4)),
    row("style-src-elem", since(75, 0), since(108, 0), since(15, 4)),
    row("trusted-types", since(83, 0), since(148, 0), since(26, 0)),
    row("upgrade-insecure-requests", since(43, 0), since(42, 0), since(10, 1)),
    row("worker-src", since(59, 0), since(58, 0), since(15, 5)),
];

/// Source keywords.
pub static KEYWORDS: &[Support<Keyword>] = &[
    row(Keyword::StrictDynamic, since(52, 0), since(52, 0), since(15, 4)),
    row(Keyword::UnsafeHashes, since(69, 0), since(109, 0), since(15, 4)),
    row(Keyword::WasmUnsafeEval, since(97, 0), since(102, 0), since(16, 0)),
];

/// The row of a directive, in any case of letters.
pub fn of_directive(name: &str) -> Option<&'static Support<&'static str>> {
    DIRECTIVES.iter().find(|row| row.subject.eq_ignore_ascii_case(name))
}

/// The row of a keyword.
pub fn of_keyword(keyword: Keyword) -> Option<&'static Support<Keyword>> {
    KEYWORDS.iter().find(|row| row.subject == keyword)
}

/// Versions of a browser, from the oldest that a policy must work in, that lack something.
///
/// Prints as `Firefox 90 to 107`, or `Firefox 122 and later`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Which browser.
    pub browser: Browser,
    /// The first version without it.
    pub from: Version,
    /// The last version without it; `None` where every later one is without it too.
    pub to: Option<Version>,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { browser, from, to } = self;
        match to {
            None => write!(f, "{browser} {from} and later"),
            Some(to) if to == from => write!(f, "{browser} {from}"),
            Some(to) => write!(f, "{browser} {from} to {to}"),
        }
    }
}

impl<T> Support<T> {
    /// Every gap among the targets, in the order Chrome, Firefox, Safari.
    pub fn gaps(&self, targets: &TargetBrowsers) -> Vec<Gap> {
        let ranges = [
            (Browser::Chrome, targets.chrome, self.chrome),
            (Browser::Firefox, targets.firefox, self.firefox),
            (Browser::Safari, targets.safari, self.safari),
        ];
        let mut gaps = Vec::new();
        for (browser, oldest, range) in ranges {
            if oldest < range.since {
                let to = last_before(browser, range.since).max(oldest);
                gaps.push(Gap { browser, from: oldest, to: Some(to) });
            }
            if let Some(until) = range.until {
                gaps.push(Gap { browser, from: until.max(oldest), to: None });
            }
        }
        gaps
    }
}

/// Safari's last minor version of each major one: there, unlike in the others, minor versions bring features. After
/// 18 came 26.
const SAFARI_LAST: [Version; 10] = [
    Version::new(9, 1),
    Version::new(10, 1),
    Version::new(11, 1),
    Version::new(12, 1),
    Version::new(13, 1),
    Version::new(14, 1),
    Version::new(15, 6),
    Version::new(16, 6),
    Version::new(17, 6),
    Version::new(18, 6),
];

/// The version just before another one.
fn last_before(browser: Browser, version: Version) -> Version {
    match (browser, version.minor) {
        (_, minor @ 1..) => Version::new(version.major, minor - 1),
        (Browser::Safari, 0) => {
            let earlier = SAFARI_LAST.into_iter().rev().find(|last| last.major < version.major);
            earlier.unwrap_or(version)
        }
        (Browser::Chrome | Browser::Firefox, 0) => Version::new(version.major.saturating_sub(1), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csp::directive;

    fn shown(gaps: &[Gap]) -> String {
        gaps.iter().map(Gap::to_string).collect::<Vec<_>>().join(", ")
    }

    fn targets(chrome: u16, firefox: u16, safari: &str) -> TargetBrowsers {
        TargetBrowsers {
            chrome: Version::new(chrome, 0),
            firefox: Version::new(firefox, 0),
            safari: safari.parse().unwrap(),
        }
    }

    #[test]
    fn every_row_is_of_a_directive() {
        assert!(DIRECTIVES.is_sorted_by(|a, b| a.subject < b.subject));
        for row in DIRECTIVES {
            assert!(directive::lookup(row.subject).is_some(), "{}", row.subject);
        }
    }

    #[test]
    fn gaps_name_every_version_without() {
        let cases: &[(&str, TargetBrowsers, &str)] = &[
            ("script-src-elem", TargetBrowsers::default(), "Firefox 90 to 107, Safari 15 to 15.3"),
            ("script-src-elem", targets(74, 107, "15.3"), "Chrome 74, Firefox 107, Safari 15.3"),
            ("script-src-elem", targets(75, 108, "15.4"), ""),
            ("trusted-types", targets(83, 148, "15"), "Safari 15 to 18.6"),
            ("trusted-types", targets(83, 148, "25"), "Safari 25"),
            ("manifest-src", targets(90, 90, "9"), "Safari 9 to 10.1"),
            ("block-all-mixed-content", targets(90, 90, "15"), "Firefox 122 and later"),
            ("block-all-mixed-content", targets(90, 130, "15"), "Firefox 130 and later"),
            ("block-all-mixed-content", targets(90, 40, "15"), "Firefox 40 to 47, Firefox 122 and later"),
            ("Upgrade-Insecure-Requests", targets(1, 42, "10"), "Chrome 1 to 42, Safari 10"),
        ];
        for (name, targets, expected) in cases {
            assert_eq!(shown(&of_directive(name).unwrap().gaps(targets)), *expected, "{name}");
        }
        let wasm = of_keyword(Keyword::WasmUnsafeEval).unwrap();
        let expected = "Chrome 90 to 96, Firefox 90 to 101, Safari 15 to 15.6";
        assert_eq!(shown(&wasm.gaps(&TargetBrowsers::default())), expected);
    }

    #[test]
    fn a_version_before_the_first_is_no_panic() {
        assert_eq!(last_before(Browser::Safari, Version::new(3, 0)), Version::new(3, 0));
        assert_eq!(last_before(Browser::Chrome, Version::new(0, 0)), Version::new(0, 0));
    }
}
