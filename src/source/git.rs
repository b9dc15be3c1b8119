//! Which commits files are from, asked of `git` itself: a few processes for all of them together, only for files that are
//! asked about, and none at all for a file that was asked about at the same commit before.
//!
//! No git, no work tree, no answer in time: left out, not guessed. Nothing of a repository that somebody else wrote runs
//! here: no hook, no filter, no helper program of its configuration, and nothing is fetched. Whether a file was changed
//! since its commit is told by its bytes alone, so no clean filter is needed either.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};

use super::{head, history};
use crate::config::Signers;
use crate::digest::FileHash;
use crate::entry::Commit;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most that is read of one answer.
const MAX_ANSWER: u64 = 1024 * 1024 * 1024;
/// Up to so many files `git log` is told which; it compares each changed path with each of them.
const MAX_PATHSPECS: usize = 200;
/// The longest author, subject or key that is kept, in characters.
const MAX_TEXT: usize = 200;

/// Files that are asked about, and the hash of what each holds; nothing for one that is gone.
pub type Files = BTreeMap<Arc<str>, Option<FileHash>>;
/// The commit that last touched each file, as far as that is known.
pub type Commits = BTreeMap<Arc<str>, Arc<Commit>>;

/// How many files git is asked for the contents of at once.
pub(super) const BATCH: usize = 256;

/// What git told, and whether that answers all that it was asked.
struct Told {
    commits: Commits,
    whole: bool,
}

/// The repository that a directory is in, and what it said before.
#[derive(Debug, Default)]
pub(super) struct Repository {
    head: Option<Arc<str>>,
    asked: Files,
    told: Commits,
}

impl Repository {
    /// The commits that these files are from.
    pub(super) fn commits(&mut self, root: &Path, files: &Files, signers: Option<&Signers>) -> Commits {
        let Some(directory) = root.canonicalize().ok().filter(|_| !files.is_empty()) else {
            return Commits::new();
        };
        let exported = exported(&directory);
        let Some(head) = exported.clone().or_else(|| head(&directory)) else { return Commits::new() };
        let known = self.head.as_ref() == Some(&head)
            && files.iter().all(|(file, hash)| self.asked.get(file) == Some(hash));
        if !known {
            let told = match exported {
                Some(revision) => of_export(&directory, &revision, files, signers),
                None => of_work_tree(&directory, &head, files, signers),
            };
            // What git failed to answer is asked again.
            self.head = Some(head).filter(|_| told.whole);
            self.asked.clone_from(files);
            self.told = told.commits;
        }
        self.told.clone()
    }
}

/// The commit that a directory is at.
pub(super) fn revision(root: &Path) -> Option<Arc<str>> {
    let directory = root.canonicalize().ok()?;
    exported(&directory).or_else(|| head(&directory))
}

/// git-sync's work trees are named by their commits.
fn exported(directory: &Path) -> Option<Arc<str>> {
    let is_hash = |name: &&str| matches!(name.len(), 40 | 64) && name.bytes().all(|b| b.is_ascii_hexdigit());
    directory.iter().rev().filter_map(OsStr::to_str).find(is_hash).map(Into::into)
}

/// The commit that is checked out. No process is begun where git would find nothing.
fn head(directory: &Path) -> Option<Arc<str>> {
    head::head(&head::repository(directory)?).or_else(|| commit(directory, "HEAD"))
}

/// The commit that a revision names.
pub(super) fn commit(directory: &Path, revision: &str) -> Option<Arc<str>> {
    let commit = format!("{revision}^{{commit}}");
    let told = ask(directory, None, &["rev-parse", "--verify", "--end-of-options", &commit], "")?;
    Some(std::str::from_utf8(&told).ok()?.trim().into())
}

/// All files of an exported commit are from that commit.
fn of_export(directory: &Path, revision: &Arc<str>, files: &Files, signers: Option<&Signers>) -> Told {
    // What was exported without its repository has a revision all the same.
    let log = ask(directory, None, &["log", "--no-walk", history::FORMAT, revision], "").unwrap_or_default();
    let told = history::parse(&log).next().map(|touched| touched.commit);
    let plain = || Commit {
        revision: Arc::clone(revision),
        author: None,
        committed_at: None,
        commit_subject: None,
        dirty: false,
        signed_by: None,
    };
    let mut commit = told.unwrap_or_else(plain);
    let signatures = signatures(directory, &[&*commit.revision].into(), signers);
    let whole = signatures.is_some();
    commit.signed_by = signatures.unwrap_or_default().remove(&commit.revision);
    let commit = Arc::new(commit);
    let commits = files.keys().map(|file| (Arc::clone(file), Arc::clone(&commit))).collect();
    Told { commits, whole }
}

