//! What validation says: a code, its severity, the place, a text, and what to do next.
//!
//! Findings are made by [`crate::policy`] (documents) and [`crate::validate`] (checks), and are shown by the
//! face. They know nothing of rendering: a place carries the source line it points into, so that whoever
//! shows it needs no file; and a [`Fix`] carries the edits that mend it, so that whoever applies it needs no check.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

mod fix;
mod source_text;

pub use fix::{Edit, Fix, OutsideText, Overlap, Patch};
pub use source_text::SourceText;

/// How much a finding matters. An [`Error`](Severity::Error) holds its policy; nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing needs to change.
    Info,
    /// Probably not what was meant, or weaker than it could be.
    Warning,
    /// The policy can't be deployed as it stands.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One kind of finding. Codes are stable: a number is never given to something else.
///
/// `CW1xxx` speak of the document, `CW2xxx` of its Content-Security-Policy, `CW3xxx` of XSS and bot rules,
/// `CW9xxx` of the system around it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// `CW` and four digits.
    pub id: &'static str,
    /// The same in words, in kebab case.
    pub name: &'static str,
    /// How much every finding of this code matters.
    pub severity: Severity,
    /// What the code means, in one sentence.
    pub summary: &'static str,
    /// What a browser or a tenant makes of it, and why that matters.
    pub why: &'static str,
    /// Something that raises it: a policy as in a header, or keys of a document where it is no matter of a header.
    pub example: &'static str,
    /// The same put right.
    pub fixed: &'static str,
}

#[cfg(test)]
impl Code {
    /// A code for tests, which need no explanation.
    pub const fn bare(id: &'static str, name: &'static str, severity: Severity) -> Self {
        Self { id, name, severity, summary: "", why: "", example: "", fixed: "" }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// A stretch of one line of a file. Lines and columns count from 1, columns and widths in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Line, from 1.
    pub line: u32,
    /// Column of the first character, from 1.
    pub column: u32,
    /// How many characters of that line; at least 1.
    pub width: u32,
}

/// A value and where in its file it was written. Two values are equal wherever they stand.
#[derive(Debug, Clone, Default)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value at a place.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

/// A [`Span`] in a named file, with the line that it points into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, relative to the policy directory.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How many characters are meant; at least 1.
    pub width: u32,
    /// The line's text, cut to [`Place::MAX_EXCERPT`] characters from its start.
    #[serde(skip)]
    pub excerpt: Arc<str>,
}

impl Place {
    /// The longest excerpt, in characters.
    pub const MAX_EXCERPT: usize = 400;
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.escape_debug(), self.line, self.column)
    }
}

/// The directive that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name, as written.
    pub directive: String,
    /// Which of its values, where it is about one.
    pub value: Option<String>,
}

impl From<(&str, Option<&str>)> for About {
    fn from((directive, value): (&str, Option<&str>)) -> Self {
        Self { directive: directive.to_owned(), value: value.map(str::to_owned) }
    }
}

/// One thing that validation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub code: &'static Code,
    /// Where; `None` only for what has no place in a file.
    pub place: Option<Place>,
    /// Which directive it is about, where it is about one.
    pub about: Option<About>,
    /// What is the matter, in one sentence without a full stop.
    pub text: String,
    /// What to do next, where that is known.
    pub help: Option<String>,
    /// What mends it, where that is mechanical.
    pub fix: Option<Fix>,
    /// Why its document lives with it: it is listed, and counts for nothing.
    pub waived: Option<Arc<str>>,
}

impl Finding {
    /// Whether it holds its policy. An error is never waived.
    pub fn is_error(&self) -> bool {
        self.code.severity == Severity::Error
    }

    /// Whether it stands, and what ends it is mechanical.
    pub fn is_mendable(&self) -> bool {
        self.fix.is_some() && self.waived.is_none()
    }
}
