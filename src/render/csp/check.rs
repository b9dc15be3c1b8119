//! The answer to one line of headers.

use std::fmt;

use serde::Serialize;

use super::super::columns::{Cell, table};
use super::super::findings::snippet;
use super::super::{GREEN, YELLOW};
use crate::csp::Allows;
use crate::finding::{Finding, Severity};
use crate::printable::printable_json;

/// The version of the JSON shape.
pub const VERSION: u32 = 1;

/// What is known of one line.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Which line, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub findings: &'a [Finding],
    /// What it allows; `None` where it was not read whole.
    pub allows: Option<Allows>,
}

/// Every finding with its line, then what is allowed.
pub fn text(answer: &Answer<'_>) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        for finding in answer.findings {
            writeln!(f, "{}\n", snippet(finding))?;
        }
        let Some(allows) = answer.allows else {
            return writeln!(f, "What line {} allows is not known.", answer.line);
        };
        let rows = allows.iter().map(|(question, allowed)| {
            let (style, word) = if allowed { (YELLOW, "allowed") } else { (GREEN, "blocked") };
            [Cell::new(question.description()), Cell::styled(style, word)]
        });
        let heading = format!("By line {}", answer.line);
        write!(f, "{}", table([&heading, "Answer"], rows.collect()))
    })
}

#[derive(Serialize)]
struct Object<'a> {
    version: u32,
    line: u32,
    findings: Vec<Row<'a>>,
    allows: Option<Allows>,
}

#[derive(Serialize)]
struct Row<'a> {
    code: &'a str,
    name: &'a str,
    severity: Severity,
    column: Option<u32>,
    directive: Option<&'a str>,
    value: Option<&'a str>,
    message: &'a str,
    help: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            code: finding.code.id,
            name: finding.code.name,
            severity: finding.code.severity,
            column: finding.place.as_ref().map(|place| place.column),
            directive: finding.about.as_ref().map(|about| about.directive.as_str()),
            value: finding.about.as_ref().and_then(|about| about.value.as_deref()),
            message: &finding.text,
            help: finding.help.as_deref(),
        }
    }
}

/// The same for programs: an object on one line.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn json(answer: &Answer<'_>) -> serde_json::Result<String> {
    let Answer { line, findings, allows } = *answer;
    let object = Object { version: VERSION, line, findings: findings.iter().map(Row::of).collect(), allows };
    serde_json::to_string(&object).map(|json| printable_json(&json))
}