fn of_work_tree(directory: &Path, head: &str, files: &Files, signers: Option<&Signers>) -> Told {
    let asked = || files.keys().filter(|file| !file.contains('\n'));
    let mut input = format!("{head}\n--\n");
    if files.len() <= MAX_PATHSPECS {
        asked().for_each(|file| input += &format!("./{file}\n"));
    }
    let arguments = ["log", "--stdin", "-z", "-c", "--relative", "--name-only", history::FORMAT];
    let mut found = history::Found::new(asked().cloned());
    // Since its last commit a file holds what it holds at the head, so both are asked at once.
    let (blobs, log) = thread::scope(|scope| {
        let blobs = scope.spawn(|| blobs(directory, head, &asked().collect::<Vec<_>>()));
        let mut all_found = false;
        let ended = ask_until(directory, None, &arguments, &input, |answer| {
            all_found = found.feed(answer);
            all_found
        });
        let blobs = blobs.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (blobs, all_found || ended == Some(true))
    });
    let found = found.finish();
    let revisions = found.values().map(|commit| &*commit.revision).collect();
    let signatures = signatures(directory, &revisions, signers);
    let whole = log && blobs.is_some() && signatures.is_some();
    let (blobs, signatures) = (blobs.unwrap_or_default(), signatures.unwrap_or_default());
    // The last commit that a shallow clone has seems to touch every file: which one did is not known.
    let cut = head::repository(directory).map(|repository| head::shallow(&repository)).unwrap_or_default();
    let finish = |(file, commit): (&Arc<str>, &Commit)| {
        if cut.contains(&commit.revision) {
            return None;
        }
        let dirty = blobs.get(file) != Some(files.get(file)?);
        let signed_by = signatures.get(&commit.revision).cloned();
        Some((Arc::clone(file), Arc::new(Commit { dirty, signed_by, ..commit.clone() })))
    };
    Told { commits: found.iter().filter_map(finish).collect(), whole }
}

/// The hash of what each file holds at a commit; nothing for one that is not there. Nothing at all where git fails.
fn blobs(directory: &Path, head: &str, files: &[&Arc<str>]) -> Option<Files> {
    let mut hashes = Files::new();
    // Some at a time: what they hold is in memory meanwhile.
    for files in files.chunks(BATCH) {
        let input: String = files.iter().map(|file| format!("{head}:./{file}\n")).collect();
        let told = ask(directory, None, &["cat-file", "--batch"], &input)?;
        let batch = objects(&told).map(|blob| blob.map(FileHash::of));
        hashes.extend(files.iter().map(|file| Arc::clone(file)).zip(batch));
    }
    Some(hashes)
}

/// What `cat-file --batch` answers for each object; nothing for one that is missing.
pub(super) fn objects(answer: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = answer;
    std::iter::from_fn(move || {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let (line, after) = (std::str::from_utf8(&rest[..end]).ok()?, &rest[end + 1..]);
        if line.ends_with(" missing") {
            rest = after;
            return Some(None);
        }
        let length = line.rsplit(' ').next()?.parse().ok()?;
        let (blob, after) = after.split_at_checked(length)?;
        rest = after.get(1..)?;
        Some(Some(blob))
    })
}

/// The allowed key that each commit is signed by, where it is. Nothing where git fails.
fn signatures(
    directory: &Path,
    revisions: &BTreeSet<&str>,
    signers: Option<&Signers>,
) -> Option<BTreeMap<Arc<str>, Arc<str>>> {
    let Some(signers) = signers else { return Some(BTreeMap::new()) };
    let input: String = revisions.iter().map(|revision| format!("{revision}\n")).collect();
    let arguments = ["log", "--no-walk", "--stdin", "-z", "--format=%H%n%G?%n%GF%n%GP"];
    let told = ask(directory, Some(signers), &arguments, &input)?;
    let allowed = |record: &[u8]| {
        let text = std::str::from_utf8(record).ok()?;
        let mut lines = text.lines();
        let (revision, status) = (lines.next()?, lines.next()?);
        let (key, primary) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let pgp = |key: &str| signers.pgp_keys.iter().any(|allowed| allowed.eq_ignore_ascii_case(key));
        // Of SSH keys git calls good what the file of allowed signers names; of PGP keys, what the keyring trusts.
        let good = match status {
            "G" if key.starts_with("SHA256:") => signers.ssh_file.is_some(),
            "G" | "U" => pgp(key) || pgp(primary),
            _ => false,
        };
        good.then(|| (revision.into(), crate::printable::printable(key, MAX_TEXT).into()))
    };
    Some(told.split(|&byte| byte == 0).filter_map(allowed).collect())
}

