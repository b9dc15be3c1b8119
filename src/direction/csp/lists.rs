//! Source lists against each other: for each use that a page makes of a source, by the directive that decides there.
//!
//! A list is first brought down to what is in effect: beside `'strict-dynamic'` no host counts for scripts, beside a nonce
//! `'unsafe-inline'` does not, and a nonce means nothing for images. A source that the other list covers is no change,
//! whatever it is called there, and neither is a directive whose fallback says the same.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Reasons;
use super::tell;
use crate::csp::source::Asked;
use crate::csp::{Directive, Directives, Keyword, Source, directive, governing};

/// The most comparisons of two sources for one directive: beyond them nobody can tell in time.
const MAX_COMPARISONS: usize = 200_000;

/// What a source is used for. Each use knows other kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Scripts within the page, and those that it loads.
    Scripts,
    /// Event handlers in attributes.
    EventHandlers,
    /// Strings that become scripts.
    Strings,
    /// Style sheets.
    Styles,
    /// Style attributes.
    StyleAttributes,
    /// Workers: scripts of their own.
    Workers,
    /// Connections that scripts open.
    Connections,
    /// Everything else that has a URL.
    Urls,
}

/// Every directive that decides on a use of its own. `default-src` and `child-src` decide only in place of these.
const DECIDING: [(&str, Use); 17] = [
    ("script-src", Use::Strings),
    ("script-src-elem", Use::Scripts),
    ("script-src-attr", Use::EventHandlers),
    ("style-src-elem", Use::Styles),
    ("style-src-attr", Use::StyleAttributes),
    ("worker-src", Use::Workers),
    ("connect-src", Use::Connections),
    ("fenced-frame-src", Use::Urls),
    ("font-src", Use::Urls),
    ("frame-src", Use::Urls),
    ("img-src", Use::Urls),
    ("manifest-src", Use::Urls),
    ("media-src", Use::Urls),
    ("object-src", Use::Urls),
    ("base-uri", Use::Urls),
    ("form-action", Use::Urls),
    ("frame-ancestors", Use::Urls),
];

impl Use {
    /// What tells a reason from one of the same directive about another use.
    const fn suffix(self) -> &'static str {
        match self {
            Self::EventHandlers => " for event handlers",
            Self::StyleAttributes => " for style attributes",
            _ => "",
        }
    }

    const fn asked(self) -> Asked {
        if matches!(self, Self::Connections) { Asked::Connections } else { Asked::Loads }
    }

    const fn is_script(self) -> bool {
        matches!(self, Self::Scripts | Self::EventHandlers | Self::Strings | Self::Workers)
    }

    /// Whether a source of that kind says anything there, all others of its list aside.
    const fn knows(self, source: &Source<'_>) -> bool {
        match source {
            Source::Scheme(_) | Source::Host(_) | Source::Keyword(Keyword::SelfOrigin) => {
                !matches!(self, Self::EventHandlers | Self::StyleAttributes | Self::Strings)
            }
            Source::Nonce(_) => matches!(self, Self::Scripts | Self::Styles),
            Source::Hash(_) => {
                matches!(self, Self::Scripts | Self::Styles | Self::EventHandlers | Self::StyleAttributes)
            }
            Source::Keyword(keyword) => matches!(
                (keyword, self),
                (Keyword::StrictDynamic, Self::Scripts | Self::Workers)
                    | (Keyword::InlineSpeculationRules, Self::Scripts)
                    | (Keyword::TrustedTypesEval, Self::Strings)
                    | (Keyword::UnsafeWebtransportHashes, Self::Connections)
            ),
        }
    }
}

/// What became of the sources under one name.
#[derive(Default)]
struct Shift {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
}

