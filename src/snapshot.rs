//! The whole policy directory as it was at one moment: what it asks for, and what in it can't be used.
//!
//! [`crate::source`] reads files; here each becomes [`FileFacts`], once for as long as its bytes stay the same, and all
//! of them together become a [`Snapshot`]. What concerns one file is found in the first step; what concerns several
//! (an id that two documents claim) or the settings (a tenant nobody configured) in the second.
//!
//! A hundred thousand policies fit: no payload is kept, and findings are unpacked only for whoever asks. Where a plan was
//! made before, a snapshot may tell of that [`Part`] alone in which anything can have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::digest::Digest;
use crate::drift::OnDrift;
use crate::entry::{HoldReason, Origin, Subject};
use crate::finding::{Code, Finding, Place, Severity};
use crate::policy::{PolicyId, TenantName};
use crate::suspension::Term;

mod claims;
mod facts;
mod found;
pub mod packed;

use claims::Claims;
use facts::{DocumentFacts, Wanted};
pub use facts::{FileFacts, Payloads, payloads};
use found::Found;

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

/// Something with the name of a policy file is a pipe, a socket or a device.
pub static NOT_A_FILE: Code = Code {
    id: "CW9004",
    name: "not-a-file",
    severity: Severity::Error,
    summary: "Something with the name of a policy file is none, and is never opened.",
    why: "Opening a pipe waits for whoever writes to it, and reading a device may do anything at all. What is not a \
        file holds no policy, so until it is gone no policy that might be meant by it is removed.",
    example: "mkfifo policies/default/checkout-chat.yaml",
    fixed: "rm policies/default/checkout-chat.yaml",
};
/// A symbolic link leads out of the policy directory.
pub static OUTSIDE: Code = Code {
    id: "CW9005",
    name: "link-outside",
    severity: Severity::Error,
    summary: "A symbolic link with the name of a policy file leads out of the policy directory, and is not followed.",
    why: "What lies outside of the policy directory was not reviewed with it, and its changes are not seen. A link \
        that stays inside is followed, as those of a ConfigMap are.",
    example: "ln -s /srv/shared/checkout-chat.yaml policies/default/checkout-chat.yaml",
    fixed: "cp /srv/shared/checkout-chat.yaml policies/default/checkout-chat.yaml",
};
/// A name is not UTF-8.
pub static NOT_UTF8: Code = Code {
    id: "CW9006",
    name: "name-not-utf8",
    severity: Severity::Error,
    summary: "A file or folder has a name that is not UTF-8, and is not read.",
    why: "Plans, the ledger and reports are JSON and name every policy's file, and JSON has no way to write such a \
        name. A file that can't be named is not deployed from.",
    example: "touch policies/default/$'caf\\xe9.yaml'",
    fixed: "mv policies/default/$'caf\\xe9.yaml' policies/default/café.yaml",
};

/// The codes of findings about the directory as a whole.
pub const CODES: &[&Code] = &[&DUPLICATE_ID, &UNKNOWN_TENANT, &UNREADABLE, &NOT_A_FILE, &OUTSIDE, &NOT_UTF8];

/// How many of the other documents that claim the same policy are named.
const MAX_RIVALS: usize = 3;

/// What the directory asks for, for one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// What it is.
    pub digest: Digest,
    /// Where it came from; a snapshot knows no commits.
    pub origin: Origin,
    /// Why its document says that it may be weaker than what is applied, where it does. No part of the digest.
    pub accepts_weakening: Option<Arc<str>>,
    /// Until when and why its document has it left alone, where it does. No part of the digest.
    pub suspended: Option<Arc<Term>>,
    /// What its document says is done where somebody changed it at the tenant, where it does. No part of the digest either.
    pub on_drift: Option<OnDrift>,
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

/// What a snapshot tells of, where it does not tell of the whole directory.
///
/// Whatever could differ from the plan that was made before is in it, and all that can't be used. Of everything else is
/// known that it is as it should be, and how much of it there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The policies that it tells of: those that are not there either, and those that only the state knows.
    pub ids: BTreeSet<PolicyId>,
    /// How many other policies each tenant has; all of them are applied as they are wanted.
    pub in_sync: BTreeMap<TenantName, usize>,
}

