//! What is mechanical to mend in a Content-Security-Policy: the one word that was meant, where there is only one.
//!
//! [`Mender::offer`] gives findings of [`crate::validate`] the [`Fix`] that ends them: lost quotes of a keyword, quotes
//! around a host, a scheme without its colon, a stray semicolon, a source that is written twice, and a name that is one
//! slip from exactly one other. What YAML did to a source [`crate::policy::document`] offers to mend itself. Whatever
//! leaves a choice is left to a person.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::csp::directive::{self, DIRECTIVES};
use crate::csp::source::is_prefixed;
use crate::csp::{Keyword, Source};
use crate::finding::{Finding, Fix, Place, Span};
use crate::policy::{Policy, document::Written};
use crate::suggest::certain;

/// The code of sources that are in their list already.
const DUPLICATE: &str = "duplicate-source";
/// Schemes that nobody means a host by.
const SCHEMES: &[&str] = &["http", "https", "ws", "wss", "data", "blob", "filesystem", "mediastream"];
/// What stands around a word that was copied from somewhere.
const QUOTES: &[char] = &['\'', '"', '`', '‘', '’', '“', '”'];

/// How many fixes of one file are looked for: more than a person reads through.
pub const MAX_FIXES: usize = 1_000;

/// The largest file that fixes are looked for in, since that takes a second reading of it: no person writes a larger one.
pub const MAX_FILE: usize = 256 * 1024;

/// Offers fixes for the findings of one file.
#[derive(Debug)]
pub struct Mender<'t> {
    file: Arc<str>,
    bytes: &'t [u8],
    /// The file's words, looked up when the first of them is to be mended.
    written: OnceCell<Option<Written<'t>>>,
    /// How many fixes are still looked for.
    left: usize,
}

impl<'t> Mender<'t> {
    /// One for a file with these bytes.
    pub fn new(file: Arc<str>, bytes: &'t [u8]) -> Self {
        Self { file, bytes, written: OnceCell::new(), left: MAX_FIXES }
    }

    /// Gives each finding of a policy its fix, where there is one; of a file at most [`MAX_FIXES`].
    pub fn offer(&mut self, policy: &Policy, findings: &mut [Finding]) {
        for finding in findings.iter_mut().filter(|finding| finding.fix.is_none()) {
            if self.left == 0 {
                return;
            }
            let (Some(about), Some(place)) = (&finding.about, &finding.place) else { continue };
            let directive = about.directive.as_str();
            finding.fix = match &about.value {
                Some(value) if finding.code.name == DUPLICATE => self.without(place, value),
                Some(value) => source(directive, value).and_then(|new| self.with(place, value, &new)),
                None => name(policy, directive).and_then(|new| self.with(place, directive, new)),
            };
            self.left -= usize::from(finding.fix.is_some());
        }
    }

    fn written(&self) -> Option<&Written<'t>> {
        let read = || (self.bytes.len() <= MAX_FILE).then(|| Written::new(&self.file, self.bytes)).flatten();
        self.written.get_or_init(read).as_ref()
    }

    fn with(&self, place: &Place, old: &str, new: &str) -> Option<Fix> {
        self.written()?.word(span(place), old)?.replaced_by(new)
    }

    fn without(&self, place: &Place, old: &str) -> Option<Fix> {
        self.written()?.word(span(place), old)?.removed()
    }
}

fn span(place: &Place) -> Span {
    Span { line: place.line, column: place.column, width: place.width }
}

/// The source that a value of a source list was meant to be.
fn source(directive: &str, value: &str) -> Option<String> {
    let info = directive::lookup(directive).filter(|info| info.grammar.is_source_list());
    info.and_then(|_| meant(value)).filter(|meant| meant != value && Source::parse(meant).is_ok())
}

fn meant(value: &str) -> Option<String> {
    let word = value.trim_end_matches([';', ',']);
    let bare = word.trim_matches(QUOTES);
    if let Some(keyword) = Keyword::from_name(bare) {
        // Letters in another case are no mistake.
        return (word != format!("'{bare}'"))
            .then(|| format!("'{}'", keyword.name()))
            .or(Some(word.to_owned()));
    }
    // A dot tells a host such as `nonce-cdn.example` from a nonce.
    if is_prefixed(bare) && !bare.contains('.') {
        return Some(format!("'{bare}'"));
    }
    if SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(bare)) {
        return Some(format!("{bare}:"));
    }
    if bare.contains(['.', ':']) {
        return Some(bare.to_owned());
    }
    match certain(bare, Keyword::ALL.iter().map(|keyword| keyword.name())) {
        _ if bare.len() == word.len() => Some(word.to_owned()),
        keyword => keyword.map(|keyword| format!("'{keyword}'")),
    }
}

/// The directive that an unknown one was meant to be, unless the policy has that too.
fn name(policy: &Policy, written: &str) -> Option<&'static str> {
    let unknown = directive::lookup(written).is_none() && Keyword::from_name(written).is_none();
    let near = unknown.then(|| certain(written, DIRECTIVES.iter().map(|info| info.name))).flatten();
    near.filter(|near| policy.spec.csp_directives.get(near).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_word_that_was_meant_is_known() {
        let cases = [
            ("self", Some("'self'")),
            ("SELF", Some("'self'")),
            ("'SELF'", None),
            ("'SELF';", Some("'SELF'")),
            ("\"self\"", Some("'self'")),
            ("‘self’", Some("'self'")),
            ("'self", Some("'self'")),
            ("self;", Some("'self'")),
            ("'slef'", Some("'self'")),
            ("slef", None),
            ("'nonce-abc=", Some("'nonce-abc='")),
            ("nonce-abc", Some("'nonce-abc'")),
            ("nonce-cdn.example", None),
            ("data", Some("data:")),
            ("HTTPS", Some("HTTPS:")),
            ("'https'", Some("https:")),
            ("'https:'", Some("https:")),
            ("'https://cdn.example'", Some("https://cdn.example")),
            ("https://cdn.example;", Some("https://cdn.example")),
            ("cdn;", Some("cdn")),
            ("https://a.example;https://b.example", None),
            ("https://cdn.example/?q", None),
            ("https://cdn.example", None),
            ("'unsafe-inlin'", Some("'unsafe-inline'")),
            ("'report-sha25'", Some("'report-sha256'")),
            ("'report-sha2'", None),
            ("'zzz'", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(source("script-src", value).as_deref(), expected, "{value}");
        }
        assert_eq!(source("report-to", "self"), None, "no source list");
    }
}
