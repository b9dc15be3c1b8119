//! One line with the value of a Content-Security-Policy header: cut into its policies, and everything wrong with them.
//!
//! The checks are those of documents, but for what holds for documents alone. What is added here concerns the line
//! itself. Promise: whatever bytes a line has, it is answered, in linear time and with a bounded number of findings.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Subject, validate_csp};
use crate::csp::{self, Directives, TargetBrowsers};
use crate::finding::{Code, Finding, Place, Severity, SourceText, Span};
use crate::printable::backquoted;

/// The longest line that is read, in bytes. Servers and browsers stop far below it.
pub const MAX_LINE: usize = 1 << 20;
/// How many policies of one line are checked.
pub const MAX_POLICIES: usize = 100;
/// How many names and values of one line are checked. The longest headers that sites send have some hundreds.
pub const MAX_WORDS: usize = 5_000;

macro_rules! codes {
    ($($name:ident = $id:literal $words:literal: $summary:literal;
       why $why:literal; example $example:literal; fixed $fixed:literal;)*) => {
        $(
            #[doc = $summary]
            pub static $name: Code = Code {
                id: $id, name: $words, severity: Severity::Error, summary: $summary,
                why: $why, example: $example, fixed: $fixed,
            };
        )*

        /// Every code of a line, by number.
        pub static CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    TOO_LONG = "CW2601" "header-too-long": "A header is longer than chatward reads.";
        why "Servers and browsers drop headers far shorter than that, and with them everything that the policy \
            was to restrict. A line of that length is no policy but a file by mistake.";
        example "over 1 MiB in one line";
        fixed "a policy of a few kilobytes";
    NOT_UTF8 = "CW2602" "header-not-utf8": "A header is not UTF-8 text.";
        why "A header has ASCII alone. A byte that is no text at all makes browsers drop the directive that it \
            stands in, so what it was to restrict is not restricted.";
        example "img-src https://a.example/\\xff";
        fixed "img-src https://a.example/%FF";
    NAME = "CW2603" "header-name": "The name of the header stands in its value, where it is read as a directive.";
        why "Where the name is sent as a part of the value, browsers take it for the name of a directive that \
            they don't know, and ignore the first directive with it.";
        example "Content-Security-Policy: default-src 'self'";
        fixed "default-src 'self'";
    TOO_MUCH = "CW2604" "header-too-much": "A header holds more policies, names or values than chatward checks.";
        why "The longest headers that sites send have some hundreds of words and few policies. Nobody means more than \
            5,000 or 100: a comma, which ends a policy, was probably meant to part sources. What the header allows is \
            told, and its words are not checked one by one.";
        example "img-src a.example, b.example, and so on over a hundred times";
        fixed "img-src a.example b.example";
}

/// What a line holds.
#[derive(Debug, Clone)]
pub struct Header {
    /// Its policies, of which each must allow what is allowed; `None` where the line is too long to be read.
    pub policies: Option<Vec<Directives>>,
    /// What is wrong with them, in order of place.
    pub findings: Vec<Finding>,
}

/// Reads and checks one line of a file, without its end. Lines count from 1.
pub fn check(file: &Arc<str>, line: u32, bytes: &[u8], targets: &TargetBrowsers) -> Header {
    if bytes.len() > MAX_LINE {
        let place = Place { line, ..SourceText::new(Arc::clone(file), "").place(START) };
        let text = format!("the line is longer than {MAX_LINE} bytes");
        return Header { policies: None, findings: vec![finding(&TOO_LONG, place, text)] };
    }
    let text = String::from_utf8_lossy(bytes);
    let source = SourceText::new(Arc::clone(file), &text);
    let mut findings = Vec::new();
    if let Cow::Owned(_) = text {
        findings.push(not_utf8(&source, bytes));
    }
    let named = name(&text);
    if let Some(name) = named {
        findings.push(has_name(&source, name));
    }
    // Places are told in a text of one line, whichever line it is: looking them up then costs nothing.
    let policies = csp::header::policies(&without_name(&text, named), 1);
    match too_much(&policies) {
        Some(text) => findings.push(finding(&TOO_MUCH, source.place(START), text)),
        None => findings.extend(together(&policies, targets, &source)),
    }
    for place in findings.iter_mut().filter_map(|finding| finding.place.as_mut()) {
        place.line = line;
    }
    findings.sort_by_key(|finding| finding.place.as_ref().map_or(0, |place| place.column));
    Header { policies: Some(policies), findings }
}

/// Why policies are not checked, where they are more than what is.
pub fn too_much(policies: &[Directives]) -> Option<String> {
    let words =
        |policy: &Directives| policy.0.iter().map(|directive| 1 + directive.sources().len()).sum::<usize>();
    let rows = [
        (policies.len(), MAX_POLICIES, "policies"),
        (policies.iter().map(words).sum(), MAX_WORDS, "names and values"),
    ];
    let (count, most, what) = rows.into_iter().find(|(count, most, _)| count > most)?;
    Some(format!("the header has {count} {what}; at most {most} are checked"))
}

/// The value of a header, without the header's name where that stands before it.
pub fn value(text: &str) -> &str {
    name(text).and_then(|name| text.get(name.len()..)).unwrap_or(text)
}

fn finding(code: &'static Code, place: Place, text: String) -> Finding {
    Finding { code, place: Some(place), about: None, text, help: None, fix: None, waived: None }
}

fn not_utf8(source: &SourceText<'_>, bytes: &[u8]) -> Finding {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let byte = bytes.get(valid.len()).copied().unwrap_or_default();
    let column = characters(valid).saturating_add(1);
    let text = format!("the byte 0x{byte:02x} at offset {} is not UTF-8", valid.len());
    let help = "a header has ASCII alone; in a path write `%` and the byte's two digits";
    let place = source.place(Span { column, ..START });
    Finding { help: Some(help.to_owned()), ..finding(&NOT_UTF8, place, text) }
}

fn has_name(source: &SourceText<'_>, name: &str) -> Finding {
    let text = format!("{} is the header's name and no part of its value", backquoted(name.trim()));
    let help = "leave it out: browsers would ignore the first directive. It is read without it here";
    let place = source.place(Span { width: characters(name.trim_end()), ..START });
    Finding { help: Some(help.to_owned()), ..finding(&NAME, place, text) }
}

fn characters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

/// The header's name, its colon and the white space around it, where a text begins with them.
fn name(text: &str) -> Option<&str> {
    let (name, value) = text.split_at_checked(text.find(':')? + 1)?;
    let plain = name.trim_end_matches(':').trim_matches(|c: char| c.is_ascii_whitespace());
    let known = csp::header::NAMES.iter().any(|known| known.eq_ignore_ascii_case(plain));
    let space = value.len() - value.trim_ascii_start().len();
    known.then(|| text.get(..name.len() + space)).flatten()
}

/// A text with blanks in place of the header's name, so that every place stays where it is.
fn without_name<'t>(text: &'t str, name: Option<&str>) -> Cow<'t, str> {
    match name.and_then(|name| Some((name, text.get(name.len()..)?))) {
        Some((name, value)) => format!("{:1$}{value}", "", name.chars().count()).into(),
        None => text.into(),
    }
}