/// What git answers; nothing where it fails.
pub(super) fn ask(
    directory: &Path,
    signers: Option<&Signers>,
    arguments: &[&str],
    input: &str,
) -> Option<Vec<u8>> {
    let mut answer = Vec::new();
    let whole = ask_until(directory, signers, arguments, input, |bytes| {
        answer.extend_from_slice(bytes);
        false
    });
    whole?.then_some(answer)
}

/// Hands on what git answers until `done`; whether git ended well by itself, nothing where it did not run.
fn ask_until(
    directory: &Path,
    signers: Option<&Signers>,
    arguments: &[&str],
    input: &str,
    mut done: impl FnMut(&[u8]) -> bool,
) -> Option<bool> {
    let mut child = command(directory, signers).args(arguments).spawn().ok()?;
    let pid = Pid::from_child(&child);
    let (mut stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
    let (ended, end) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            // A git that has ended reads no more of it.
            let _ = stdin.write_all(input.as_bytes());
        });
        scope.spawn(move || {
            if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                // It is not waited for before this thread has ended, so the id is still its own.
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let mut answer = stdout.take(MAX_ANSWER);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match answer.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(length) if done(&buffer[..length]) => {
                    let _ = kill_process(pid, Signal::KILL);
                    break;
                }
                Ok(_) => {}
            }
        }
        drop(ended);
    });
    Some(child.wait().ok()?.success())
}

/// `git` in a directory, where nothing of a repository's own configuration can run.
fn command(directory: &Path, signers: Option<&Signers>) -> Command {
    let no_file = PathBuf::from("/dev/null");
    let ssh_file = signers.and_then(|signers| signers.ssh_file.as_ref()).unwrap_or(&no_file);
    let mut allowed = OsString::from("gpg.ssh.allowedSignersFile=");
    allowed.push(std::path::absolute(ssh_file).unwrap_or(no_file));
    let mut command = Command::new(program());
    command.arg("-C").arg(directory).args(["--no-pager", "--literal-pathspecs"]);
    let settings = [
        "core.fsmonitor=false",
        "core.hooksPath=/dev/null",
        "core.alternateRefsCommand=",
        "core.quotePath=false",
        "safe.directory=*",
        "protocol.allow=never",
        "log.showSignature=false",
        "log.mailmap=false",
        "gpg.program=gpg",
        "gpg.openpgp.program=gpg",
        "gpg.x509.program=gpgsm",
        "gpg.ssh.program=ssh-keygen",
    ];
    command.args(settings.iter().flat_map(|setting| ["-c", setting])).arg("-c").arg(allowed).env_clear();
    let kept = ["PATH", "HOME", "GNUPGHOME", "TMPDIR"];
    command.envs(kept.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
        .envs([
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_TERMINAL_PROMPT", "0"),
        ])
        .envs([("GIT_OPTIONAL_LOCKS", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("GIT_ALLOW_PROTOCOL", "none")])
        .envs([("LC_ALL", "C.UTF-8")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// Where `git` is. Left to the child's `PATH`, the name would make the standard library fork this whole process instead of
/// spawning another: that takes ten times as long as git itself does.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file());
    found.unwrap_or_else(|| "git".into())
}

/// The time of so many seconds since 1970.
pub(super) fn time(seconds: &str) -> Option<Timestamp> {
    Timestamp::from_second(seconds.parse().ok()?).ok()
}

/// A text from a commit, cut; nothing for an empty one.
pub(super) fn text(text: &str) -> Option<Arc<str>> {
    let cut: String = text.chars().take(MAX_TEXT).collect();
    (!cut.is_empty()).then(|| cut.into())
}
