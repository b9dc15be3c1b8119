//! The whole policy directory as it was at one moment: what it asks for, and what in it can't be used.
//!
//! [`crate::source`] reads files; here each becomes [`FileFacts`], once for as long as its bytes stay the same, and all
//! of them together become a [`Snapshot`]. What concerns one file is found in the first step; what concerns several
//! (an id that two documents claim) or the settings (a tenant nobody configured) in the second.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::digest::{Digest, FileHash};
use crate::entry::{HoldReason, Origin, Subject};
use crate::finding::{Code, Finding, Place, Severity, SourceText};
use crate::mend::Mender;
use crate::payload::Payload;
use crate::policy::document::{self, Document};
use crate::policy::{ACCEPT_WEAKENING, PolicyId, TenantName};
use crate::{validate, waiver};

/// Two documents have the same id.
pub static DUPLICATE_ID: Code = Code {
    id: "CW9001",
    name: "duplicate-policy",
    severity: Severity::Error,
    summary: "Two documents claim the same policy, and neither is taken.",
    why: "Two documents claim the same policy, and the order of files must not decide which of them goes \
        live. So neither is taken, and what is live stays as it is.",
    example: "metadata: { name: checkout-chat }   # in a.yaml, and again in b.yaml",
    fixed: "metadata: { name: support-chat }   # in b.yaml",
};
/// A document's tenant is not in the settings.
pub static UNKNOWN_TENANT: Code = Code {
    id: "CW9002",
    name: "unknown-tenant",
    severity: Severity::Error,
    summary: "A policy belongs to a tenant that is not in the settings.",
    why: "Nothing is known about how to reach this tenant, so the policy can't be deployed. It is held, and \
        not taken for removed.",
    example: "metadata: { name: checkout-chat, tenant: prodution }",
    fixed: "metadata: { name: checkout-chat, tenant: production }",
};
/// A file can't be read.
pub static UNREADABLE: Code = Code {
    id: "CW9003",
    name: "unreadable-file",
    severity: Severity::Error,
    summary: "A file of the policy directory can't be read.",
    why: "What a file says that can't be read is unknown. Until it can be, no policy that might be in it is \
        removed.",
    example: "chmod 000 policies/default/checkout-chat.yaml",
    fixed: "chmod 644 policies/default/checkout-chat.yaml",
};

/// The codes of findings about the directory as a whole.
pub const CODES: &[&Code] = &[&DUPLICATE_ID, &UNKNOWN_TENANT, &UNREADABLE];

/// What one file holds. Depends on its bytes and on the default tenant alone.
#[derive(Debug, Clone)]
pub struct FileFacts {
    /// Its name, relative to the policy directory.
    pub file: Arc<str>,
    /// The hash of its bytes; that of nothing, where it can't be read.
    pub hash: FileHash,
    documents: Vec<DocumentFacts>,
}

#[derive(Debug, Clone)]
struct DocumentFacts {
    place: Option<Place>,
    id: Option<PolicyId>,
    tenant: Option<TenantName>,
    wanted: Option<Wanted>,
    findings: Vec<Finding>,
}

#[derive(Debug, Clone)]
struct Wanted {
    digest: Digest,
    payload: Arc<Payload>,
    accepts_weakening: Option<Arc<str>>,
}

impl FileFacts {
    /// Reads, validates and hashes every document of a file.
    pub fn read(file: &Arc<str>, bytes: &[u8], default_tenant: Option<&TenantName>) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let source = SourceText::new(Arc::clone(file), &text);
        let mender = Mender::new(Arc::clone(file), bytes);
        let documents = document::parse(file, bytes, default_tenant);
        Self {
            file: Arc::clone(file),
            hash: FileHash::of(bytes),
            documents: documents
                .into_iter()
                .map(|document| DocumentFacts::of(document, &source, &mender))
                .collect(),
        }
    }

    /// What is wrong with its documents, in their order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.documents.iter().flat_map(|document| &document.findings)
    }

    /// How many of its documents can be used.
    pub fn usable(&self) -> usize {
        self.documents.iter().filter(|document| document.wanted.is_some()).count()
    }

    /// Whether all of it could be read: every document has an id.
    pub fn is_whole(&self) -> bool {
        self.documents.iter().all(|document| document.id.is_some())
    }

    /// A file that can't be read, and why.
    pub fn unreadable(file: &Arc<str>, why: &str) -> Self {
        let finding = Finding {
            code: &UNREADABLE,
            about: None,
            place: Some(SourceText::new(Arc::clone(file), "").place(Default::default())),
            text: format!("the file can't be read: {why}"),
            help: None,
            fix: None,
            waived: None,
        };
        let document =
            DocumentFacts { place: None, id: None, tenant: None, wanted: None, findings: vec![finding] };
        Self { file: Arc::clone(file), hash: FileHash::of(b""), documents: vec![document] }
    }
}

