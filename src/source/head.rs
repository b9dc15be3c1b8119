//! The commit that a work tree is at, read from git's own files: a process of git costs as much as all else that a look at an
//! unchanged directory does.
//!
//! Only the plain ways are read, and whoever asks has git to ask where these say nothing.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest file that is read.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What makes the work tree that a directory is in be one: a `.git` there or above.
pub(super) fn repository(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().map(|above| above.join(".git")).find(|git| git.exists())
}

/// The commit that is checked out.
pub(super) fn head(repository: &Path) -> Option<Arc<str>> {
    let git = if repository.is_dir() { repository.to_owned() } else { linked(repository)? };
    let head = text(&git.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref: ") else { return hash(&head) };
    // Of a linked work tree HEAD is its own, and branches are those of the repository.
    let common = match text(&git.join("commondir")) {
        Some(common) => git.join(common),
        None => git,
    };
    match text(&common.join(name)) {
        Some(branch) => hash(&branch),
        None => packed(&common, name),
    }
}

/// The commits behind which a shallow clone has no history.
pub(super) fn shallow(repository: &Path) -> BTreeSet<Arc<str>> {
    let git = if repository.is_dir() { Some(repository.to_owned()) } else { linked(repository) };
    let told = git.and_then(|git| {
        let common = text(&git.join("commondir")).map(|common| git.join(common));
        text(&common.unwrap_or(git).join("shallow"))
    });
    told.map(|told| told.lines().filter_map(hash).collect()).unwrap_or_default()
}

/// Where a file that stands for a `.git` points to.
fn linked(file: &Path) -> Option<PathBuf> {
    Some(file.parent()?.join(text(file)?.strip_prefix("gitdir: ")?))
}

fn packed(git: &Path, name: &str) -> Option<Arc<str>> {
    let refs = text(&git.join("packed-refs"))?;
    let mut lines = refs.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(_, other)| *other == name).and_then(|(branch, _)| hash(branch))
}

fn hash(text: &str) -> Option<Arc<str>> {
    let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.into())
}

fn text(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    Some(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn git(directory: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(directory).args(["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"]);
        let ran = command.args(arguments).output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn it_says_what_git_says() {
        let directory = tempfile::tempdir().unwrap();
        let (main, linked) = (directory.path().join("main"), directory.path().join("linked"));
        fs::create_dir_all(main.join("policies/deep")).unwrap();
        assert_eq!(repository(&main), None);
        let head = |directory: &Path| head(&repository(directory).unwrap());
        git(&main, &["init", "-q"]);
        assert_eq!(head(&main), None, "no commit yet");
        git(&main, &["commit", "-q", "--allow-empty", "-m", "First"]);
        git(&main, &["worktree", "add", "-q", "-b", "other", linked.to_str().unwrap()]);
        git(&linked, &["commit", "-q", "--allow-empty", "-m", "Second"]);
        let agrees = |directory: &Path, why: &str| {
            let said = git(directory, &["rev-parse", "HEAD"]);
            assert_eq!(head(directory).as_deref(), Some(&*said), "{why}");
        };
        agrees(&main.join("policies/deep"), "below the work tree");
        agrees(&linked, "a linked work tree");
        git(&main, &["pack-refs", "--all"]);
        agrees(&main, "packed");
        agrees(&linked, "packed, and linked");
        git(&main, &["checkout", "-q", "--detach"]);
        agrees(&main, "detached");
        fs::write(main.join(".git/HEAD"), "ref: refs/heads/.invalid\n").unwrap();
        assert_eq!(head(&main), None, "another kind of store is left to git");
    }
}
