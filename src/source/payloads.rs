//! The payload of a policy, read from its file once it is needed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::root::Root;
use crate::digest::FileHash;
use crate::payload::Payload;
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::{self, Desired};

/// Why the payload of a policy can't be had any more.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Its file can't be read.
    #[error("its file can't be read: {0}")]
    Io(#[from] std::io::Error),
    /// Its file is another than the snapshot saw.
    #[error("its file changed meanwhile; the next pass sees to it")]
    Changed,
}

/// Reads payloads of policies that a snapshot of the same directory saw.
#[derive(Debug, Clone)]
pub struct Payloads {
    root: PathBuf,
    default_tenant: Option<TenantName>,
    /// The file that was read last: several policies of it mostly follow one another.
    last: Arc<Mutex<Option<Kept>>>,
}

#[derive(Debug)]
struct Kept {
    file: Arc<str>,
    hash: FileHash,
    payloads: snapshot::Payloads,
}

impl Payloads {
    pub(super) fn new(root: &Path, default_tenant: Option<TenantName>) -> Self {
        Self { root: root.to_owned(), default_tenant, last: Arc::default() }
    }

    /// The payload of a policy, the very one that the snapshot saw.
    ///
    /// # Errors
    /// Where the file is gone or another by now: what was not looked at is not sent.
    pub fn get(&self, id: &PolicyId, desired: &Desired) -> Result<Payload, PayloadError> {
        let origin = &desired.origin;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match last.take() {
            Some(kept) if kept.file == origin.file && kept.hash == origin.file_hash => kept,
            _ => self.read(&origin.file)?,
        };
        let payload = kept.payloads.get(id).filter(|_| kept.hash == origin.file_hash).cloned();
        *last = Some(kept);
        let payload = payload.ok_or(PayloadError::Changed)?;
        if payload.digest().ok() == Some(desired.digest) { Ok(payload) } else { Err(PayloadError::Changed) }
    }

    fn read(&self, file: &Arc<str>) -> Result<Kept, PayloadError> {
        let bytes = Root::open(&self.root)?.read(Path::new(&**file))?;
        let payloads = snapshot::payloads(file, &bytes, self.default_tenant.as_ref());
        Ok(Kept { file: Arc::clone(file), hash: FileHash::of(&bytes), payloads })
    }
}
