//! What one file holds, kept small: ids and digests as they are, what validation said of it packed.
//!
//! A daemon keeps this for every file, and an index on disk keeps the same between two runs. Payloads are not in it:
//! whoever deploys a policy reads its file once more.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::found::Found;
use super::packed::{Packer, Unpacker};
use super::{CODES, UNREADABLE};
use crate::digest::{Digest, FileHash};
use crate::drift::OnDrift;
use crate::finding::{About, Code, Edit, Finding, Fix, Place, SourceText};
use crate::mend::Mender;
use crate::payload::Payload;
use crate::policy::document::{self, Document};
use crate::policy::{ACCEPT_WEAKENING, ON_DRIFT, Policy, PolicyId, PolicyName, SUSPEND, TenantName};
use crate::suspension::Term;
use crate::{validate, waiver};

/// What one file holds. Depends on its bytes and on the default tenant alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Its name, relative to the policy directory.
    pub file: Arc<str>,
    /// The hash of its bytes; that of nothing, where it can't be read.
    pub hash: FileHash,
    pub(super) documents: Box<[DocumentFacts]>,
}

/// What one document holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DocumentFacts {
    claim: Claim,
    /// What it asks for; nothing where an error stands against it.
    pub(super) wanted: Option<Wanted>,
    pub(super) found: Found,
    said: Said,
}

/// What a document asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) digest: Digest,
    pub(super) accepts_weakening: Option<Arc<str>>,
    pub(super) suspended: Option<Arc<Term>>,
    pub(super) on_drift: Option<OnDrift>,
}

/// How much of a document's id could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Claim {
    Policy(PolicyId),
    Tenant(TenantName),
    Nothing,
}

/// Where a document begins and what was found in it, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said(Box<[u8]>);

impl FileFacts {
    /// Reads, validates and hashes every document of a file.
    pub fn read(file: &Arc<str>, bytes: &[u8], default_tenant: Option<&TenantName>) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let source = SourceText::new(Arc::clone(file), &text);
        let mut mender = Mender::new(Arc::clone(file), bytes);
        let documents = document::parse(file, bytes, default_tenant).into_iter();
        Self {
            file: Arc::clone(file),
            hash: FileHash::of(bytes),
            documents: documents.map(|document| DocumentFacts::of(document, &source, &mut mender)).collect(),
        }
    }

    /// What is wrong with its documents, in their order.
    pub fn findings(&self) -> impl Iterator<Item = Finding> {
        self.documents.iter().flat_map(|document| document.said(&self.file).1)
    }

    /// Whether each of its documents can be used, as far as it alone can tell.
    pub fn is_usable(&self) -> bool {
        self.documents.iter().all(|document| document.wanted.is_some())
    }

    /// How many of its documents can be used.
    pub fn usable(&self) -> usize {
        self.documents.iter().filter(|document| document.wanted.is_some()).count()
    }

    /// Whether all of it could be read: every document has an id.
    pub fn is_whole(&self) -> bool {
        self.documents.iter().all(|document| document.id().is_some())
    }

    /// A file that can't be read, and why.
    pub fn unreadable(file: &Arc<str>, why: &str) -> Self {
        Self::unusable(file, &UNREADABLE, format!("the file can't be read: {why}"), None)
    }

    /// Something that is no readable file, and what is the matter with it.
    pub fn unusable(file: &Arc<str>, code: &'static Code, text: String, help: Option<&str>) -> Self {
        let place = SourceText::new(Arc::clone(file), "").place(Default::default());
        let help = help.map(str::to_owned);
        let finding = Finding { code, about: None, place: Some(place), text, help, fix: None, waived: None };
        let (found, said) = (Found::of([&finding]), Said::pack(None, &[finding]));
        let document = DocumentFacts { claim: Claim::Nothing, wanted: None, found, said };
        Self { file: Arc::clone(file), hash: FileHash::of(b""), documents: Box::new([document]) }
    }

    /// Ids that its documents claim.
    pub fn ids(&self) -> impl Iterator<Item = &PolicyId> {
        self.documents.iter().filter_map(DocumentFacts::id)
    }

    /// Writes all but its name.
    pub fn pack(&self, packer: &mut Packer) {
        packer.raw(self.hash.as_bytes());
        packer.number(self.documents.len() as u64);
        for document in &self.documents {
            document.pack(packer);
        }
    }

    /// Its hash alone, of what [`FileFacts::pack`] wrote.
    pub fn unpack_hash(packed: &[u8]) -> Option<FileHash> {
        Unpacker::new(packed).array().map(FileHash::from_bytes)
    }

    /// Reads what [`FileFacts::pack`] wrote.
    pub fn unpack(file: Arc<str>, unpacker: &mut Unpacker<'_>) -> Option<Self> {
        let hash = FileHash::from_bytes(unpacker.array()?);
        let count = unpacker.size()?;
        let documents = (0..count).map(|_| DocumentFacts::unpack(unpacker)).collect::<Option<_>>()?;
        Some(Self { file, hash, documents })
    }
}

