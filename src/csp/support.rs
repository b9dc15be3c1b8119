//! Which browser knows which directive and keyword, since which version, and until when.
//!
//! The table is made from MDN's compatibility data. What is not in it works in all of them, or is nobody's promise.

use std::fmt;

use super::browser::{Browser, TargetBrowsers, Version};
use super::source::Keyword;

mod data;

pub use data::{FEATURES, VERSION};

/// The versions of one browser that know something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub since: Version,
    /// The last release before it.
    pub before: Version,
    /// The first that does not know it any more.
    pub until: Option<Version>,
    /// The first that knows it in part.
    pub partly_since: Option<Version>,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support {
    /// The directive, or the keyword in its quotes.
    pub feature: &'static str,
    /// What each browser knows of it, in the order of [`Browser::ALL`]; `None` where it never did.
    pub browsers: [Option<Range>; Browser::ALL.len()],
}

/// No version knows it.
const NEVER: Option<Range> = None;

const fn version(numbers: (u16, u16)) -> Version {
    Version::new(numbers.0, numbers.1)
}

const fn since(since: (u16, u16), before: (u16, u16)) -> Option<Range> {
    Some(Range { since: version(since), before: version(before), until: None, partly_since: None })
}

const fn until(since: (u16, u16), before: (u16, u16), until: (u16, u16)) -> Option<Range> {
    let until = Some(version(until));
    Some(Range { since: version(since), before: version(before), until, partly_since: None })
}

const fn partly(since: (u16, u16), before: (u16, u16), partly: (u16, u16)) -> Option<Range> {
    let partly_since = Some(version(partly));
    Some(Range { since: version(since), before: version(before), until: None, partly_since })
}

const fn row(feature: &'static str, browsers: [Option<Range>; Browser::ALL.len()]) -> Support {
    Support { feature, browsers }
}

/// The row of a directive, in any case of letters.
pub fn of_directive(name: &str) -> Option<&'static Support> {
    FEATURES.iter().find(|row| row.feature.eq_ignore_ascii_case(name))
}

/// The row of a keyword.
pub fn of_keyword(keyword: Keyword) -> Option<&'static Support> {
    FEATURES.iter().find(|row| {
        let name = row.feature.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
        name == Some(keyword.name())
    })
}

/// In which way versions lack something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// They don't know it yet.
    Missing,
    /// They know it in part.
    Partial,
    /// They don't know it any more.
    Removed,
}

/// Versions of a browser, from the oldest that a policy must work in, that lack something.
///
/// Prints as `Firefox 90 to 107`, or `Firefox 122 and later`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Which browser.
    pub browser: Browser,
    /// In which way.
    pub lack: Lack,
    /// The first version without it.
    pub from: Version,
    /// The last version without it; `None` where every later one is without it too.
    pub to: Option<Version>,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { browser, from, to, .. } = self;
        match to {
            None => write!(f, "{browser} {from} and later"),
            Some(to) if to == from => write!(f, "{browser} {from}"),
            Some(to) => write!(f, "{browser} {from} to {to}"),
        }
    }
}

impl Support {
    /// The gaps of one kind among the targets, in the order of [`Browser::ALL`].
    pub fn gaps(&self, targets: &TargetBrowsers, lack: Lack) -> impl Iterator<Item = Gap> {
        Browser::ALL.into_iter().zip(self.browsers).filter_map(move |(browser, range)| {
            let oldest = targets.oldest(browser)?;
            let (from, to) = lacking(range, oldest, lack)?;
            Some(Gap { browser, lack, from, to })
        })
    }
}

