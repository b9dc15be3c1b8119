//! Which commit a directory is at, asked of `git` itself. No git, no work tree, no answer in time: left out, not guessed.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::snapshot::Provenance;

/// The longest revision or author that is taken.
const MAX: u64 = 1_024;

/// The commit that a directory's work tree is at, and its author.
pub(super) fn provenance(directory: &Path) -> Provenance {
    let Some(text) = head(directory) else { return Provenance::default() };
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(Into::into);
    Provenance { revision: lines.next(), author: lines.next() }
}

fn head(directory: &Path) -> Option<String> {
    let mut child = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["log", "-1", "--no-show-signature", "--format=%H%n%an <%ae>"])
        // Nothing of a repository that somebody else wrote may run here, or ask for anything.
        .args(["--no-color", "--no-mailmap"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut text = String::new();
    let read = child.stdout.take()?.take(MAX).read_to_string(&mut text);
    let status = child.wait().ok()?;
    (read.is_ok() && status.success()).then_some(text)
}