/// Payloads by policy.
pub type Payloads = BTreeMap<PolicyId, Payload>;

/// The payload of every policy of a file that is not broken.
pub fn payloads(file: &Arc<str>, bytes: &[u8], default_tenant: Option<&TenantName>) -> Payloads {
    let policies = document::parse(file, bytes, default_tenant).into_iter().filter_map(|it| it.policy);
    policies.map(|policy| (policy.id.clone(), Payload::of(&policy))).collect()
}

impl DocumentFacts {
    fn of(document: Document, source: &SourceText<'_>, mender: &mut Mender<'_>) -> Self {
        let mut findings = document.findings;
        let mut wanted = None;
        if let Some(policy) = document.policy {
            findings.extend(validate::validate(&policy, source));
            waiver::apply(&policy, source, &mut findings);
            mender.offer(&policy, &mut findings);
            let is_broken = findings.iter().any(Finding::is_error);
            wanted = if is_broken { None } else { Wanted::of(&policy) };
        }
        let claim = match (document.id, document.tenant) {
            (Some(id), _) => Claim::Policy(id),
            (None, Some(tenant)) => Claim::Tenant(tenant),
            (None, None) => Claim::Nothing,
        };
        let said = Said::pack(Some(&document.place), &findings);
        Self { claim, wanted, found: Found::of(&findings), said }
    }

    pub(super) fn id(&self) -> Option<&PolicyId> {
        match &self.claim {
            Claim::Policy(id) => Some(id),
            Claim::Tenant(_) | Claim::Nothing => None,
        }
    }

    /// Its tenant, where that much could be read.
    pub(super) fn tenant(&self) -> Option<&TenantName> {
        match &self.claim {
            Claim::Policy(id) => Some(&id.tenant),
            Claim::Tenant(tenant) => Some(tenant),
            Claim::Nothing => None,
        }
    }

    /// Where it begins, and what was found in it.
    pub(super) fn said(&self, file: &Arc<str>) -> (Option<Place>, Vec<Finding>) {
        // What was packed here can always be read.
        self.said.unpack(file).unwrap_or_default()
    }

    fn pack(&self, packer: &mut Packer) {
        match &self.claim {
            Claim::Nothing => packer.number(0),
            Claim::Tenant(tenant) => {
                packer.number(1);
                packer.text(tenant.as_str());
            }
            Claim::Policy(id) => {
                packer.number(2);
                packer.text(id.tenant.as_str());
                packer.text(id.name.as_str());
            }
        }
        packer.maybe(self.wanted.as_ref(), |packer, wanted| {
            packer.raw(wanted.digest.as_bytes());
            packer.maybe(wanted.accepts_weakening.as_deref(), Packer::text);
            packer.maybe(wanted.suspended.as_deref(), |packer, term| {
                packer.text(&term.until.to_string());
                packer.text(&term.reason);
            });
            packer.maybe(wanted.on_drift, |packer, on_drift| {
                packer.number(u64::from(on_drift == OnDrift::Correct))
            });
        });
        self.found.pack(packer);
        packer.bytes(&self.said.0);
    }

    fn unpack(unpacker: &mut Unpacker<'_>) -> Option<Self> {
        let tenant = |unpacker: &mut Unpacker<'_>| unpacker.text()?.parse::<TenantName>().ok();
        let claim = match unpacker.number()? {
            0 => Claim::Nothing,
            1 => Claim::Tenant(tenant(unpacker)?),
            2 => {
                let tenant = tenant(unpacker)?;
                Claim::Policy(PolicyId::new(tenant, unpacker.text()?.parse::<PolicyName>().ok()?))
            }
            _ => return None,
        };
        let wanted = unpacker.maybe(|unpacker| {
            let digest = Digest::from_bytes(unpacker.array()?);
            let accepts_weakening = unpacker.maybe(Unpacker::text)?.map(Arc::from);
            let suspended = unpacker.maybe(|unpacker| {
                let until = unpacker.text()?.parse().ok()?;
                Some(Arc::new(Term { until, reason: unpacker.text()?.into() }))
            })?;
            let on_drift = unpacker.maybe(|unpacker| match unpacker.number()? {
                0 => Some(OnDrift::Report),
                1 => Some(OnDrift::Correct),
                _ => None,
            })?;
            Some(Wanted { digest, accepts_weakening, suspended, on_drift })
        })?;
        let found = Found::unpack(unpacker)?;
        Some(Self { claim, wanted, found, said: Said(unpacker.bytes()?.into()) })
    }
}

