//! The text of one file, from which places are made.

use std::sync::{Arc, OnceLock};

use super::{Place, Span};

/// The text of one file.
///
/// Kept apart from [`Place`] so that where lines begin is looked up once, and only when something is found.
#[derive(Debug, Clone)]
pub struct SourceText<'a> {
    file: Arc<str>,
    text: &'a str,
    /// The byte offset of each line.
    starts: OnceLock<Vec<usize>>,
}

impl<'a> SourceText<'a> {
    /// A file's name, relative to the policy directory, and its text.
    pub fn new(file: Arc<str>, text: &'a str) -> Self {
        Self { file, text, starts: OnceLock::new() }
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
        let Some(start) = self.starts().get(index) else { return "" };
        let end = self.starts().get(index + 1).copied().unwrap_or(self.text.len());
        let line = self.text.get(*start..end).unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(end, _)| end + 1);
            std::iter::once(0).chain(ends).collect()
        })
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn lines_are_those_of_the_text(text in "[ab\r\n]{0,20}") {
            let source = SourceText::new("a.yaml".into(), &text);
            // A line that ends at the very end of the text keeps a lone carriage return in `str::lines`, and not here.
            for (line, expected) in (1..).zip(text.lines()) {
                prop_assert_eq!(source.line(line).trim_end_matches('\r'), expected.trim_end_matches('\r'));
            }
            prop_assert_eq!(source.line(0), source.line(1));
            prop_assert_eq!(source.line(99), "");
        }
    }
}
