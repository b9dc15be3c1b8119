//! What the scanner's errors mean: most of them are a Content-Security-Policy that YAML reads as something else.
//!
//! `'self'`, `*.example.com` and `data:` are everyday sources, and to YAML they are a quoted string, an alias and a
//! key. So a line that the scanner gives up at is looked at for these before its own words are passed on.

use saphyr_parser::{Marker, ScanError};

use super::findings::Findings;
use super::text::{Text, corrected, quoted};
use super::{code, tree};
use crate::finding::{Code, Finding, Span};
use crate::printable::backquoted;

/// How many lines behind an error are looked at for further mistakes of the same kind.
const MAX_FURTHER: u32 = 1_000;
/// How long a line may be to be looked at.
const MAX_LINE: usize = 8 << 10;
/// How many mistakes of one line are told.
const MAX_MISTAKES: usize = 20;

/// Whether the error is an alias without an anchor, behind which the scanner goes on.
pub fn is_unknown_anchor(error: &ScanError) -> bool {
    error.info() == "while parsing node, found unknown anchor"
}

/// The finding for an alias without an anchor.
pub fn unknown_anchor(text: &Text<'_>, start: Marker) -> Finding {
    let line = u32::try_from(start.line()).unwrap_or(u32::MAX);
    let here = mistakes(text.line(line)).into_iter().find(|mistake| mistake.column == start.col());
    if let Some(mistake) = here {
        return mistake.finding(text, line);
    }
    let ends = |character: &char| character.is_whitespace() || ",]}".contains(*character);
    let name: String = text.rest(start).chars().take_while(|character| !ends(character)).collect();
    let span = text.span(start, name.chars().count());
    let message = format!("the alias {} refers to no anchor of this document", backquoted(&name));
    let help = "set the anchor before it with `&`, or quote the value if no alias is meant";
    text.finding(&code::UNKNOWN_ANCHOR, span, message, help)
}

/// Adds what an error of the scanner means, and the same mistakes further down.
pub fn explain(text: &Text<'_>, error: &ScanError, findings: &mut Findings) {
    let marker = *error.marker();
    if error.info() == "recursion limit exceeded" {
        findings.push(|| tree::too_deep(text, marker));
        return;
    }
    let at = text.span(marker, 1).line;
    // Scanners report late: the mistake is on the error's line or on the one before it.
    let suspects = [at, at.saturating_sub(1).max(1)];
    let culprit = suspects.into_iter().find(|line| !mistakes(text.line(*line)).is_empty());
    match culprit {
        None if findings.speak_of(at) => {}
        None => findings.push(|| raw(text, error)),
        Some(line) => {
            let further = (at + 1..at.saturating_add(MAX_FURTHER)).take_while(|line| {
                let text = text.line(*line);
                !text.starts_with("---") && !text.starts_with("...")
            });
            for line in std::iter::once(line).chain(further) {
                if !findings.speak_of(line) {
                    let found = mistakes(text.line(line));
                    found.iter().for_each(|mistake| findings.push(|| mistake.finding(text, line)));
                }
            }
        }
    }
}

/// The scanner's own words, tidied.
fn raw(text: &Text<'_>, error: &ScanError) -> Finding {
    let info = error.info();
    let message = match info.split_once(", ") {
        Some((context, problem)) if context.starts_with("while ") => format!("{problem} ({context})"),
        _ => info.to_owned(),
    };
    let help = HELP.iter().find(|(words, _)| info.contains(words)).map_or("", |(_, help)| help);
    text.finding(&code::YAML_SYNTAX, text.span(*error.marker(), 1), format!("not YAML: {message}"), help)
}

/// What helps against an error that has these words.
const HELP: &[(&str, &str)] = &[
    ("tab", "indent with spaces"),
    ("mapping values are not allowed", "quote the value if the colon is part of it; else begin a new line"),
    ("unexpected end of stream", "the quote that begins here is never closed"),
    ("document indicator", "the quote that begins here is never closed"),
    ("escape", "a backslash is written twice between double quotes"),
    ("trailing content", "put the whole value between one pair of double quotes"),
    ("simple key expect", "write a colon and a space behind the key"),
    ("indentation", "keys of one mapping begin in the same column"),
    ("did not find expected key", "keys of one mapping begin in the same column"),
    ("did not find expected '-'", "entries of one list begin in the same column"),
    ("flow sequence", "close the list with `]`, and put commas between its entries"),
    ("flow mapping", "close the mapping with `}`, and put commas between its entries"),
    ("byte order mark", "remove the mark; UTF-8 needs none"),
];

/// A stretch of a line that YAML reads as something else than a source.
#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    code: &'static Code,
    /// From 0, in characters.
    column: usize,
    width: usize,
    text: String,
    help: String,
    /// What is certain to be meant, as YAML has it written.
    meant: Option<String>,
}

impl Mistake {
    fn finding(&self, text: &Text<'_>, line: u32) -> Finding {
        let Span { line, column, width } = text.clamped(line as usize, self.column + 1, self.width);
        let span = Span { line, column, width };
        let fix = self.meant.as_ref().map(|meant| text.edit(&text.bytes(span), meant).into());
        Finding { fix, ..text.finding(self.code, span, self.text.clone(), self.help.clone()) }
    }
}