impl Wanted {
    fn of(policy: &Policy) -> Option<Self> {
        let reason = policy.annotations.get(ACCEPT_WEAKENING);
        // A payload made from a policy always has a canonical form; were it not so, nothing could be sent either.
        let digest = Payload::of(policy).digest().ok()?;
        let suspended = policy.annotations.get(SUSPEND).and_then(|term| term.parse().ok()).map(Arc::new);
        let on_drift = policy.annotations.get(ON_DRIFT).and_then(|word| OnDrift::named(word));
        let accepts_weakening = reason.map(|reason| reason.trim().into());
        Some(Self { digest, accepts_weakening, suspended, on_drift })
    }
}

/// Those codes by their ids.
static BY_ID: LazyLock<BTreeMap<&'static str, &'static Code>> =
    LazyLock::new(|| codes().map(|code| (code.id, code)).collect());

/// Every code that a document can raise.
fn codes() -> impl Iterator<Item = &'static Code> {
    let documents = document::CODES.iter().chain(waiver::CODES).chain(CODES).copied();
    documents.chain(validate::codes())
}

impl Said {
    fn pack(place: Option<&Place>, findings: &[Finding]) -> Self {
        let mut packer = Packer::default();
        packer.maybe(place, pack_place);
        packer.number(findings.len() as u64);
        for finding in findings {
            packer.text(finding.code.id);
            packer.maybe(finding.place.as_ref(), pack_place);
            packer.maybe(finding.about.as_ref(), |packer, about| {
                packer.text(&about.directive);
                packer.maybe(about.value.as_deref(), Packer::text);
            });
            packer.text(&finding.text);
            packer.maybe(finding.help.as_deref(), Packer::text);
            packer.maybe(finding.fix.as_ref(), pack_fix);
            packer.maybe(finding.waived.as_deref(), Packer::text);
        }
        Self(packer.finish().into())
    }

    fn unpack(&self, file: &Arc<str>) -> Option<(Option<Place>, Vec<Finding>)> {
        let mut unpacker = Unpacker::new(&self.0);
        let place = unpacker.maybe(|unpacker| unpack_place(file, unpacker))?;
        let count = unpacker.size()?;
        let findings = (0..count).map(|_| unpack_finding(file, &mut unpacker)).collect::<Option<_>>()?;
        Some((place, findings))
    }
}

fn unpack_finding(file: &Arc<str>, unpacker: &mut Unpacker<'_>) -> Option<Finding> {
    Some(Finding {
        code: BY_ID.get(unpacker.text()?)?,
        place: unpacker.maybe(|unpacker| unpack_place(file, unpacker))?,
        about: unpacker.maybe(|unpacker| {
            let directive = unpacker.text()?.to_owned();
            let value = unpacker.maybe(Unpacker::text)?.map(str::to_owned);
            Some(About { directive, value })
        })?,
        text: unpacker.text()?.to_owned(),
        help: unpacker.maybe(Unpacker::text)?.map(str::to_owned),
        fix: unpacker.maybe(unpack_fix)?,
        waived: unpacker.maybe(Unpacker::text)?.map(Arc::from),
    })
}

fn pack_fix(packer: &mut Packer, fix: &Fix) {
    packer.number(fix.edits.len() as u64);
    for edit in &fix.edits {
        packer.number(edit.bytes.start as u64);
        packer.number(edit.bytes.end as u64);
        packer.text(&edit.replacement);
    }
}

fn unpack_fix(unpacker: &mut Unpacker<'_>) -> Option<Fix> {
    let edit = |unpacker: &mut Unpacker<'_>| {
        let bytes = unpacker.size()?..unpacker.size()?;
        Some(Edit::new(bytes, unpacker.text()?))
    };
    let count = unpacker.size()?;
    let edits = (0..count).map(|_| edit(unpacker)).collect::<Option<_>>()?;
    Some(Fix { edits })
}

/// A place of the file itself: its name goes without saying.
fn pack_place(packer: &mut Packer, place: &Place) {
    for number in [place.line, place.column, place.width] {
        packer.number(number.into());
    }
    packer.text(&place.excerpt);
}

fn unpack_place(file: &Arc<str>, unpacker: &mut Unpacker<'_>) -> Option<Place> {
    Some(Place {
        file: Arc::clone(file),
        line: unpacker.small()?,
        column: unpacker.small()?,
        width: unpacker.small()?,
        excerpt: unpacker.text()?.into(),
    })
}

#[cfg(test)]
mod tests;
