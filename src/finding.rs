//! What validation says: a code, its severity, the place, a text, and what to do next.
//!
//! Findings are made by [`crate::policy`] (documents) and [`crate::validate`] (checks), and are shown by the
//! face. They know nothing of rendering: a place carries the source line it points into, so that whoever
//! shows it needs no file.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

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
}

impl Finding {
    /// Whether it holds its policy.
    pub fn is_error(&self) -> bool {
        self.code.severity == Severity::Error
    }
}

/// The text of one file, from which places are made.
///
/// Kept apart from [`Place`] so that a file's lines are looked up once, and only when something is found.
#[derive(Debug, Clone)]
pub struct SourceText<'a> {
    file: Arc<str>,
    text: &'a str,
}

impl<'a> SourceText<'a> {
    /// A file's name, relative to the policy directory, and its text.
    pub fn new(file: Arc<str>, text: &'a str) -> Self {
        Self { file, text }
    }

    /// The file's name.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// A line, from 1, without its end; empty past the end of the file.
    pub fn line(&self, line: u32) -> &'a str {
        let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        self.text.lines().nth(index).unwrap_or_default()
    }

    /// The place of a span.
    pub fn place(&self, span: Span) -> Place {
        let line = self.line(span.line);
        let excerpt: String = line.chars().take(Place::MAX_EXCERPT).collect();
        Place {
            file: Arc::clone(&self.file),
            line: span.line.max(1),
            column: span.column.max(1),
            width: span.width.max(1),
            excerpt: excerpt.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_carries_its_line() {
        let source = SourceText::new("a.yaml".into(), "one\ntwo\n");
        let place = source.place(Span { line: 2, column: 1, width: 3 });
        assert_eq!(&*place.excerpt, "two");
        assert_eq!(place.to_string(), "a.yaml:2:1");
    }

    #[test]
    fn a_place_past_the_end_is_still_a_place() {
        let source = SourceText::new("a\n.yaml".into(), "");
        let place = source.place(Span { line: 9, column: 0, width: 0 });
        assert_eq!((place.column, place.width, &*place.excerpt), (1, 1, ""));
        assert_eq!(place.to_string(), "a\\n.yaml:9:1", "a newline in a name stays on its line");
    }
}