/// The first and the last version from `oldest` on that lack something in that way.
fn lacking(range: Option<Range>, oldest: Version, lack: Lack) -> Option<(Version, Option<Version>)> {
    let Some(range) = range else {
        return (lack == Lack::Missing).then_some((oldest, None));
    };
    match (lack, range.partly_since, range.until) {
        (Lack::Missing, Some(partly), _) => {
            // The table keeps no release before a partial one: such targets lack it in part and more.
            (oldest < partly).then_some((oldest, Some(range.before.max(oldest))))
        }
        (Lack::Missing, None, _) => {
            (oldest < range.since).then_some((oldest, Some(range.before.max(oldest))))
        }
        (Lack::Partial, Some(partly), _) => {
            (oldest >= partly && oldest < range.since).then_some((oldest, Some(range.before.max(oldest))))
        }
        (Lack::Removed, _, Some(until)) => Some((until.max(oldest), None)),
        (Lack::Partial, None, _) | (Lack::Removed, _, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csp::directive;

    fn shown(row: &Support, targets: &TargetBrowsers, lack: Lack) -> String {
        row.gaps(targets, lack).map(|gap| gap.to_string()).collect::<Vec<_>>().join(", ")
    }

    fn targets(chrome: u16, firefox: u16, safari: &str) -> TargetBrowsers {
        TargetBrowsers {
            chrome: Version::new(chrome, 0),
            firefox: Version::new(firefox, 0),
            safari: safari.parse().unwrap(),
            ..TargetBrowsers::default()
        }
    }

    #[test]
    fn every_row_is_of_a_directive_or_a_keyword() {
        assert!(FEATURES.is_sorted_by(|a, b| a.feature < b.feature));
        for row in FEATURES {
            let keyword = Keyword::from_name(row.feature.trim_matches('\''));
            assert!(directive::lookup(row.feature).is_some() || keyword.is_some(), "{}", row.feature);
        }
        assert!(VERSION.split('.').all(|part| part.parse::<u16>().is_ok()));
    }

    #[test]
    fn gaps_name_every_version_without() {
        use Lack::{Missing, Partial, Removed};
        let cases: &[(&str, TargetBrowsers, Lack, &str)] = &[
            ("script-src-elem", TargetBrowsers::default(), Missing, "Firefox 90 to 107, Safari 15 to 15.3"),
            ("script-src-elem", targets(74, 107, "15.3"), Missing, "Chrome 74, Firefox 107, Safari 15.3"),
            ("script-src-elem", targets(75, 108, "15.4"), Missing, ""),
            ("trusted-types", targets(83, 148, "15"), Missing, "Safari 15 to 18.6"),
            ("trusted-types", targets(83, 148, "25"), Missing, "Safari 25"),
            ("manifest-src", targets(90, 90, "9"), Missing, "Safari 9 to 10.1"),
            ("block-all-mixed-content", targets(90, 90, "15"), Removed, "Firefox 122 and later"),
            ("block-all-mixed-content", targets(90, 130, "15"), Removed, "Firefox 130 and later"),
            ("block-all-mixed-content", targets(90, 40, "15"), Missing, "Firefox 40 to 47"),
            ("Upgrade-Insecure-Requests", targets(1, 42, "10"), Missing, "Chrome 1 to 42, Safari 10"),
            ("style-src-elem", targets(90, 108, "16"), Partial, "Safari 16 to 26.1"),
            ("style-src-elem", targets(90, 108, "16"), Missing, ""),
            ("style-src-elem", targets(90, 108, "15"), Missing, "Safari 15 to 26.1"),
            (
                "fenced-frame-src",
                targets(126, 90, "15"),
                Missing,
                "Firefox 90 and later, Safari 15 and later",
            ),
        ];
        for (name, targets, lack, expected) in cases {
            assert_eq!(shown(of_directive(name).unwrap(), targets, *lack), *expected, "{name}");
        }
        let wasm = of_keyword(Keyword::WasmUnsafeEval).unwrap();
        let expected = "Chrome 90 to 96, Firefox 90 to 101, Safari 15 to 15.6";
        assert_eq!(shown(wasm, &TargetBrowsers::default(), Missing), expected);
    }

    #[test]
    fn only_browsers_with_a_version_count() {
        let row = of_directive("worker-src").unwrap();
        let old = Some(Version::new(15, 0));
        let targets = TargetBrowsers { safari_ios: old, edge: old, ..TargetBrowsers::default() };
        let expected = "Safari 15 to 15.4, Edge 15 to 18, Safari on iOS 15 to 15.4";
        assert_eq!(shown(row, &targets, Lack::Missing), expected);
    }
}
