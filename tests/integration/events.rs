//! The names and fields of the log's events, which alerts and dashboards rest on: the README lists each, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::files;

type Events = BTreeMap<String, BTreeSet<String>>;

/// Every event that the sources name, with all fields that it may have.
fn of_sources() -> Events {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut events = Events::new();
    for path in files(&root).iter().filter(|path| path.extension().is_some_and(|it| it == "rs")) {
        let text = fs::read_to_string(path).unwrap();
        // Tests have events of their own, and the log's own module tells of one.
        let text = text.split("#[cfg(test)]").next().unwrap();
        if path.ends_with("telemetry.rs") || path.ends_with("telemetry/tests.rs") {
            continue;
        }
        for level in ["trace!(", "debug!(", "info!(", "warn!(", "error!("] {
            for call in text.split(level).skip(1) {
                let Some(call) = call.trim_start().strip_prefix("name: \"") else { continue };
                let (name, rest) = call.split_once('"').unwrap();
                events.entry(name.to_owned()).or_default().extend(fields(rest));
            }
        }
    }
    events
}

/// What comes between an event's name and its message: `%tenant, error = failure.message, "the message"`.
fn fields(call: &str) -> Vec<String> {
    let (mut depth, mut fields, mut field) = (0, Vec::new(), String::new());
    for character in call.chars().skip(1) {
        match character {
            // The message, and not a field's text.
            '"' if depth == 0 && field.trim().is_empty() => break,
            ')' if depth == 0 => break,
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 0 => fields.push(std::mem::take(&mut field)),
            _ => {}
        }
        if character != ',' {
            field.push(character);
        }
    }
    let name = |field: &String| {
        let name = field.split('=').next().unwrap().trim().trim_start_matches(['%', '?']).trim();
        // JSON text is JSON to programs.
        name.strip_suffix("_json").unwrap_or(name).to_owned()
    };
    fields.iter().map(name).filter(|name| !name.is_empty()).collect()
}

/// Every event of the README's table, with the fields that it lists.
fn of_the_readme() -> Events {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, table) = readme.split_once("| event | fields | level |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
        let name = cells.next().unwrap().trim_matches('`').to_owned();
        let fields = cells.next().unwrap();
        let fields = fields.split(',').map(|field| field.trim().trim_matches('`').to_owned());
        (name, fields.filter(|field| !field.is_empty()).collect())
    };
    rows.map(row).collect()
}

#[test]
fn the_readme_lists_every_event_with_its_fields() {
    assert_eq!(of_sources(), of_the_readme());
}
