//! What validation says, as rustc would: the line with a caret under what is meant, and what to do about it; and the
//! same for programs ([`json`]), for code scanning ([`sarif`]) and for a pull request ([`github`]).

use std::fmt;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use super::{BOLD, DIM, GREEN, RED, Styled, YELLOW, counted, pretty};
use crate::finding::{Edit, Finding, Place, Severity};
use crate::printable::{is_hidden, printable};

mod github;
mod sarif;

pub use github::github;
pub use sarif::sarif;

/// The version of the JSON shape.
pub const VERSION: u32 = 1;

/// The longest text or help of a finding that is shown.
const MAX_TEXT: usize = 1000;

/// What was looked at, and how much was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Files that were read.
    pub files: usize,
    /// Policies in them, usable ones and others.
    pub policies: usize,
    /// Findings that hold a policy.
    pub errors: usize,
    /// Findings that should be looked at.
    pub warnings: usize,
    /// Findings worth knowing.
    pub infos: usize,
    /// Findings that their documents live with; they are none of the above.
    pub waived: usize,
    /// How many of all but those `validate --fix` mends.
    pub fixable: usize,
}

impl Tally {
    /// Counts findings by severity.
    pub fn of(files: usize, policies: usize, findings: &[Finding]) -> Self {
        let standing = || findings.iter().filter(|finding| finding.waived.is_none());
        let count = |severity| standing().filter(|finding| finding.code.severity == severity).count();
        Self {
            files,
            policies,
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            infos: count(Severity::Info),
            waived: findings.len() - standing().count(),
            fixable: standing().filter(|finding| finding.is_mendable()).count(),
        }
    }
}

impl fmt::Display for Tally {
    /// The summary line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = counted(self.files, "file", "files");
        let policies = counted(self.policies, "policy", "policies");
        write!(f, "{files}, {policies}: ")?;
        let counts = [
            (RED, self.errors, "error", "errors"),
            (YELLOW, self.warnings, "warning", "warnings"),
            (BOLD, self.infos, "info", "infos"),
        ];
        let mut separator = "";
        for (style, count, one, many) in counts.into_iter().filter(|(_, count, ..)| *count > 0) {
            write!(f, "{separator}{}", Styled(style, counted(count, one, many)))?;
            separator = ", ";
        }
        if separator.is_empty() {
            write!(f, "{}", Styled(GREEN, "no findings"))?;
        }
        if self.waived > 0 {
            write!(f, ", {}", Styled(DIM, format_args!("{} waived", self.waived)))?;
        }
        f.write_str(".")?;
        if self.fixable > 0 {
            write!(f, " `chatward validate --fix` mends {}.", self.fixable)?;
        }
        Ok(())
    }
}

/// Every finding that is not waived with its line, in the order given, and the summary line.
pub fn text(findings: &[Finding], tally: Tally) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        for finding in findings.iter().filter(|finding| finding.waived.is_none()) {
            writeln!(f, "{}\n", snippet(finding))?;
        }
        writeln!(f, "{tally}")
    })
}

pub(super) fn snippet(finding: &Finding) -> String {
    let level = match finding.code.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(printable(&finding.text, MAX_TEXT)).id(finding.code.id);
    let mut group = Group::with_title(title);
    if let Some(place) = &finding.place {
        group = group.elements(pointed(place));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(printable(help, MAX_TEXT)));
    }
    Renderer::styled().render(&[group])
}

/// A place as `file:line:column`, and its line with a caret, where the line is known that far.
fn pointed(place: &Place) -> Vec<Element<'_>> {
    let (file, line) = (printable(&place.file, MAX_TEXT), index(place.line));
    let excerpt: String = place.excerpt.chars().map(drawn).collect();
    match span(&excerpt, place) {
        Some(span) => {
            let snippet = Snippet::source(excerpt).path(file).line_start(line);
            vec![snippet.annotation(AnnotationKind::Primary.span(span)).into()]
        }
        None => vec![Origin::path(file).line(line).char_column(index(place.column)).into()],
    }
}

/// The bytes of an excerpt that a place means; nothing where they lie behind its end.
fn span(excerpt: &str, place: &Place) -> Option<std::ops::Range<usize>> {
    let from = index(place.column).saturating_sub(1);
    let to = from.saturating_add(index(place.width).max(1));
    let mut starts = excerpt.char_indices().map(|(start, _)| start).chain([excerpt.len()]);
    let start = starts.nth(from).filter(|_| !excerpt.is_empty())?;
    let end = starts.nth(to - from - 1).unwrap_or(excerpt.len());
    Some(start..end)
}

/// A character as it is drawn in an excerpt: one for one, so that carets stay where they belong.
fn drawn(c: char) -> char {
    match c {
        '\t' => c, // drawn as four spaces, and counted so
        '\u{7f}' => '\u{2421}',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ if is_hidden(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    findings: Vec<Row<'a>>,
    summary: Tally,
}

#[derive(Serialize)]
struct Row<'a> {
    code: &'a str,
    name: &'a str,
    severity: Severity,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    width: Option<u32>,
    directive: Option<&'a str>,
    value: Option<&'a str>,
    message: &'a str,
    help: Option<&'a str>,
    /// Why it is waived; null where it stands.
    waived: Option<&'a str>,
    /// The edits that mend it, by bytes of the file; null where a person has to.
    fix: Option<Vec<Replacement<'a>>>,
}

#[derive(Serialize)]
struct Replacement<'a> {
    offset: usize,
    length: usize,
    text: &'a str,
}

impl<'a> From<&'a Edit> for Replacement<'a> {
    fn from(edit: &'a Edit) -> Self {
        Self { offset: edit.bytes.start, length: edit.bytes.len(), text: &edit.replacement }
    }
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Self {
        let place = finding.place.as_ref();
        Self {
            code: finding.code.id,
            name: finding.code.name,
            severity: finding.code.severity,
            file: place.map(|place| &*place.file),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            width: place.map(|place| place.width),
            directive: finding.about.as_ref().map(|about| about.directive.as_str()),
            value: finding.about.as_ref().and_then(|about| about.value.as_deref()),
            message: &finding.text,
            help: finding.help.as_deref(),
            waived: finding.waived.as_deref(),
            fix: finding.fix.as_ref().map(|fix| fix.edits.iter().map(Replacement::from).collect()),
        }
    }
}

/// The same for programs.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(findings: &[Finding], tally: Tally) -> serde_json::Result<String> {
    let findings = findings.iter().map(Row::of).collect();
    pretty(&Report { version: VERSION, findings, summary: tally })
}

#[cfg(test)]
mod tests;