impl DocumentFacts {
    fn of(document: Document, source: &SourceText<'_>, mender: &Mender<'_>) -> Self {
        let mut findings = document.findings;
        let mut wanted = None;
        if let Some(policy) = document.policy {
            findings.extend(validate::validate(&policy, source));
            waiver::apply(&policy, source, &mut findings);
            mender.offer(&policy, &mut findings);
            let payload = Payload::of(&policy);
            // A payload made from a policy always has a canonical form; were it not so, nothing could be sent either.
            if let (false, Ok(digest)) = (findings.iter().any(Finding::is_error), payload.digest()) {
                let reason = policy.annotations.get(ACCEPT_WEAKENING);
                let accepts_weakening = reason.map(|reason| reason.trim().into());
                wanted = Some(Wanted { digest, payload: Arc::new(payload), accepts_weakening });
            }
        }
        Self { place: Some(document.place), id: document.id, tenant: document.tenant, wanted, findings }
    }
}

/// The git commit that a directory is at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// The commit.
    pub revision: Option<Arc<str>>,
    /// Its author.
    pub author: Option<Arc<str>>,
}

/// What the directory asks for, for one policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// What it is.
    pub digest: Digest,
    /// What is sent for it, without `metadata`.
    pub payload: Arc<Payload>,
    /// Where it came from.
    pub origin: Origin,
    /// Why its document says that it may be weaker than what is applied, where it does. No part of the digest.
    pub accepts_weakening: Option<Arc<str>>,
}

/// A document that can't be used, or a file whose documents can't be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Unusable {
    /// What is held for it.
    pub subject: Subject,
    /// Its tenant, where that could be read; every tenant that it could belong to otherwise.
    pub tenant: Option<TenantName>,
    /// Why.
    pub reason: HoldReason,
    /// The same for people.
    pub detail: String,
    /// Where it came from.
    pub origin: Origin,
}

/// The whole directory as it was at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// How many files were read.
    pub files: usize,
    /// Why the directory as a whole says nothing: it is gone, empty or unreadable.
    pub void: Option<String>,
    /// Where it is in git.
    pub provenance: Provenance,
    /// What it asks for.
    pub desired: BTreeMap<PolicyId, Desired>,
    /// What in it can't be used.
    pub unusable: Vec<Unusable>,
    /// Everything that validation says, in the order of files and places.
    pub findings: Vec<Finding>,
}

impl Snapshot {
    /// What these files say together. They come in the order in which findings are to be listed.
    pub fn assemble(
        files: &[Arc<FileFacts>],
        tenants: &BTreeSet<TenantName>,
        provenance: Provenance,
    ) -> Self {
        let claims = claims(files);
        let mut snapshot = Self { files: files.len(), provenance, ..Self::default() };
        for file in files {
            for document in &file.documents {
                let rivals = document.id.as_ref().and_then(|id| claims.get(id)).filter(|all| all.len() > 1);
                snapshot.add(file, document, rivals.map(Vec::as_slice), tenants);
            }
        }
        snapshot
    }

    /// A directory that says nothing, and why.
    pub fn void(why: String) -> Self {
        Self { void: Some(why), ..Self::default() }
    }

