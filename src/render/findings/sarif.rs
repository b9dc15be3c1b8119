//! Findings as SARIF 2.1.0, which code scanning reads.
//!
//! Files are named from the base `%SRCROOT%`, which whoever uploads the log takes for the root of the repository. A
//! finding keeps its fingerprint while lines move above it, so that one which is known is not told anew.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use url::Url;

use super::pretty;
use crate::digest::FileHash;
use crate::finding::{Code, Finding, Place, Severity};
use crate::printable::is_hidden;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const BASE: &str = "%SRCROOT%";

/// Every finding as a result, those that are waived as suppressed ones.
///
/// # Errors
/// Never for these values; the serialiser's error otherwise.
pub fn sarif(findings: &[Finding]) -> serde_json::Result<String> {
    let mut rules: Vec<&Code> = findings.iter().map(|finding| finding.code).collect();
    rules.sort_by_key(|code| code.id);
    rules.dedup_by_key(|code| code.id);
    let mut fingerprints = Fingerprints::default();
    let results = findings.iter().map(|finding| result(finding, &rules, &mut fingerprints));
    let results: Vec<Value> = results.collect();
    pretty(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "chatward",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(code: &Code) -> Value {
    let text = format!("{}\n\nFor example: {}\nRather: {}", code.why, code.example, code.fixed);
    let (example, fixed) = (code.example, code.fixed);
    let markdown = format!("{}\n\nFor example\n```\n{example}\n```\nRather\n```\n{fixed}\n```", code.why);
    json!({
        "id": code.id,
        "name": pascal(code.name),
        "shortDescription": { "text": code.summary },
        "fullDescription": { "text": code.why },
        "help": { "text": text, "markdown": markdown },
        "defaultConfiguration": { "level": level(code.severity) },
        "properties": { "tags": ["security"] },
    })
}

/// `hash-length` as `HashLength`, which is how SARIF names rules.
fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capital).collect()
}

fn result(finding: &Finding, rules: &[&Code], fingerprints: &mut Fingerprints) -> Value {
    let code = finding.code;
    let help = finding.help.as_ref().map(|help| format!(". Help: {help}")).unwrap_or_default();
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(code.id));
    result.insert("ruleIndex".to_owned(), json!(rules.binary_search_by_key(&code.id, |rule| rule.id).ok()));
    result.insert("level".to_owned(), json!(level(code.severity)));
    result.insert("message".to_owned(), json!({ "text": format!("{}{help}", finding.text) }));
    if let Some(place) = &finding.place {
        let physical = json!({
            "artifactLocation": artifact(&place.file),
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endColumn": place.column.saturating_add(place.width),
            },
        });
        result.insert("locations".to_owned(), json!([{ "physicalLocation": physical }]));
        let fingerprint = fingerprints.of(code, place);
        result.insert("partialFingerprints".to_owned(), json!({ "primaryLocationLineHash": fingerprint }));
        result.extend(fixes(finding, place).map(|fixes| ("fixes".to_owned(), fixes)));
    }
    if let Some(reason) = &finding.waived {
        let suppression = json!({ "kind": "inSource", "status": "accepted", "justification": &**reason });
        result.insert("suppressions".to_owned(), json!([suppression]));
    }
    Value::Object(result)
}

/// A file relative to the base, or where it lies outside of that by its whole address.
fn artifact(file: &str) -> Value {
    if let Some(url) = file.starts_with('/').then(|| Url::from_file_path(file).ok()).flatten() {
        return json!({ "uri": url.as_str() });
    }
    let parts: Vec<String> = file.split('/').map(percent_encoded).collect();
    json!({ "uri": parts.join("/"), "uriBaseId": BASE })
}

/// A part of a path with all but unreserved characters escaped (RFC 3986 §2.3).
fn percent_encoded(part: &str) -> String {
    let mut encoded = String::with_capacity(part.len());
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn fixes(finding: &Finding, place: &Place) -> Option<Value> {
    let fix = finding.fix.as_ref()?;
    let replacements = fix.edits.iter().map(|edit| {
        json!({
            "deletedRegion": { "byteOffset": edit.bytes.start, "byteLength": edit.bytes.len() },
            "insertedContent": { "text": edit.replacement },
        })
    });
    let change = json!({
        "artifactLocation": artifact(&place.file),
        "replacements": replacements.collect::<Vec<_>>(),
    });
    Some(json!([{ "artifactChanges": [change] }]))
}

/// What tells one finding from the next, whatever happens on other lines: its code, its file, and the text of its line.
/// Of findings that have all these in common it is their number.
#[derive(Default)]
struct Fingerprints(HashMap<String, usize>);

impl Fingerprints {
    fn of(&mut self, code: &Code, place: &Place) -> String {
        let line: String = place.excerpt.chars().filter(|c| !c.is_whitespace() && !is_hidden(*c)).collect();
        let hash = FileHash::of(format!("{}\n{}\n{line}", code.id, place.file).as_bytes()).to_string();
        let hash: String = hash.rsplit(':').next().unwrap_or_default().chars().take(16).collect();
        let count = self.0.entry(hash.clone()).or_default();
        *count += 1;
        format!("{hash}:{count}")
    }
}