pub(super) fn compare(old: &Directives, new: &Directives, reasons: &mut Reasons) {
    let mut seen = Vec::new();
    let mut shifts: BTreeMap<String, Shift> = BTreeMap::new();
    for (name, used) in DECIDING {
        let (before, after) = (governing(old, name), governing(new, name));
        let pair = (before.map(std::ptr::from_ref), after.map(std::ptr::from_ref), used);
        if seen.contains(&pair) {
            continue; // a fallback that decides for several
        }
        seen.push(pair);
        let label = label(before, after);
        match (before, after) {
            (None, None) => {}
            (None, Some(_)) => reasons.stronger(&format!("{label} now restricts what nothing did")),
            (Some(_), None) => reasons.weaker(&format!("{label} no longer restricts anything")),
            (Some(before), Some(after)) if before.sources() == after.sources() => {}
            (Some(before), Some(after)) => {
                let (before, after) = (Effective::of(before, used), Effective::of(after, used));
                let asked = used.asked();
                let (Some(added), Some(removed)) =
                    (after.beyond(&before, asked), before.beyond(&after, asked))
                else {
                    reasons.unclear(&format!("{label} has too many sources to be compared"));
                    continue;
                };
                let shift = shifts.entry(label + used.suffix()).or_default();
                shift.added.extend(added);
                shift.removed.extend(removed);
            }
        }
    }
    for (label, Shift { added, removed }) in shifts {
        tell(&label, &Vec::from_iter(added), &Vec::from_iter(removed), reasons);
    }
}

/// The name under which a change is told: of two directives the one that stands in for fewer others.
fn label(old: Option<&Directive>, new: Option<&Directive>) -> String {
    let info = |directive: &Directive| directive::lookup(&directive.name);
    let named = match (old.and_then(info), new.and_then(info)) {
        (Some(old), Some(new)) if old.fallbacks.contains(&new.name) => Some(old),
        (old, new) => new.or(old),
    };
    named.map(|info| info.name.to_owned()).unwrap_or_default()
}

/// The sources of a list that are in effect for one use.
struct Effective<'p> {
    sources: Vec<Source<'p>>,
    /// Whether every piece of code passes that is no file: inline code, or for strings all of them.
    all_code: bool,
}

impl<'p> Effective<'p> {
    fn of(directive: &'p Directive, used: Use) -> Self {
        let read = directive.sources().iter().filter_map(|written| Source::parse(written).ok());
        let all: Vec<Source<'p>> = read.collect();
        let has = |keyword| all.contains(&Source::Keyword(keyword));
        let dynamic = has(Keyword::StrictDynamic) && used.is_script();
        let nonce_or_hash = all.iter().any(|source| matches!(source, Source::Nonce(_) | Source::Hash(_)));
        let all_code = match used {
            Use::Strings => has(Keyword::UnsafeEval),
            _ => has(Keyword::UnsafeInline) && !nonce_or_hash && !dynamic,
        };
        let in_attribute = matches!(used, Use::EventHandlers | Use::StyleAttributes);
        let in_effect = |source: &Source<'_>| match source {
            Source::Scheme(_) | Source::Host(_) | Source::Keyword(Keyword::SelfOrigin) => !dynamic,
            Source::Hash(_) if in_attribute => has(Keyword::UnsafeHashes),
            _ => true,
        };
        let sources = all.iter().copied().filter(|source| used.knows(source) && in_effect(source));
        Self { sources: sources.collect(), all_code }
    }

    /// What it allows that another list does not; nothing where that would take too long to tell.
    fn beyond(&self, other: &Self, asked: Asked) -> Option<Vec<String>> {
        let same: BTreeSet<String> = other.sources.iter().map(Source::canonical).collect();
        let own: Vec<&Source<'p>> =
            self.sources.iter().filter(|source| !same.contains(&source.canonical())).collect();
        if own.len().saturating_mul(other.sources.len()) > MAX_COMPARISONS {
            return None;
        }
        let beyond = own.into_iter().filter(|source| !other.grants(source, asked));
        Some(beyond.map(ToString::to_string).collect())
    }

    /// Whether it allows all that a source does.
    fn grants(&self, source: &Source<'_>, asked: Asked) -> bool {
        match source {
            Source::Nonce(_) | Source::Hash(_) => self.all_code,
            Source::Keyword(Keyword::InlineSpeculationRules | Keyword::TrustedTypesEval) => self.all_code,
            // A trusted script may load any other: no more than a list that has every host lets it do.
            Source::Keyword(Keyword::StrictDynamic) => {
                Source::Scheme("https").is_covered_by(&self.sources, asked)
            }
            _ => source.is_covered_by(&self.sources, asked),
        }
    }
}
