//! What `git log` says, read as it comes: commits, newest first, each with the files that it touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::git::{text, time};
use crate::entry::Commit;

/// How `git log` is asked to write a commit: a mark, then hash, time, author and subject, each ended by a NUL, and then the
/// names of files, ended in the same way.
pub(super) const FORMAT: &str = "--format=%x01%H%x00%ct%x00%an <%ae>%x00%s";

/// A commit and the files that it touched.
pub(super) struct Touched<'a> {
    pub(super) commit: Commit,
    pub(super) files: Vec<&'a str>,
}

/// Every commit of a whole answer.
pub(super) fn parse(answer: &[u8]) -> impl Iterator<Item = Touched<'_>> {
    answer.split(|&byte| byte == 1).filter_map(commit)
}

fn commit(record: &[u8]) -> Option<Touched<'_>> {
    let mut fields = record.split(|&byte| byte == 0).map(|field| std::str::from_utf8(field).ok());
    let revision = fields.next()??.trim();
    let (seconds, author, subject) = (fields.next()??, fields.next()?, fields.next()?);
    if revision.is_empty() {
        return None;
    }
    let commit = Commit {
        revision: revision.into(),
        author: author.and_then(text),
        committed_at: time(seconds),
        commit_subject: subject.map(str::trim_end).and_then(text),
        dirty: false,
        signed_by: None,
    };
    let files = fields.flatten().map(|file| file.trim_start_matches('\n')).filter(|file| !file.is_empty());
    Some(Touched { commit, files: files.collect() })
}

/// The newest commit of each file that is looked for.
pub(super) struct Found {
    missing: BTreeSet<Arc<str>>,
    found: BTreeMap<Arc<str>, Commit>,
    rest: Vec<u8>,
}

impl Found {
    /// Looks for these files.
    pub(super) fn new(files: impl Iterator<Item = Arc<str>>) -> Self {
        Self { missing: files.collect(), found: BTreeMap::new(), rest: Vec::new() }
    }

    /// Takes a piece of the answer; whether every file has been found.
    pub(super) fn feed(&mut self, piece: &[u8]) -> bool {
        self.rest.extend_from_slice(piece);
        // What comes after the last mark may go on in the next piece.
        let Some(last) = self.rest.iter().rposition(|&byte| byte == 1) else { return false };
        let rest = self.rest.split_off(last);
        let whole = std::mem::replace(&mut self.rest, rest);
        self.take(&whole);
        self.missing.is_empty()
    }

    /// What was found.
    pub(super) fn finish(mut self) -> BTreeMap<Arc<str>, Commit> {
        let rest = std::mem::take(&mut self.rest);
        // A record that was cut off may end in half a name, which no file has.
        self.take(&rest);
        self.found
    }

    fn take(&mut self, records: &[u8]) {
        for touched in parse(records) {
            for file in touched.files {
                if let Some(file) = self.missing.take(file) {
                    self.found.insert(file, touched.commit.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] =
        b"\x01aa\x002\x00Ada <a@b>\x00newest\x00\na.yaml\x00\x01bb\x001\x00Bob <b@b>\x00first\x00\n\
        a.yaml\x00sub/b.yaml\x00";

    #[test]
    fn each_file_has_its_newest_commit_however_the_answer_is_cut() {
        for size in 1..ANSWER.len() {
            let mut found = Found::new(["a.yaml", "sub/b.yaml", "c.yaml"].into_iter().map(Into::into));
            for piece in ANSWER.chunks(size) {
                assert!(!found.feed(piece), "c.yaml is in no commit");
            }
            let found = found.finish();
            let subjects =
                found.iter().map(|(file, commit)| (&**file, commit.commit_subject.as_deref().unwrap()));
            assert_eq!(subjects.collect::<Vec<_>>(), [("a.yaml", "newest"), ("sub/b.yaml", "first")]);
            assert_eq!(found["a.yaml"].author.as_deref(), Some("Ada <a@b>"));
        }
    }

    #[test]
    fn nothing_more_is_read_once_all_are_found() {
        let mut found = Found::new(["a.yaml".into()].into_iter());
        assert!(found.feed(ANSWER));
    }
}
