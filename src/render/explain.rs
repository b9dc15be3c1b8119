//! Codes explained: one of them whole, or all of them in a list.

use std::fmt;

use serde::Serialize;

use super::columns::{Cell, table};
use super::{BOLD, CYAN, GREEN, RED, Styled, YELLOW, pretty};
use crate::finding::{Code, Severity};
use crate::printable::printable_lines;

/// The version of the JSON shape.
pub const VERSION: u32 = 1;

/// How wide sentences run, in characters.
const WIDTH: usize = 88;
/// The longest example that is shown.
const MAX_EXAMPLE: usize = 1000;

/// What a code means, why it matters, and how it is put right.
pub fn text(code: &Code) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let title = format_args!("{}[{}]", code.severity, code.id);
        writeln!(f, "{}: {}\n", Styled(style(code.severity).bold(), title), Styled(BOLD, code.name))?;
        writeln!(f, "{}\n", wrapped(code.summary))?;
        writeln!(f, "{}\n", wrapped(code.why))?;
        writeln!(f, "{}\n  {}\n", Styled(RED, "For example"), example(code.example))?;
        writeln!(f, "{}\n  {}", Styled(GREEN, "Rather"), example(code.fixed))
    })
}

/// Every code on a line of its own.
pub fn list(codes: &[&Code]) -> impl fmt::Display {
    let row = |code: &&Code| {
        let severity = Cell::styled(style(code.severity), code.severity.to_string());
        [Cell::styled(BOLD, code.id), severity, Cell::new(code.name), Cell::new(code.summary)]
    };
    table(["CODE", "SEVERITY", "NAME", "SUMMARY"], codes.iter().map(row).collect())
}

fn style(severity: Severity) -> anstyle::Style {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Info => CYAN,
    }
}

/// An example as it stands below its heading.
fn example(text: &str) -> String {
    printable_lines(text, MAX_EXAMPLE)
}

/// Sentences in lines of at most [`WIDTH`] characters, but for longer words.
fn wrapped(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + 8);
    let mut width = 0;
    for word in text.split_whitespace() {
        let letters = word.chars().count();
        if width > 0 {
            let fits = width + 1 + letters <= WIDTH;
            lines.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        lines.push_str(word);
        width += letters;
    }
    lines
}

#[derive(Serialize)]
struct Explained<'a> {
    version: u32,
    code: Row<'a>,
}

#[derive(Serialize)]
struct Listed<'a> {
    version: u32,
    codes: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    code: &'a str,
    name: &'a str,
    severity: Severity,
    summary: &'a str,
    why: &'a str,
    example: &'a str,
    fixed: &'a str,
}

impl<'a> From<&'a Code> for Row<'a> {
    fn from(code: &'a Code) -> Self {
        let Code { id, name, severity, summary, why, example, fixed } = *code;
        Self { code: id, name, severity, summary, why, example, fixed }
    }
}

/// One code for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(code: &Code) -> serde_json::Result<String> {
    pretty(&Explained { version: VERSION, code: code.into() })
}

/// Every code for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json_list(codes: &[&Code]) -> serde_json::Result<String> {
    pretty(&Listed { version: VERSION, codes: codes.iter().map(|code| Row::from(*code)).collect() })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::catalogue;
    use crate::render::tests::plain;

    #[test]
    fn a_code_is_explained_with_what_why_example_and_fix() {
        assert_snapshot!(plain(text(catalogue::find("CW1041").unwrap())), @r##"
        error[CW1041]: split-at-colon

        YAML read a source that ends in a colon as a key.

        A colon at the end of a word makes a key of it in YAML, so `data:` becomes a mapping. In
        quotes it stays the source that was meant.

        For example
          img-src:
            - data:

        Rather
          img-src:
            - "data:"
        "##);
    }

    #[test]
    fn codes_are_listed_a_line_each() {
        let codes = [catalogue::find("CW2107").unwrap(), catalogue::find("CW2306").unwrap()];
        assert_snapshot!(plain(list(&codes)), @r##"
        CODE    SEVERITY  NAME              SUMMARY
        CW2107  error     hash-length       No script or style can have a hash of that length.
        CW2306  warning   missing-base-uri  Without base-uri an injected <base> element sends relative script addresses elsewhere.
        "##);
    }

    #[test]
    fn programs_get_the_same() {
        let json = json_list(&[catalogue::find("CW2107").unwrap()]).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["version"], VERSION);
        for key in ["code", "name", "severity", "summary", "why", "example", "fixed"] {
            assert!(json["codes"][0][key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {json}");
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("a  b"), "a b");
        let text = format!("{} b c", "a".repeat(WIDTH));
        assert_eq!(wrapped(&text), format!("{}\nb c", "a".repeat(WIDTH)));
        assert!(wrapped(&"word ".repeat(100)).lines().all(|line| line.len() <= WIDTH));
    }
}
