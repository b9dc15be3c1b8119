//! What the checks of a Content-Security-Policy look at, wherever it stands: every word is read once, here.

use std::collections::HashMap;

use super::reading::Reading;
use crate::csp::{Directive, Directives, Grammar, TargetBrowsers, directive};
use crate::finding::{About, Span, Spanned};
use crate::policy::Policy;

/// One Content-Security-Policy: that of a document, or one that a header carries.
#[derive(Debug)]
pub struct Subject<'p> {
    /// Its directives, in the order in which they are written.
    pub directives: &'p Directives,
    /// The oldest browsers that it must work in.
    pub targets: &'p TargetBrowsers,
    /// `spec.reportUri`; only a document has one.
    pub(super) report_uri: Option<&'p Spanned<String>>,
    /// What browsers read, in the order in which it is written.
    known: Vec<Reading<'p>>,
    /// Directives whose name was there before: browsers drop them.
    repeated: Vec<(&'p Directive, usize)>,
}

/// Source lists that decide on no fetch.
const NO_FETCH: &[&str] = &["base-uri", "form-action", "navigate-to"];

impl<'p> Subject<'p> {
    /// The one of a document.
    pub fn of(policy: &'p Policy) -> Self {
        let spec = &policy.spec;
        let report_uri = Some(&spec.report_uri);
        Self { report_uri, ..Self::header(&spec.csp_directives, &spec.target_browsers) }
    }

    /// One that a header carries.
    pub fn header(directives: &'p Directives, targets: &'p TargetBrowsers) -> Self {
        let mut known: Vec<Reading<'p>> = Vec::new();
        let mut repeated = Vec::new();
        for written in &directives.0 {
            let Some(info) = directive::lookup(&written.name) else { continue };
            // Each directive of the table is in there once, so this is no long way.
            match known.iter().position(|reading| std::ptr::eq(reading.info, info)) {
                Some(first) => repeated.push((written, first)),
                None => known.push(Reading::new(written, info)),
            }
        }
        Self { directives, targets, report_uri: None, known, repeated }
    }

    /// Every directive that browsers may know, but for those that they drop.
    pub(super) fn known(&self) -> impl Iterator<Item = &Reading<'p>> {
        self.known.iter()
    }

    /// Those of them that hold a list of sources.
    pub(super) fn lists(&self) -> impl Iterator<Item = &Reading<'p>> {
        self.known.iter().filter(|reading| reading.info.grammar.is_source_list())
    }

    /// Directives that browsers drop, with the one before them that they keep.
    pub(super) fn repeated(&self) -> impl Iterator<Item = (&'p Directive, &'p Directive)> {
        self.repeated.iter().filter_map(|(written, first)| Some((*written, self.known.get(*first)?.written)))
    }

    /// The directive of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Reading<'p>> {
        self.known.iter().find(|reading| reading.info.name == name)
    }

    /// The directive that decides for `name`: itself, or the first of its fallbacks that is written (CSP3 §6.8.3).
    ///
    /// `None` means that nothing is restricted there.
    pub(super) fn governing(&self, name: &str) -> Option<&Reading<'p>> {
        let fallbacks = directive::lookup(name).map_or(&[][..], |info| info.fallbacks);
        std::iter::once(name).chain(fallbacks.iter().copied()).find_map(|name| self.get(name))
    }

    /// The directives that govern any of `names`, each once.
    pub(super) fn governing_any(&self, names: &[&str]) -> Vec<&Reading<'p>> {
        let mut found: Vec<&Reading<'p>> = Vec::new();
        for reading in names.iter().filter_map(|name| self.governing(name)) {
            if !found.iter().any(|other| std::ptr::eq(*other, reading)) {
                found.push(reading);
            }
        }
        found
    }

    /// Whether it restricts what a page loads. One that only says who may frame the page, or the like, misses nothing.
    pub(super) fn restricts_loads(&self) -> bool {
        self.known.iter().any(|reading| {
            reading.info.grammar == Grammar::SourceList && !NO_FETCH.contains(&reading.info.name)
        })
    }

    /// Whether it stands in a header.
    pub(super) const fn is_header(&self) -> bool {
        self.report_uri.is_none()
    }

    /// How a directive with one value is written where this policy stands.
    pub(super) fn spelt(&self, name: &str, value: &str) -> String {
        if self.is_header() { format!("`{name} {value}`") } else { format!("`{name}: \"{value}\"`") }
    }

    /// What to do about a word that lacks its single quotes.
    pub(super) fn quote(&self, quoted: &str) -> String {
        if self.is_header() {
            format!("write {}", crate::printable::backquoted(quoted))
        } else {
            let yaml = format!("\"{quoted}\"");
            let yaml = crate::printable::backquoted(&yaml);
            format!("in YAML write double quotes around the single ones: {yaml}")
        }
    }

    /// Which directive is written at each of these places, and its value there where only one stands there.
    ///
    /// `spans` is in order; the policy is walked through once.
    pub(super) fn about(&self, spans: &[Span]) -> HashMap<Span, About> {
        let wanted = |span: &Span| spans.binary_search(span).is_ok();
        let mut found: HashMap<Span, About> = HashMap::new();
        for directive in &self.directives.0 {
            let name = &directive.name;
            if wanted(&name.span) {
                found.entry(name.span).or_insert_with(|| About::from((name.value.as_str(), None)));
            }
            for source in directive.sources().iter().filter(|source| wanted(&source.span)) {
                found
                    .entry(source.span)
                    .and_modify(|about| about.value = None)
                    .or_insert_with(|| About::from((name.value.as_str(), Some(source.value.as_str()))));
            }
        }
        found
    }
}
