//! What people and programs read: values in, text or JSON out.
//!
//! Every text carries its colours; whoever prints it does so through `anstream`, which takes them away where a
//! terminal, `NO_COLOR` or `CLICOLOR_FORCE` says so. Nothing from outside is shown but through [`crate::printable`].

use std::fmt;

use anstyle::{AnsiColor, Effects, Style};
use serde::Serialize;

use crate::plan::change::{Change, ChangeKind};
use crate::printable::{printable, printable_json};

pub mod apply;
pub mod audit;
pub mod csp;
pub mod diff;
pub mod evidence;
pub mod explain;
pub mod findings;
pub mod history;
pub mod pages;
pub mod plan;
pub mod status;
mod columns;

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const PLAIN: Style = Style::new();

/// The longest value from outside that is shown in a line.
const MAX_VALUE: usize = 200;

/// A text in a style.
struct Styled<T>(Style, T);

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(style, text) = self;
        write!(f, "{style}{text}{style:#}")
    }
}

/// The longest reason or error that is shown in a line of its own.
const MAX_DETAIL: usize = 500;

/// A value from outside, on one line.
fn shown(value: &str) -> String {
    printable(value, MAX_VALUE)
}

/// A commit as people name it: the first eight digits of a hash, anything else as it is.
fn short_revision(revision: &str) -> String {
    let hash = revision.len() > 8 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hash { revision[..8].to_owned() } else { printable(revision, 20) }
}

/// A count and its noun.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// JSON for programs, indented, that is harmless on a terminal too.
fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|json| printable_json(&json))
}

/// A text in a code span: on one line, between more backquotes than it has in a row, and without what ends a cell.
fn code(text: &str, max: usize) -> String {
    let text = printable(text, max).replace('|', "\\u{7c}");
    // A span of nothing is none, and one of spaces alone shows none.
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    match text.split(|c| c != '`').map(str::len).max().unwrap_or_default() {
        0 => format!("`{text}`"),
        // The spaces are taken away again; they keep backquotes at either end apart from the fence.
        longest => {
            let fence = "`".repeat(longest + 1);
            format!("{fence} {text} {fence}")
        }
    }
}

/// Changed fields, each on lines of its own: what came in green, what went in red.
fn changes(f: &mut fmt::Formatter<'_>, changes: &[Change]) -> fmt::Result {
    for Change { field, kind } in changes {
        let field = shown(field);
        let (added, removed): (&[String], &[String]) = match kind {
            ChangeKind::Replaced { old, new } => {
                let (old, new) = (Styled(RED, shown(old)), Styled(GREEN, shown(new)));
                writeln!(f, "      {field}: {old} → {new}")?;
                continue;
            }
            ChangeKind::Reordered { new } => {
                writeln!(f, "      {field}: reordered to {}", Styled(CYAN, shown(new)))?;
                continue;
            }
            ChangeKind::Added { new } => (std::slice::from_ref(new), &[]),
            ChangeKind::Removed { old } => (&[], std::slice::from_ref(old)),
            ChangeKind::Members { added, removed } => (added, removed),
        };
        writeln!(f, "      {field}")?;
        for member in removed {
            writeln!(f, "        {}", Styled(RED, format_args!("- {}", shown(member))))?;
        }
        for member in added {
            writeln!(f, "        {}", Styled(GREEN, format_args!("+ {}", shown(member))))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