/// The mistakes in one line.
fn mistakes(line: &str) -> Vec<Mistake> {
    if line.len() > MAX_LINE {
        return Vec::new();
    }
    let (start, lead) = lead(line);
    let value = line.get(start..).unwrap_or_default();
    let found = match value.strip_prefix('[') {
        None if value.starts_with('{') => Vec::new(),
        None => mistake(value, start, lead).into_iter().collect(),
        Some(items) => flow_items(items, start + 1)
            .into_iter()
            .filter_map(|(item, at)| mistake(item, at, ""))
            .take(MAX_MISTAKES)
            .collect(),
    };
    let column = |byte: usize| line.get(..byte).unwrap_or_default().chars().count();
    found.into_iter().map(|found: Mistake| Mistake { column: column(found.column), ..found }).collect()
}

/// Where the value of a line begins, and what of a list or a key stands before it.
fn lead(line: &str) -> (usize, &str) {
    let indent = line.len() - line.trim_start().len();
    let mut at = indent;
    while let Some(rest) = line.get(at..).and_then(|rest| rest.strip_prefix("- ")) {
        at = line.len() - rest.trim_start().len();
    }
    let rest = line.get(at..).unwrap_or_default();
    let key = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).count();
    let value = rest.get(key..).and_then(|rest| rest.strip_prefix(':')).filter(|value| {
        let next = value.trim_start();
        key > 0 && next.len() < value.len() && !next.is_empty() && !(at > indent && is_scheme(rest, key))
    });
    let start = value.map_or(at, |value| line.len() - value.trim_start().len());
    (start, line.get(indent..start).unwrap_or_default())
}

/// Whether the first characters of a list's entry are a scheme and not a key.
fn is_scheme(entry: &str, length: usize) -> bool {
    matches!(entry.get(..length), Some("http" | "https" | "ws" | "wss" | "data" | "blob" | "filesystem"))
}

/// The entries of a list in brackets with their offsets, cut at commas outside quotes.
fn flow_items(items: &str, start: usize) -> Vec<(&str, usize)> {
    let (mut found, mut begin, mut quote) = (Vec::new(), 0, None);
    let mut add = |begin: usize, end: usize| {
        let item = items.get(begin..end).unwrap_or_default();
        found.push((item.trim(), start + begin + item.len() - item.trim_start().len()));
    };
    for (at, character) in items.char_indices() {
        match (character, quote) {
            ('\'' | '"', None) => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            (',', None) => {
                add(begin, at);
                begin = at + 1;
            }
            (']', None) => {
                add(begin, at);
                return found;
            }
            _ => {}
        }
    }
    add(begin, items.len());
    found
}

/// What is wrong with one value, if it is one of the known mistakes.
fn mistake(value: &str, at: usize, lead: &str) -> Option<Mistake> {
    let uncommented = value.find(" #").and_then(|comment| value.get(..comment)).unwrap_or(value);
    let value = uncommented.trim_end().trim_end_matches([',', ']']).trim_end();
    let first = value.chars().next()?;
    let found = |code: &'static Code, text: String, source: &str| {
        let (width, help) = (value.chars().count(), corrected(lead, source));
        let meant = (*code != code::RESERVED_CHARACTER).then(|| quoted(source));
        Some(Mistake { code, column: at, width, text, help, meant })
    };
    match first {
        '\'' | '"' => {
            let end = closing_quote(value, first)?;
            let rest =
                value.get(end + 1..).filter(|rest| !rest.trim().is_empty() && !rest.starts_with(':'))?;
            let text = format!("YAML ends the value behind {}", backquoted(value.get(..=end)?));
            let source = match first {
                '"' => format!("{}{rest}", value.get(1..end)?),
                _ => value.to_owned(),
            };
            found(&code::TEXT_AFTER_QUOTES, text, &source)
        }
        '*' if is_host(value.get(1..)?) => {
            let text = format!("YAML reads {} as an alias", backquoted(value));
            found(&code::READ_AS_ALIAS, text, value)
        }
        '@' | '`' | '%' => {
            let text = format!("YAML reserves {first:?} at the beginning of a value");
            found(&code::RESERVED_CHARACTER, text, value)
        }
        '&' | '!' | '|' | '>' | '{' | '[' | '#' | '?' => None,
        _ => {
            // A mapping's own key is no mistake: only what stands behind another key, or behind another source
            // in a list's entry, is a value.
            let behind_key = lead.ends_with(": ");
            let several = !lead.is_empty() && value.contains(char::is_whitespace);
            let ends_in_colon = value.ends_with(':') && (behind_key || several);
            let scheme = value.find(": ").filter(|colon| behind_key || several && is_scheme(value, *colon));
            if !ends_in_colon && scheme.is_none() {
                return None;
            }
            let text = format!("YAML reads a colon in {} as the end of a key", backquoted(value));
            found(&code::SPLIT_AT_COLON, text, &value.replace(": //", "://"))
        }
    }
}

/// Whether what follows an asterisk makes it a wildcard rather than an alias.
fn is_host(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['.', ':', '/', ' '])
}

/// Where the quote that begins a text is closed.
pub fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == '"' {
            characters.next();
        } else if character == quote {
            if quote == '\'' && characters.next_if(|(_, next)| *next == '\'').is_some() {
                continue;
            }
            return Some(at);
        }
    }
    None
}
