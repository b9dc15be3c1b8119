//! The text of a file, with an index from the scanner's marks to places.
//!
//! Every span made here points inside the text, however the scanner counts at its end. A look-up costs the same in
//! a file of one long line as in a file of many short ones.

use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::Marker;

use super::code;
use crate::finding::{Code, Edit, Finding, Place, Span};
use crate::printable::is_hidden;

/// The largest file, in bytes.
pub const MAX_FILE: usize = 1 << 20;

/// How many characters lie between two entries of the index.
const STRIDE: usize = 128;

/// A file's text: UTF-8, of bounded length, without a byte-order mark or control characters.
#[derive(Debug)]
pub struct Text<'t> {
    file: Arc<str>,
    text: &'t str,
    /// How many bytes of the file stand before the text: those of a byte-order mark.
    mark: usize,
    /// Where each line begins, in bytes and in characters.
    lines: Vec<(usize, usize)>,
    /// The byte offset of every `STRIDE`th character.
    strides: Vec<usize>,
    /// How many characters there are.
    chars: usize,
}

impl<'t> Text<'t> {
    /// Reads the bytes of a file.
    pub fn new(file: &Arc<str>, bytes: &'t [u8]) -> Result<Self, Box<Finding>> {
        if bytes.len() > MAX_FILE {
            let text = format!("the file has {} bytes; at most {MAX_FILE} are read", bytes.len());
            let help = "split it into several files";
            return Err(Box::new(Self::index(file, "").finding(&code::FILE_TOO_LARGE, START, text, help)));
        }
        let (valid, cut) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                (std::str::from_utf8(valid).unwrap_or_default(), bytes.get(error.valid_up_to()))
            }
        };
        let unmarked = valid.strip_prefix('\u{feff}').unwrap_or(valid);
        let text = Self { mark: valid.len() - unmarked.len(), ..Self::index(file, unmarked) };
        if let Some(byte) = cut {
            let message = format!("the byte 0x{byte:02x} at offset {} is not UTF-8", valid.len());
            let span = text.span_at(text.text.len());
            return Err(Box::new(text.finding(&code::NOT_UTF8, span, message, "save the file as UTF-8")));
        }
        match text.control_character() {
            Some(finding) => Err(Box::new(finding)),
            None => Ok(text),
        }
    }

    fn index(file: &Arc<str>, text: &'t str) -> Self {
        let (mut lines, mut strides, mut chars) = (vec![(0, 0)], Vec::new(), 0);
        for (offset, character) in text.char_indices() {
            if chars % STRIDE == 0 {
                strides.push(offset);
            }
            chars += 1;
            if character == '\n' {
                lines.push((offset + 1, chars));
            }
        }
        if lines.len() > 1 && lines.last().is_some_and(|(offset, _)| *offset == text.len()) {
            lines.pop(); // what follows the last line's end is no line
        }
        Self { file: Arc::clone(file), text, mark: 0, lines, strides, chars }
    }

    /// The first control character that is neither a tab nor a line's end.
    ///
    /// A carriage return alone is one of them: YAML ends a line there, and most of what shows files doesn't.
    fn control_character(&self) -> Option<Finding> {
        let mut characters = self.text.char_indices().peekable();
        while let Some((offset, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            let allowed = matches!(character, '\t' | '\n') || (character == '\r' && next == Some('\n'));
            if character.is_control() && !allowed {
                let text =
                    format!("the control character U+{:04X} is not allowed here", u32::from(character));
                let span = self.span_at(offset);
                return Some(self.finding(&code::CONTROL_CHARACTER, span, text, "remove it"));
            }
        }
        None
    }

    /// The whole text.
    pub fn as_str(&self) -> &'t str {
        self.text
    }

    /// A line, from 1, without its end.
    pub fn line(&self, line: u32) -> &'t str {
        let index = line.max(1) as usize - 1;
        let start = self.lines.get(index).map_or(self.text.len(), |(offset, _)| *offset);
        let end = self.lines.get(index + 1).map_or(self.text.len(), |(offset, _)| *offset);
        self.text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    /// Where the character with a number stands, in bytes.
    pub fn offset(&self, character: usize) -> usize {
        if self.chars == self.text.len() {
            return character.min(self.chars); // all ASCII
        }
        let Some(stride) = self.strides.get(character / STRIDE) else { return self.text.len() };
        let rest = self.text.get(*stride..).unwrap_or_default();
        rest.char_indices().nth(character % STRIDE).map_or(self.text.len(), |(offset, _)| stride + offset)
    }

    /// The bytes of the text that a span means.
    pub fn bytes(&self, span: Span) -> Range<usize> {
        let line = self.lines.get(span.line.max(1) as usize - 1).map_or(self.chars, |(_, start)| *start);
        let first = line + span.column.max(1) as usize - 1;
        self.offset(first)..self.offset(first + span.width as usize)
    }

    /// An edit of bytes of the text, as one of the file.
    pub fn edit(&self, bytes: &Range<usize>, replacement: impl Into<String>) -> Edit {
        Edit::new(bytes.start + self.mark..bytes.end + self.mark, replacement)
    }

    /// The text from a mark on.
    pub fn rest(&self, start: Marker) -> &'t str {
        self.text.get(self.offset(start.index())..).unwrap_or_default()
    }

    /// What stands in a line, from 1, before a byte offset.
    pub fn before(&self, line: u32, offset: usize) -> &'t str {
        let start = self.lines.get(line.max(1) as usize - 1).map_or(0, |(start, _)| *start);
        self.text.get(start..offset).unwrap_or_default()
    }

    /// The span of one line from a mark, as many characters wide as fit.
    pub fn span(&self, start: Marker, width: usize) -> Span {
        self.clamped(start.line(), start.col() + 1, width)
    }

    /// The span of the character at a byte offset.
    fn span_at(&self, offset: usize) -> Span {
        let line = self.lines.partition_point(|(start, _)| *start <= offset).max(1);
        let start = self.lines.get(line - 1).map_or(0, |(start, _)| *start);
        let column = self.text.get(start..offset).unwrap_or_default().chars().count() + 1;
        self.clamped(line, column, 1)
    }

    /// A span that lies inside its line, or directly behind its last character.
    pub fn clamped(&self, line: usize, column: usize, width: usize) -> Span {
        let beyond = line > self.lines.len();
        let line = line.clamp(1, self.lines.len());
        let length = self.length(line);
        let column = if beyond { length + 1 } else { column.clamp(1, length + 1) };
        let width = width.clamp(1, (length + 1 - column).max(1));
        Span { line: narrow(line), column: narrow(column), width: narrow(width) }
    }

    /// How many characters a line has, from 1.
    fn length(&self, line: usize) -> usize {
        let start = self.lines.get(line - 1).map_or(0, |(_, start)| *start);
        let end = self.lines.get(line).map_or(self.chars, |(_, end)| *end);
        let shown = self.line(narrow(line));
        let bytes = self.lines.get(line).map_or(self.text.len(), |(end, _)| *end)
            - self.lines.get(line - 1).map_or(0, |(start, _)| *start);
        end - start - (bytes - shown.len()) // a line's end is ASCII
    }

    /// The place of a span.
    pub fn place(&self, span: Span) -> Place {
        let excerpt: String = self.line(span.line).chars().take(Place::MAX_EXCERPT).collect();
        Place {
            file: Arc::clone(&self.file),
            line: span.line,
            column: span.column,
            width: span.width,
            excerpt: excerpt.into(),
        }
    }

    /// A finding with help, at a span.
    pub fn finding(
        &self,
        code: &'static Code,
        span: Span,
        text: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        let help = Some(help.into()).filter(|help| !help.is_empty());
        Finding {
            code,
            place: Some(self.place(span)),
            about: None,
            text: text.into(),
            help,
            fix: None,
            waived: None,
        }
    }
}

