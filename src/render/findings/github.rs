//! Findings as annotations on a pull request: the workflow commands of GitHub Actions, one a line.

use std::fmt;

use super::{MAX_TEXT, Tally};
use crate::finding::{Finding, Severity};
use crate::printable::printable;

/// Every finding that is not waived as a workflow command, and the summary line.
pub fn github(findings: &[Finding], tally: Tally) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        for finding in findings.iter().filter(|finding| finding.waived.is_none()) {
            annotation(f, finding)?;
        }
        writeln!(f, "{tally}")
    })
}

fn annotation(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    let code = finding.code;
    let command = match code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    write!(f, "::{command} ")?;
    if let Some(place) = &finding.place {
        let (line, column) = (place.line, place.column);
        let end = column.saturating_add(place.width);
        write!(f, "file={},line={line},endLine={line},col={column},endColumn={end},", property(&place.file))?;
    }
    write!(f, "title={}::{}", property(&format!("{} {}", code.id, code.name)), data(&finding.text))?;
    if let Some(help) = &finding.help {
        write!(f, "%0Ahelp: {}", data(help))?;
    }
    writeln!(f)
}

/// A text as the message of a command: `%` and what ends a line are escaped.
fn data(text: &str) -> String {
    printable(text, MAX_TEXT).replace('%', "%25")
}

/// A text as a property of a command: what ends a property is escaped too. A name of a file stays the one it is, as far
/// as it can be seen.
fn property(text: &str) -> String {
    let escapes = [("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")];
    let escaped =
        escapes.iter().fold(text.to_owned(), |text, (character, escape)| text.replace(character, escape));
    printable(&escaped, usize::MAX)
}
