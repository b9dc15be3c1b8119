//! Words of a file as YAML has them written, and the edits that change one of them or take it out.
//!
//! Only what stands in one line is edited, and only where its bytes are the very word: what an escape, a fold or an
//! alias made is left to a person. Quotes are put around a plain scalar where the new word needs them.

use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{syntax, text::Text, tree};
use crate::finding::{Fix, Span};

/// A file's text, and where its scalars stand.
#[derive(Debug)]
pub struct Written<'t> {
    text: Text<'t>,
    /// In the order of the file; none overlaps another.
    scalars: Vec<Scalar>,
}

/// A scalar that stands in one line.
#[derive(Debug)]
struct Scalar {
    /// Its bytes, quotes included.
    bytes: Range<usize>,
    style: ScalarStyle,
    /// Whether it is an entry of a list.
    listed: bool,
}

/// A word inside of a scalar, or all of one.
#[derive(Debug)]
pub struct Word<'w, 't> {
    written: &'w Written<'t>,
    scalar: &'w Scalar,
    bytes: Range<usize>,
}

impl<'t> Written<'t> {
    /// Reads where the scalars of a file stand, up to where it is no YAML; `None` where it is no text.
    pub fn new(file: &Arc<str>, bytes: &'t [u8]) -> Option<Self> {
        let text = Text::new(file, bytes).ok()?;
        let scalars = scalars(&text);
        Some(Self { text, scalars })
    }

    /// The word that stands at a place; `None` where other bytes do.
    pub fn word(&self, span: Span, word: &str) -> Option<Word<'_, 't>> {
        let mut bytes = self.text.bytes(span);
        let index = self.scalars.partition_point(|scalar| scalar.bytes.start <= bytes.start);
        let scalar = self.scalars.get(index.checked_sub(1)?)?;
        if scalar.style != ScalarStyle::Plain && bytes == scalar.bytes {
            bytes = bytes.start + 1..bytes.end - 1;
        }
        let inside = bytes.start >= scalar.bytes.start && bytes.end <= scalar.bytes.end;
        let same = self.text.as_str().get(bytes.clone()) == Some(word);
        (inside && same).then_some(Word { written: self, scalar, bytes })
    }
}

fn scalars(text: &Text<'_>) -> Vec<Scalar> {
    let mut parser = Parser::new_from_str(text.as_str());
    let (mut scalars, mut lists) = (Vec::new(), Vec::new());
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::SequenceStart(..), _)) => lists.push(true),
            Ok((Event::MappingStart(..), _)) => lists.push(false),
            Ok((Event::SequenceEnd | Event::MappingEnd, _)) => {
                lists.pop();
            }
            Ok((Event::Scalar(_, style, ..), span)) => {
                let start = text.offset(span.start.index());
                let raw = text.as_str().get(start..text.offset(span.end.index())).unwrap_or_default();
                let listed = lists.last() == Some(&true);
                let scalar = |written: &str| Scalar { bytes: start..start + written.len(), style, listed };
                scalars.extend(one_line(raw, style).map(scalar));
            }
            Ok(_) => {}
            Err(error) if syntax::is_unknown_anchor(&error) => {}
            Err(_) => break,
        }
    }
    scalars
}

/// A scalar as it is written, where that is in one line.
fn one_line(raw: &str, style: ScalarStyle) -> Option<&str> {
    let written = tree::written(raw, style);
    let whole = match style {
        ScalarStyle::Plain => !raw.trim_end().contains('\n') && !written.is_empty(),
        ScalarStyle::SingleQuoted => written.len() > 1 && written.ends_with('\''),
        ScalarStyle::DoubleQuoted => written.len() > 1 && written.ends_with('"'),
        ScalarStyle::Literal | ScalarStyle::Folded => false,
    };
    whole.then_some(written)
}

