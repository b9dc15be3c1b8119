//! The directives: every name of CSP Level 3 and of the documents beside it, what it takes, and how it stands.
//!
//! Names are looked up in any case of letters, as browsers do.

/// What may stand behind a directive's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// A source list (CSP3 §2.3.1).
    SourceList,
    /// An ancestor source list: schemes, hosts, `'self'` or `'none'` (CSP3 §6.4.2).
    AncestorSourceList,
    /// Sandbox tokens of HTML; none means the strictest sandbox.
    SandboxTokens,
    /// The name of one reporting endpoint.
    ReportToToken,
    /// One or more URI references.
    UriReferences,
    /// Names of Trusted Types policies; none means that no policy may be made.
    TrustedTypes,
    /// Groups of sinks that require Trusted Types.
    SinkGroups,
    /// `'allow'` or `'block'`.
    WebRtc,
    /// Media types.
    MediaTypes,
    /// Words that no current document defines any more, and that nobody checks.
    Unchecked,
    /// Nothing at all.
    NoValue,
}

impl Grammar {
    /// Whether the directive can do without a value: `true`, or an empty string or list.
    pub const fn may_be_empty(self) -> bool {
        matches!(self, Self::NoValue | Self::SandboxTokens | Self::TrustedTypes | Self::Unchecked)
    }

    /// Whether the value is a list of sources, in which nothing at all means `'none'`.
    pub const fn is_source_list(self) -> bool {
        matches!(self, Self::SourceList | Self::AncestorSourceList)
    }
}

/// How a directive stands with the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In CSP Level 3 or in a current document of the W3C.
    Standard,
    /// Proposed; some browser may know it.
    Proposed,
    /// No longer of use; what to write in its place.
    Deprecated(&'static str),
}

/// One directive.
#[derive(Debug, PartialEq, Eq)]
pub struct DirectiveInfo {
    /// Its name in lower case.
    pub name: &'static str,
    /// What it takes.
    pub grammar: Grammar,
    /// How it stands.
    pub standing: Standing,
    /// Which directives stand in where it is missing, in this order (CSP3 §6.8.3).
    pub fallbacks: &'static [&'static str],
}

const fn new(
    name: &'static str,
    grammar: Grammar,
    standing: Standing,
    fallbacks: &'static [&'static str],
) -> DirectiveInfo {
    DirectiveInfo { name, grammar, standing, fallbacks }
}

/// A fetch directive in good standing.
const fn fetch(name: &'static str, fallbacks: &'static [&'static str]) -> DirectiveInfo {
    new(name, Grammar::SourceList, Standing::Standard, fallbacks)
}

/// A directive that is no fetch directive, in good standing.
const fn standard(name: &'static str, grammar: Grammar) -> DirectiveInfo {
    new(name, grammar, Standing::Standard, &[])
}

/// A directive whose time is over.
const fn deprecated(name: &'static str, grammar: Grammar, instead: &'static str) -> DirectiveInfo {
    new(name, grammar, Standing::Deprecated(instead), &[])
}

/// Every directive, ordered by name.
pub static DIRECTIVES: &[DirectiveInfo] = &[
    standard("base-uri", Grammar::SourceList),
    deprecated("block-all-mixed-content", Grammar::NoValue, "browsers do it anyway: leave it out"),
    fetch("child-src", &["default-src"]),
    fetch("connect-src", &["default-src"]),
    fetch("default-src", &[]),
    deprecated("disown-opener", Grammar::NoValue, "use the header Cross-Origin-Opener-Policy"),
    new(
        "fenced-frame-src",
        Grammar::SourceList,
        Standing::Proposed,
        &["frame-src", "child-src", "default-src"],
    ),
    fetch("font-src", &["default-src"]),
    standard("form-action", Grammar::SourceList),
    standard("frame-ancestors", Grammar::AncestorSourceList),
    fetch("frame-src", &["child-src", "default-src"]),
    fetch("img-src", &["default-src"]),
    fetch("manifest-src", &["default-src"]),
    fetch("media-src", &["default-src"]),
    deprecated("navigate-to", Grammar::SourceList, "no browser has it: leave it out"),
    fetch("object-src", &["default-src"]),
    deprecated("plugin-types", Grammar::MediaTypes, "use object-src 'none'"),
    new(
        "prefetch-src",
        Grammar::SourceList,
        Standing::Deprecated("no browser has it any more: leave it out"),
        &["default-src"],
    ),
    deprecated("referrer", Grammar::Unchecked, "use the header Referrer-Policy"),
    deprecated("reflected-xss", Grammar::Unchecked, "no browser has it any more: leave it out"),
    standard("report-to", Grammar::ReportToToken),
    // Deprecated on paper, yet the only one that every browser knows: nobody is told to drop it.
    standard("report-uri", Grammar::UriReferences),
    deprecated("require-sri-for", Grammar::Unchecked, "no browser has it any more: leave it out"),
    standard("require-trusted-types-for", Grammar::SinkGroups),
    standard("sandbox", Grammar::SandboxTokens),
    fetch("script-src", &["default-src"]),
    fetch("script-src-attr", &["script-src", "default-src"]),
    fetch("script-src-elem", &["script-src", "default-src"]),
    fetch("style-src", &["default-src"]),
    fetch("style-src-attr", &["style-src", "default-src"]),
    fetch("style-src-elem", &["style-src", "default-src"]),
    // Chromium's alone.
    new("treat-as-public-address", Grammar::NoValue, Standing::Proposed, &[]),
    standard("trusted-types", Grammar::TrustedTypes),
    standard("upgrade-insecure-requests", Grammar::NoValue),
    standard("webrtc", Grammar::WebRtc),
    fetch("worker-src", &["child-src", "script-src", "default-src"]),
];

/// How long the longest name is.
const LONGEST: usize = "require-trusted-types-for".len();

/// The directive of that name, in any case of letters.
pub fn lookup(name: &str) -> Option<&'static DirectiveInfo> {
    // Most words that are asked about are sources, and longer than any name.
    if name.len() > LONGEST {
        return None;
    }
    DIRECTIVES.iter().find(|directive| directive.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_ordered_and_its_fallbacks_are_in_it() {
        assert!(DIRECTIVES.is_sorted_by(|a, b| a.name < b.name), "ordered, each name once");
        assert_eq!(DIRECTIVES.iter().map(|directive| directive.name.len()).max(), Some(LONGEST));
        for directive in DIRECTIVES {
            for fallback in directive.fallbacks {
                let info = lookup(fallback).unwrap();
                assert_eq!(info.grammar, Grammar::SourceList, "{} → {fallback}", directive.name);
            }
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(lookup("Script-SRC").map(|info| info.name), Some("script-src"));
        assert_eq!(lookup("scriptsrc"), None);
        assert_eq!(lookup("strict-dynamic"), None, "a source keyword is no directive");
    }
}
