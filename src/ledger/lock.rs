//! One writer: an exclusive lock on a file that says who holds it.
//!
//! The lock is the kernel's (`flock`), so it goes with its process, however that ends; the text is for people.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _};
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Clock, LedgerError};

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
    /// Where it answers, once it does: what needs the ledger is asked of it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, host, command, since, .. } = self;
        write!(
            f,
            "`chatward {}`, process {pid} on {}, since {since:.0}",
            command.escape_debug(),
            host.escape_debug()
        )
    }
}

/// How a lock is taken: at once or not at all, or once it is free.
pub(super) type Taking = fn(&Path, &Clock) -> Result<Lock, LedgerError>;

/// Held for as long as it lives.
pub(super) struct Lock {
    file: File,
    since: Timestamp,
}

impl Lock {
    /// Takes the lock, or says who holds it.
    pub(super) fn take(directory: &Path, clock: &Clock) -> Result<Self, LedgerError> {
        let now = clock();
        let path = directory.join("lock");
        let mut file = open(&path).map_err(|error| LedgerError::io(&path, error))?;
        match file.try_lock() {
            Ok(()) => Self::signed(file, now).map_err(|error| LedgerError::io(&path, error)),
            Err(TryLockError::WouldBlock) => {
                let holder = Box::new(read(&mut file, now));
                Err(LedgerError::Locked { path: directory.to_owned(), holder })
            }
            Err(TryLockError::Error(error)) => Err(LedgerError::io(&path, error)),
        }
    }

    /// Takes the lock once it is free. Nothing runs meanwhile: the kernel wakes whoever is next.
    pub(super) fn wait(directory: &Path, clock: &Clock) -> Result<Self, LedgerError> {
        let path = directory.join("lock");
        let taken = open(&path).and_then(|file| file.lock().map(|()| file));
        taken.and_then(|file| Self::signed(file, clock())).map_err(|error| LedgerError::io(&path, error))
    }

    /// Says who holds it.
    fn signed(file: File, now: Timestamp) -> io::Result<Self> {
        let lock = Self { file, since: now };
        lock.file.set_len(0)?;
        lock.say(None)?;
        Ok(lock)
    }

    /// Says where its holder answers.
    pub(super) fn announce(&self, address: SocketAddr) -> io::Result<()> {
        self.say(Some(address))
    }

    /// One write over what is there, so that nobody reads half of it.
    fn say(&self, listen: Option<SocketAddr>) -> io::Result<()> {
        let text = serde_json::to_string(&ourselves(self.since, listen))?;
        self.file.write_all_at(text.as_bytes(), 0)?;
        self.file.set_len(text.len() as u64)
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn ourselves(since: Timestamp, listen: Option<SocketAddr>) -> Holder {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let command = std::env::args().nth(1).unwrap_or_default();
    Holder { pid: std::process::id(), host, command, since, listen }
}

/// Who holds a lock; a holder that was between taking it and writing its name is named as unknown.
fn read(file: &mut File, now: Timestamp) -> Holder {
    let mut text = String::new();
    let readable = file.rewind().and_then(|()| file.take(MAX_TEXT).read_to_string(&mut text));
    let unknown = || Holder { pid: 0, host: "unknown".into(), command: "?".into(), since: now, listen: None };
    readable.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_else(unknown)
}
