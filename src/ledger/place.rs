//! Where a line of a ledger is: for the state, which finds it again, and for people, who are told what is wrong with it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::LedgerError;
use crate::state::Position;

/// Where a line begins, or as many as follow it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) position: Position,
}

impl Place {
    /// The start of a file, whose name says the sequence of its first entry.
    pub(super) fn start(path: PathBuf, first: u64) -> Self {
        Self { path, position: Position { segment: first, offset: 0 } }
    }

    /// Whether it is where its file begins.
    pub(super) fn begins(&self) -> bool {
        self.position.offset == 0
    }

    /// What is wrong with the line there. Lines are counted only now: hardly any ledger has a broken one.
    pub(super) fn broken(&self, why: String) -> LedgerError {
        let line = lines_before(&self.path, self.position.offset) + 1;
        LedgerError::Broken { path: self.path.clone(), line, why }
    }
}

fn lines_before(path: &Path, offset: u64) -> u64 {
    let file = File::open(path).map(|file| BufReader::new(file.take(offset)));
    file.map_or(0, |file| file.split(b'\n').map_while(Result::ok).count() as u64)
}