    /// Whether a policy's absence may mean that it is not wanted: not while a document that could be it can't be used.
    pub fn could_hide(&self, id: &PolicyId) -> Option<&Unusable> {
        self.unusable.iter().find(|unusable| match &unusable.subject {
            Subject::Policy(other) => other == id,
            Subject::File { .. } => unusable.tenant.as_ref().is_none_or(|tenant| *tenant == id.tenant),
        })
    }

    fn add(
        &mut self,
        file: &FileFacts,
        document: &DocumentFacts,
        rivals: Option<&[Place]>,
        tenants: &BTreeSet<TenantName>,
    ) {
        self.findings.extend(document.findings.iter().cloned());
        let origin = Origin {
            file: Arc::clone(&file.file),
            file_hash: file.hash,
            revision: self.provenance.revision.clone(),
            author: self.provenance.author.clone(),
        };
        let reason = if let Some(rivals) = rivals {
            self.findings.push(duplicate(document, rivals));
            HoldReason::Duplicate
        } else if document.wanted.is_none() {
            HoldReason::Invalid
        } else if document.id.as_ref().is_some_and(|id| !tenants.contains(&id.tenant)) {
            self.findings.push(unknown_tenant(document, tenants));
            HoldReason::UnknownTenant
        } else {
            if let (Some(id), Some(wanted)) = (&document.id, &document.wanted) {
                let desired = Desired {
                    digest: wanted.digest,
                    payload: Arc::clone(&wanted.payload),
                    origin,
                    accepts_weakening: wanted.accepts_weakening.clone(),
                };
                self.desired.insert(id.clone(), desired);
            }
            return;
        };
        let detail = detail(document, &self.findings);
        let subject = match &document.id {
            Some(id) => Subject::Policy(id.clone()),
            None => Subject::File { file: Arc::clone(&file.file) },
        };
        if !self.unusable.iter().any(|unusable| unusable.subject == subject) {
            self.unusable.push(Unusable { subject, tenant: document.tenant.clone(), reason, detail, origin });
        }
    }
}

/// Every place where an id is claimed.
fn claims(files: &[Arc<FileFacts>]) -> BTreeMap<&PolicyId, Vec<Place>> {
    let mut claims: BTreeMap<&PolicyId, Vec<Place>> = BTreeMap::new();
    for document in files.iter().flat_map(|file| &file.documents) {
        if let (Some(id), Some(place)) = (&document.id, &document.place) {
            claims.entry(id).or_default().push(place.clone());
        }
    }
    claims
}

fn duplicate(document: &DocumentFacts, rivals: &[Place]) -> Finding {
    let id = document.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let others = rivals.iter().filter(|place| Some(*place) != document.place.as_ref());
    let others: Vec<String> = others.take(3).map(ToString::to_string).collect();
    Finding {
        code: &DUPLICATE_ID,
        about: None,
        place: document.place.clone(),
        text: format!("{id} is also written at {}; neither is taken", others.join(", ")),
        help: Some("rename one of them, or delete it".to_owned()),
        fix: None,
        waived: None,
    }
}

fn unknown_tenant(document: &DocumentFacts, tenants: &BTreeSet<TenantName>) -> Finding {
    let tenant = document.tenant.as_ref().map(ToString::to_string).unwrap_or_default();
    let known: Vec<&str> = tenants.iter().take(10).map(TenantName::as_str).collect();
    Finding {
        code: &UNKNOWN_TENANT,
        about: None,
        place: document.place.clone(),
        text: format!("tenant {tenant} is not in the settings"),
        help: Some(match known.as_slice() {
            [] => "no tenant is configured".to_owned(),
            known => format!("configured: {}", known.join(", ")),
        }),
        fix: None,
        waived: None,
    }
}

/// The first error in one line, and how many more there are.
fn detail(document: &DocumentFacts, all: &[Finding]) -> String {
    let own = document.findings.iter().filter(|finding| finding.is_error());
    let mut errors = own.chain(all.last().filter(|finding| finding.is_error()));
    let Some(first) = errors.next() else { return String::new() };
    let place = first.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let more = document.findings.iter().filter(|finding| finding.is_error()).count().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    format!("{place}{}{more} [{}]", first.text, first.code)
}