/// The first character of a file.
pub const START: Span = Span { line: 1, column: 1, width: 1 };

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What to write: a source in double quotes behind what stands before it, where it is short enough to be shown.
pub fn corrected(lead: &str, source: &str) -> String {
    match source.len() {
        // Of what stands before it, tabs and their like are nothing to copy.
        0..=300 => format!("write `{}{}`", lead.replace(is_hidden, " "), quoted(source)),
        _ => "put the whole value between double quotes".to_owned(),
    }
}

/// A text as a double-quoted YAML scalar.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if is_hidden(character) && character <= '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ if is_hidden(character) => quoted.push_str(&format!("\\U{:08x}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text<'_> {
        Text::new(&"a.yaml".into(), text.as_bytes()).unwrap()
    }

    #[test]
    fn spans_stay_inside_the_text() {
        let text = text("ab\r\ncä\n");
        let cases = [
            ((1, 1, 9), (1, 1, 2)),
            ((1, 9, 1), (1, 3, 1)),
            ((2, 2, 2), (2, 2, 1)),
            ((3, 1, 1), (2, 3, 1)),
            ((0, 0, 0), (1, 1, 1)),
        ];
        for ((line, column, width), expected) in cases {
            let span = text.clamped(line, column, width);
            assert_eq!((span.line, span.column, span.width), expected);
        }
    }

    #[test]
    fn characters_are_found_past_a_stride() {
        let long = "ä".repeat(STRIDE * 2 + 3);
        let text = text(&long);
        assert_eq!(text.offset(STRIDE + 1), (STRIDE + 1) * 2);
        assert_eq!(text.offset(9_999), long.len());
        assert_eq!(self::text("abc").offset(2), 2);
    }
}
