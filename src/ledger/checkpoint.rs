//! The checkpoint, `applied.json`: what the ledger adds up to, so that a start need not read all of it.
//!
//! It may be lost, old or torn at any moment without loss: it is used only where the ledger has the very entry that it
//! reaches to. It is replaced whole: temporary file, fsync, rename, fsync of the directory.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::{self, Disk};
use super::{LedgerError, line, segment};
use crate::state::State;

const FILE: &str = "applied.json";
/// What it is called while it is written.
const BESIDE: &str = ".applied.json";
const VERSION: u32 = 1;

/// A checkpoint as it is on disk.
#[derive(Deserialize)]
pub(super) struct Checkpoint {
    #[serde(flatten)]
    pub(super) state: State,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    #[serde(flatten)]
    state: &'a State,
}

impl Checkpoint {
    /// Whether the ledger has the very entry that it reaches to.
    pub(super) fn fits(&self, directory: &Path) -> bool {
        let path = segment::path(directory, self.state.last.segment);
        let line = segment::line_at(&path, self.state.last.offset);
        line.is_ok_and(|line| line::check(&line) == Ok(self.state.head.hash))
    }
}

/// The checkpoint, where there is one that can be read.
pub(super) fn load(directory: &Path) -> Option<Checkpoint> {
    read(&fs::read(directory.join(FILE)).ok()?).ok()
}

fn read(text: &[u8]) -> Result<Checkpoint, String> {
    version(text)?;
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// Whether it is JSON of the version that is read here. What it says is passed over, so that this costs little.
fn version(text: &[u8]) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Outline {
        version: u32,
    }
    match serde_json::from_slice(text) {
        Ok(Outline { version: VERSION }) => Ok(()),
        Ok(Outline { version }) => {
            Err(format!("it is of version {version}, and this chatward reads version {VERSION}"))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Moves a checkpoint that can't be read aside, so that nobody takes it for what is: where to, and why.
pub(super) fn set_aside(disk: &dyn Disk, directory: &Path) -> Result<Option<(PathBuf, String)>, LedgerError> {
    let path = directory.join(FILE);
    let io = |error| LedgerError::io(&path, error);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let Err(why) = version(&text) else { return Ok(None) };
    let aside = path.with_extension("json.unread");
    disk.rename(&path, &aside).map_err(io)?;
    Ok(Some((aside, why)))
}

/// Writes a checkpoint of a state that is on disk.
pub(super) fn save(disk: &dyn Disk, directory: &Path, state: &State) -> Result<(), LedgerError> {
    let path = directory.join(FILE);
    let io = |error| LedgerError::io(&path, error);
    let mut text =
        serde_json::to_vec_pretty(&Written { version: VERSION, state }).map_err(|error| io(error.into()))?;
    text.push(b'\n');
    disk::replace(disk, &path, &directory.join(BESIDE), &text).map_err(io)
}
