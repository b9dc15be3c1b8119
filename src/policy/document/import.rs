//! A header's policy as a document: text that [`super::parse`] reads into the same directives.
//!
//! Every word of the header is written between double quotes, so that nothing in it can mean something to YAML. What
//! browsers ignore and a document can't hold is left as a comment.

use std::collections::HashSet;

use super::directives::{MAX_DIRECTIVES, is_name, lacks_quotes};
use super::fields::{MAX_ITEMS, MAX_STRING};
use super::text::quoted;
use crate::csp::directive::{self, Grammar};
use crate::csp::{Directive, Directives, Source};
use crate::policy::{API_VERSION, KIND, PolicyName, TenantName};
use crate::printable::printable;

/// How many directives that are left out are named.
const MAX_DROPPED: usize = 20;

/// Why a policy can't be a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Nothing that a document could hold.
    #[error("the header has no directive that a document can hold")]
    NoDirectives,
    /// More than `MAX_DIRECTIVES`.
    #[error("the header has more directives than the {MAX_DIRECTIVES} that a document can hold")]
    TooManyDirectives,
    /// More than `MAX_ITEMS`.
    #[error("the directive `{0}` has {1} values; in a document it has at most {MAX_ITEMS}")]
    TooManyValues(String, usize),
    /// Longer than `MAX_STRING`.
    #[error("a value of the directive `{0}` is longer than {MAX_STRING} bytes")]
    TooLong(String),
}

/// The document of a policy under a name.
///
/// `report-uri` with one address becomes `reportUri`, which is where the platform has it.
///
/// # Errors
/// Where the policy is more than a document can hold.
pub fn import(
    policy: &Directives,
    name: &PolicyName,
    tenant: Option<&TenantName>,
) -> Result<String, ImportError> {
    let mut writer = Writer::default();
    for directive in &policy.0 {
        writer.directive(directive)?;
    }
    writer.document(name, tenant)
}

/// The parts of a document, each with its lines.
#[derive(Default)]
struct Writer {
    names: HashSet<String>,
    report_uri: Option<String>,
    directives: String,
    count: usize,
    dropped: String,
    dropped_count: usize,
}

impl Writer {
    fn directive(&mut self, directive: &Directive) -> Result<(), ImportError> {
        let name = directive.name.value.as_str();
        if !is_name(name) {
            self.drop_directive(directive, "no directive has such a name");
        } else if !self.names.insert(name.to_ascii_lowercase()) {
            self.drop_directive(directive, "browsers take the first directive of a name alone");
        } else if let (true, [address]) = (name.eq_ignore_ascii_case("report-uri"), directive.sources()) {
            short(name, address)?;
            self.report_uri = Some(quoted(address));
        } else {
            self.count += 1;
            if self.count > MAX_DIRECTIVES {
                return Err(ImportError::TooManyDirectives);
            }
            self.write(directive)?;
        }
        Ok(())
    }

    fn drop_directive(&mut self, directive: &Directive, why: &str) {
        self.dropped_count += 1;
        if self.dropped_count > MAX_DROPPED {
            return;
        }
        let first = directive.sources().iter().take(MAX_DROPPED);
        let values: String = first.map(|value| format!(" {}", value.value)).collect();
        let words = printable(&format!("{}{values}", directive.name.value), 200);
        self.dropped += &format!("    # left out, since {why}: {words}\n");
    }

    fn write(&mut self, directive: &Directive) -> Result<(), ImportError> {
        let (name, values) = (directive.name.value.as_str(), directive.sources());
        if values.len() > MAX_ITEMS {
            return Err(ImportError::TooManyValues(printable(name, 80), values.len()));
        }
        values.iter().try_for_each(|value| short(name, value))?;
        match values {
            [] => self.directives += &format!("    {name}: {}\n", nothing(name)),
            [value] => self.directives += &format!("    {name}: {}{}\n", quoted(value), remark(value)),
            // In a list of its own a word that lacks its quotes would be taken for one that YAML took them from.
            _ if values.iter().any(|value| lacks_quotes(name, value)) => {
                let words: Vec<&str> = values.iter().map(|value| value.value.as_str()).collect();
                let line = words.join(" ");
                short(name, &line)?;
                self.directives += &format!("    {name}: {}\n", quoted(&line));
            }
            _ => {
                self.directives += &format!("    {name}:\n");
                for value in values {
                    self.directives += &format!("      - {}{}\n", quoted(value), remark(value));
                }
            }
        }
        Ok(())
    }

    fn document(self, name: &PolicyName, tenant: Option<&TenantName>) -> Result<String, ImportError> {
        if self.count == 0 {
            return Err(ImportError::NoDirectives);
        }
        let tenant =
            tenant.map_or_else(String::new, |tenant| format!("  tenant: {}\n", quoted(tenant.as_str())));
        let report = self
            .report_uri
            .map_or_else(String::new, |uri| format!("  reportUri: {uri} # the header's report-uri\n"));
        let (name, directives, mut dropped) = (quoted(name.as_str()), self.directives, self.dropped);
        if let Some(more @ 1..) = self.dropped_count.checked_sub(MAX_DROPPED) {
            dropped += &format!("    # left out, too: {more} more\n");
        }
        Ok(format!(
            "# Made of a Content-Security-Policy header by `chatward csp import`.\n\
             apiVersion: {API_VERSION}\nkind: {KIND}\nmetadata:\n  name: {name}\n{tenant}spec:\n{report}  \
             cspDirectives:\n{directives}{dropped}"
        ))
    }
}

fn short(name: &str, value: &str) -> Result<(), ImportError> {
    if value.len() > MAX_STRING { Err(ImportError::TooLong(printable(name, 80))) } else { Ok(()) }
}

/// How a directive without a value is written.
fn nothing(name: &str) -> &'static str {
    match directive::lookup(name).map(|info| info.grammar) {
        Some(Grammar::NoValue | Grammar::SandboxTokens) => "true",
        _ => "[]",
    }
}

/// What a person should know of a value before it is committed.
fn remark(value: &str) -> &'static str {
    match Source::parse(value) {
        Ok(Source::Nonce(_)) => " # a nonce is good for one response: one that is kept here protects nothing",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
