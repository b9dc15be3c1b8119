//! One writer: an exclusive lock on a file that says who holds it.
//!
//! The lock is the kernel's (`flock`), so it goes with its process, however that ends; the text is for people.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::LedgerError;

const MAX_TEXT: u64 = 4_096;

/// Who writes to a state directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id, in its own process namespace.
    pub pid: u32,
    /// Its host's name; a pod's, in Kubernetes.
    pub host: String,
    /// What it runs, such as `run` or `apply`.
    pub command: String,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, host, command, since } = self;
        write!(
            f,
            "`chatward {}`, process {pid} on {}, since {since:.0}",
            command.escape_debug(),
            host.escape_debug()
        )
    }
}

/// Held for as long as it lives.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, or says who holds it.
    pub(super) fn take(directory: &Path, now: Timestamp) -> Result<Self, LedgerError> {
        let path = directory.join("lock");
        let io = |error| LedgerError::io(&path, error);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = Box::new(read(&mut file, now));
                return Err(LedgerError::Locked { path: directory.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let text = serde_json::to_string(&ourselves(now)).map_err(|error| io(error.into()))?;
        file.set_len(0).map_err(io)?;
        file.write_all(text.as_bytes()).map_err(io)?;
        Ok(Self { _file: file })
    }
}

fn ourselves(now: Timestamp) -> Holder {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let command = std::env::args().nth(1).unwrap_or_default();
    Holder { pid: std::process::id(), host, command, since: now }
}

/// Who holds a lock; a holder that was between taking it and writing its name is named as unknown.
fn read(file: &mut File, now: Timestamp) -> Holder {
    let mut text = String::new();
    let readable = file.rewind().and_then(|()| file.take(MAX_TEXT).read_to_string(&mut text));
    let unknown = || Holder { pid: 0, host: "unknown".into(), command: "?".into(), since: now };
    readable.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_else(unknown)
}