/// The directory as it was at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Why the directory as a whole says nothing: it is gone, empty or unreadable.
    pub void: Option<String>,
    /// What it tells of; nothing where that is everything.
    pub part: Option<Part>,
    /// What it asks for.
    pub desired: BTreeMap<PolicyId, Desired>,
    /// What in it can't be used.
    pub unusable: Vec<Unusable>,
    /// How much is said of what it tells of.
    pub(crate) found: BTreeMap<Subject, Found>,
    pub(crate) files: Arc<[Arc<FileFacts>]>,
    /// What is to be said of a document because of others or of the settings, by file and document, in their order.
    pub(crate) beside: Vec<((usize, usize), Finding)>,
}

impl Snapshot {
    /// What these files say together. They come in the order in which findings are to be listed.
    pub fn assemble(files: &Arc<[Arc<FileFacts>]>, tenants: &BTreeSet<TenantName>) -> Self {
        let claims = Claims::of(files);
        let mut snapshot = Self { files: Arc::clone(files), ..Self::default() };
        let mut subjects = BTreeSet::new();
        for (file_index, file) in files.iter().enumerate() {
            for (index, document) in file.documents.iter().enumerate() {
                snapshot.count(document.found, || subject(document, file));
                let (reason, finding) = match document.id() {
                    Some(id) if claims.is_contested(id) => {
                        (HoldReason::Duplicate, Some(duplicate(document, file, &claims.places(id))))
                    }
                    Some(id) if document.wanted.is_some() && !tenants.contains(&id.tenant) => {
                        (HoldReason::UnknownTenant, Some(unknown_tenant(document, file, tenants)))
                    }
                    _ => (HoldReason::Invalid, None),
                };
                if let (None, Some(id), Some(wanted)) = (&finding, document.id(), &document.wanted) {
                    snapshot.desired.insert(id.clone(), desired(wanted, file));
                    continue;
                }
                let unusable = unusable(file, document, reason, finding.as_ref());
                if let Some(finding) = &finding {
                    snapshot.count(Found::of([finding]), || unusable.subject.clone());
                }
                snapshot.beside.extend(finding.map(|finding| ((file_index, index), finding)));
                if subjects.insert(unusable.subject.clone()) {
                    snapshot.unusable.push(unusable);
                }
            }
        }
        snapshot
    }

    /// Adds what a file asks for, where each of its documents can be used and belongs to a tenant of the settings; nothing
    /// of it otherwise. Its ids must be claimed by no other document.
    pub fn add(&mut self, file: &FileFacts, tenants: &BTreeSet<TenantName>) -> bool {
        let asked = |document: &DocumentFacts| {
            let (id, wanted) = document.id().zip(document.wanted.as_ref())?;
            // One copy of a tenant's name serves all of its policies.
            let id = PolicyId::new(tenants.get(&id.tenant)?.clone(), id.name.clone());
            Some((id, desired(wanted, file), document.found))
        };
        let Some(asked) = file.documents.iter().map(asked).collect::<Option<Vec<_>>>() else { return false };
        for (id, desired, found) in asked {
            self.count(found, || Subject::Policy(id.clone()));
            self.desired.insert(id, desired);
        }
        true
    }

    /// Becomes what it is with another that tells of a part; that other one where it tells of everything.
    pub fn renew(&mut self, other: &Self) {
        let Some(part) = &other.part else {
            self.clone_from(other);
            return;
        };
        for id in &part.ids {
            self.desired.remove(id);
            self.found.remove(&Subject::Policy(id.clone()));
        }
        self.found.retain(|subject, _| subject.policy().is_some());
        self.join(other.clone());
    }

    /// Forgets what it asks for of any other policy: where that is in sync, the state tells as much.
    pub fn keep(&mut self, named: &BTreeSet<PolicyId>) {
        self.desired =
            std::mem::take(&mut self.desired).into_iter().filter(|(id, _)| named.contains(id)).collect();
    }

    /// Adds what another tells of, which tells of everything that can't be used.
    pub(crate) fn join(&mut self, other: Self) {
        self.desired.extend(other.desired);
        self.found.extend(other.found);
        self.unusable = other.unusable;
    }