impl Word<'_, '_> {
    /// Another word in its place; `None` where that would take more than putting quotes around.
    pub fn replaced_by(&self, new: &str) -> Option<Fix> {
        let text = &self.written.text;
        if !new.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte)) {
            return None;
        }
        match self.scalar.style {
            ScalarStyle::SingleQuoted => Some(text.edit(&self.bytes, new.replace('\'', "''")).into()),
            ScalarStyle::Plain if !self.can_stay_plain(new) => self.quoted(new),
            _ => Some(text.edit(&self.bytes, new).into()),
        }
    }

    /// Whether YAML reads the word as it is without quotes: it begins as a text does, ends no key, and in a flow ends no
    /// entry.
    fn can_stay_plain(&self, new: &str) -> bool {
        let first = self.bytes.start == self.scalar.bytes.start;
        let begins = new.starts_with(|first: char| first.is_ascii_alphanumeric());
        (!first || begins) && !new.ends_with(':') && !new.contains([',', '[', ']', '{', '}', '#'])
    }

    /// The word in its place, and double quotes around the whole scalar.
    fn quoted(&self, new: &str) -> Option<Fix> {
        let Range { start, end } = self.scalar.bytes;
        let text = &self.written.text;
        let around = [text.as_str().get(start..self.bytes.start)?, text.as_str().get(self.bytes.end..end)?];
        if around.iter().any(|part| part.contains(['"', '\\'])) {
            return None;
        }
        let quote = |at: usize| text.edit(&(at..at), "\"");
        Some(Fix { edits: vec![quote(start), text.edit(&self.bytes, new), quote(end)] })
    }

    /// The word taken out, with what parts it from the one before; `None` where nothing would be left, or a comment would
    /// go with it.
    pub fn removed(&self) -> Option<Fix> {
        let text = &self.written.text;
        let quotes = usize::from(self.scalar.style != ScalarStyle::Plain);
        let Range { start, end } = self.scalar.bytes;
        let content = start + quotes..end - quotes;
        if self.bytes == content {
            return self.entry().map(|bytes| text.edit(&bytes, "").into());
        }
        let before = text.as_str().get(content.start..self.bytes.start)?;
        let kept = before.trim_end_matches(|c: char| c.is_ascii_whitespace());
        let bytes = content.start + kept.len()..self.bytes.end;
        (!kept.is_empty()).then(|| text.edit(&bytes, "").into())
    }

    /// The bytes of the entry that the whole scalar is: a line of its own, or what follows a comma.
    fn entry(&self) -> Option<Range<usize>> {
        let text = self.written.text.as_str();
        let Range { start, end } = self.scalar.bytes;
        let (before, after) = (text.get(..start)?, text.get(end..)?);
        if !self.scalar.listed {
            return None;
        }
        let line = line_start(before);
        if before.get(line..)?.trim() == "-" {
            let rest = after.find('\n').map_or(after.len(), |end| end + 1);
            let alone = after.get(..rest)?.trim().is_empty();
            return alone.then_some(line..end + rest);
        }
        let comma = before.trim_end().strip_suffix(',')?;
        let commented = comma.get(line_start(comma)..)?.contains('#');
        (!commented).then_some(comma.len()..end)
    }
}

/// Where the last line of a text begins.
fn line_start(text: &str) -> usize {
    text.rfind('\n').map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Patch;

    /// A text with the last such word replaced, or taken out.
    fn edited(text: &str, word: &str, new: Option<&str>) -> Option<String> {
        let before = &text[..text.rfind(word).unwrap()];
        let line = before.matches('\n').count() + 1;
        let column = before[line_start(before)..].trim_start_matches('\u{feff}').chars().count() + 1;
        let number = |number: usize| u32::try_from(number).unwrap();
        let span = Span { line: number(line), column: number(column), width: number(word.chars().count()) };
        let file = "a.yaml".into();
        let written = Written::new(&file, text.as_bytes())?;
        let word = written.word(span, word)?;
        let fix = match new {
            Some(new) => word.replaced_by(new),
            None => word.removed(),
        };
        let mut patch = Patch::default();
        patch.add(&fix?).unwrap();
        Some(patch.apply(text).unwrap())
    }

    #[test]
    fn a_word_is_replaced_as_its_scalar_is_written() {
        let cases: &[(&str, Option<&str>)] = &[
            ("a: \"x word\" # c\n", Some("a: \"x 'new'\" # c\n")),
            ("a: 'x word'\n", Some("a: 'x ''new'''\n")),
            ("a: word x # c\n", Some("a: \"'new' x\" # c\n")),
            ("a: x word\n", Some("a: x 'new'\n")),
            ("a: [x, word]\n", Some("a: [x, \"'new'\"]\n")),
            ("\u{feff}a: ä word\r\n", Some("\u{feff}a: ä 'new'\r\n")),
            ("a: word \"x\n", None),
            ("a: |\n  word\n", None),
            ("a: \"x\n  word\"\n", None),
            ("# word\n", None),
        ];
        for (text, expected) in cases {
            assert_eq!(edited(text, "word", Some("'new'")).as_deref(), *expected, "{text:?}");
        }
        assert_eq!(edited("a: data\n", "data", Some("data:")).as_deref(), Some("a: \"data:\"\n"));
        assert_eq!(edited("a: 'https'\n", "https", Some("x")).as_deref(), Some("a: 'x'\n"));
    }

    #[test]
    fn a_word_is_taken_out_with_what_parts_it_and_nothing_else() {
        let cases: &[(&str, Option<&str>)] = &[
            ("a: \"x  word y\"\n", Some("a: \"x y\"\n")),
            ("a: x word # c\n", Some("a: x # c\n")),
            ("a: [x, \"word\", y]\n", Some("a: [x, y]\n")),
            ("a: [x,\n  word\n]\n", Some("a: [x\n]\n")),
            ("a:\n  - x\n  - word\n  - y\n", Some("a:\n  - x\n  - y\n")),
            ("a:\n  - x\n  - word # c\n", None),
            ("a: [x, # c,\n  word]\n", None),
            ("a: word\n", None),
            ("a: word x\n", None),
        ];
        for (text, expected) in cases {
            assert_eq!(edited(text, "word", None).as_deref(), *expected, "{text:?}");
        }
    }
}
