//! YAML text to policies: every document of a file, typed, with the place of everything that is wrong with it.
//!
//! The way is text (`Text`: UTF-8, bounded, indexed by line) → tree (`tree`: the scanner's events as marked
//! nodes, limits enforced while they come) → policy (`decode`, `directives`: by hand, through `fields`). The
//! scanner's own errors go through `syntax`, which knows what Content-Security-Policy looks like to YAML.
//!
//! serde_yaml is not used here: it stops at its first error, and of a repeated key it says nothing useful. A person
//! who has made five mistakes is told of five.
//!
//! Promise: a document has a policy exactly where none of its findings is an error, no input makes this panic or
//! take more than linear time and memory, and every place points into the file.

use std::sync::Arc;

mod code;
mod decode;
mod directives;
mod fields;
mod findings;
mod import;
mod scalar;
mod syntax;
mod text;
mod tree;
mod written;

#[cfg(test)]
mod tests;

pub use code::CODES;
pub use findings::MAX_FINDINGS;
pub use import::{ImportError, import};
pub use text::MAX_FILE;
pub use written::{Word, Written};

use self::text::Text;
use super::{Policy, PolicyId, TenantName};
use crate::finding::{Finding, Place};

/// The most documents in a file.
pub const MAX_DOCUMENTS: usize = 10_000;
/// How many findings of a file are listed before each further document has only its first.
pub const MAX_FILE_FINDINGS: usize = 1_000;

/// One YAML document of a file.
#[derive(Debug, Clone)]
pub struct Document {
    /// Where it begins.
    pub place: Place,
    /// Its id, where that much could be read, even if the rest is broken.
    pub id: Option<PolicyId>,
    /// `metadata.tenant` as written, or the default; where readable, even when the name is not.
    pub tenant: Option<TenantName>,
    /// The policy; `None` exactly where a finding is an error.
    pub policy: Option<Policy>,
    /// What is wrong with it, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads every document of a file.
///
/// `default_tenant` is the one configured tenant, if exactly one is. A failure of the file as a whole is a document
/// without an id; the documents that ended before it are whole.
pub fn parse(file: &Arc<str>, bytes: &[u8], default_tenant: Option<&TenantName>) -> Vec<Document> {
    let text = match Text::new(file, bytes) {
        Ok(text) => text,
        Err(finding) => return Document::unreadable(vec![*finding]).into_iter().collect(),
    };
    let mut reader = tree::Reader::new(&text);
    let mut documents: Vec<Document> = Vec::new();
    let mut said = 0;
    loop {
        let room = if said < MAX_FILE_FINDINGS { MAX_FINDINGS } else { 1 };
        let (tree, findings) = match reader.next_tree(room) {
            Ok(Some(read)) => read,
            Ok(None) => break,
            Err(findings) => {
                documents.extend(Document::unreadable(findings.into_list(&text, text::START)));
                break;
            }
        };
        if documents.len() >= MAX_DOCUMENTS {
            let Some(root) = tree.root() else { continue };
            let message = format!("the file has more than {MAX_DOCUMENTS} documents");
            let help = "split it into several files";
            let finding = text.finding(&code::TOO_MANY_DOCUMENTS, root.span, message, help);
            documents.extend(Document::unreadable(vec![finding]));
            break;
        }
        let document = match tree.root() {
            Some(root) => Some(decode::document(&text, &tree, root, findings, default_tenant)),
            None => Document::unreadable(findings.into_list(&text, text::START)),
        };
        said += document.as_ref().map_or(0, |document| document.findings.len());
        documents.extend(document);
    }
    if documents.is_empty() {
        let help = "write a policy, or remove the file";
        let finding = text.finding(&code::NO_DOCUMENT, text::START, "the file holds no document", help);
        documents.extend(Document::unreadable(vec![finding]));
    }
    documents
}

impl Document {
    /// A document of which nothing is known but what is wrong; `None` if nothing is.
    fn unreadable(findings: Vec<Finding>) -> Option<Self> {
        let place = findings.first()?.place.clone()?;
        Some(Self { place, id: None, tenant: None, policy: None, findings })
    }
}