    fn count(&mut self, found: Found, subject: impl FnOnce() -> Subject) {
        if found != Found::default() {
            *self.found.entry(subject()).or_default() += found;
        }
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

    /// Whether it tells that nothing can differ from a plan that named nothing.
    pub fn tells_nothing(&self) -> bool {
        self.part.as_ref().is_some_and(|part| part.ids.is_empty()) && self.unusable.is_empty()
    }

    /// How many files were read.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// How much validation says, by severity.
    pub fn count_findings(&self) -> BTreeMap<Severity, usize> {
        let mut all = Found::default();
        self.found.values().for_each(|found| all += *found);
        all.by_severity().filter(|(_, count)| *count > 0).collect()
    }

    /// How much validation says of each of these: a policy's document, or a file's documents without a name.
    pub fn findings_of(&self, subjects: &BTreeSet<Subject>) -> BTreeMap<Subject, usize> {
        let count = |subject: &Subject| {
            let found = self.found.get(subject)?;
            Some((subject.clone(), found.by_severity().map(|(_, count)| count).sum()))
        };
        subjects.iter().filter_map(count).collect()
    }

    /// Everything that validation says, in the order of files and places, where all of that was asked for.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut beside = self.beside.iter().peekable();
        for (file_index, file) in self.files.iter().enumerate() {
            for (index, document) in file.documents.iter().enumerate() {
                findings.extend(document.said(&file.file).1);
                let own = beside.next_if(|(at, _)| *at == (file_index, index));
                findings.extend(own.map(|(_, finding)| finding.clone()));
            }
        }
        findings
    }
}

fn desired(wanted: &Wanted, file: &FileFacts) -> Desired {
    let accepts_weakening = wanted.accepts_weakening.clone();
    Desired {
        digest: wanted.digest,
        origin: origin(file),
        accepts_weakening,
        suspended: wanted.suspended.clone(),
        on_drift: wanted.on_drift,
    }
}

fn origin(file: &FileFacts) -> Origin {
    Origin { file: Arc::clone(&file.file), file_hash: file.hash, commit: None }
}

fn unusable(
    file: &FileFacts,
    document: &DocumentFacts,
    reason: HoldReason,
    beside: Option<&Finding>,
) -> Unusable {
    let subject = subject(document, file);
    let detail = detail(&document.said(&file.file).1, beside);
    Unusable { subject, tenant: document.tenant().cloned(), reason, detail, origin: origin(file) }
}

/// What a document is held as.
fn subject(document: &DocumentFacts, file: &FileFacts) -> Subject {
    match document.id() {
        Some(id) => Subject::Policy(id.clone()),
        None => Subject::File { file: Arc::clone(&file.file) },
    }
}

fn duplicate(document: &DocumentFacts, file: &FileFacts, claims: &[Place]) -> Finding {
    let id = document.id().map(ToString::to_string).unwrap_or_default();
    let place = document.said(&file.file).0;
    let others = claims.iter().filter(|claim| Some(*claim) != place.as_ref());
    let others: Vec<String> = others.take(MAX_RIVALS).map(ToString::to_string).collect();
    Finding {
        code: &DUPLICATE_ID,
        about: None,
        place,
        text: format!("{id} is also written at {}; neither is taken", others.join(", ")),
        help: Some("rename one of them, or delete it".to_owned()),
        fix: None,
        waived: None,
    }
}

fn unknown_tenant(document: &DocumentFacts, file: &FileFacts, tenants: &BTreeSet<TenantName>) -> Finding {
    let tenant = document.tenant().map(ToString::to_string).unwrap_or_default();
    let known: Vec<&str> = tenants.iter().take(10).map(TenantName::as_str).collect();
    Finding {
        code: &UNKNOWN_TENANT,
        about: None,
        place: document.said(&file.file).0,
        text: format!("tenant {tenant} is not in the settings"),
        help: Some(match known.as_slice() {
            [] => "no tenant is configured".to_owned(),
            known => format!("configured: {}", known.join(", ")),
        }),
        fix: None,
        waived: None,
    }
}

/// The first error in one line, and how many more there are in the document itself.
fn detail(own: &[Finding], beside: Option<&Finding>) -> String {
    let errors = || own.iter().filter(|finding| finding.is_error());
    let Some(first) = errors().next().or(beside) else { return String::new() };
    let place = first.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let more = errors().count().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    format!("{place}{}{more} [{}]", first.text, first.code)
}