const START: Span = Span { line: 1, column: 1, width: 1 };

/// Where a policy begins: the place of what is said about all of it.
fn start(policy: &Directives) -> Span {
    policy.0.first().map_or(START, |first| Span { width: 1, ..first.name.span })
}

/// The findings of all policies of a header, as one list.
///
/// Each policy must allow what is allowed. So what one of them lacks is missing only where none of the others has it,
/// and is told once.
fn together(policies: &[Directives], targets: &TargetBrowsers, source: &SourceText<'_>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for policy in policies {
        let findings = validate_csp(&Subject::header(policy, targets), start(policy), source);
        for finding in findings {
            let missing = missing(&finding, policy);
            let made_up = |name| policies.iter().any(|other| csp::governing(other, name).is_some());
            let told = || all.iter().any(|other| other.code == finding.code && other.about == finding.about);
            if missing.is_none_or(|name| !made_up(name) && !told()) {
                all.push(finding);
            }
        }
    }
    all
}

/// The directive that a finding misses in a policy: it is about one that isn't written there.
fn missing<'f>(finding: &'f Finding, policy: &Directives) -> Option<&'f str> {
    let name = finding.about.as_ref()?.directive.as_str();
    policy.get(name).is_none().then_some(name)
}

#[cfg(test)]
mod tests;
