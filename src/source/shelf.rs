//! What is known of a folder's files: their metadata, where their facts are, and just enough of those to find the files that
//! matter without reading any.

use super::folder::{Folder, Meta};
use super::store::Span;
use crate::digest::FileHash;
use crate::policy::PolicyId;
use crate::snapshot::FileFacts;
use crate::snapshot::packed::Packer;

/// A part of the hash of a policy's id: the same for the same id, and hardly ever for another.
pub(super) type IdHash = u32;

/// That a file claims a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    /// Which file of its folder.
    pub(super) file: u32,
    pub(super) id: IdHash,
}

/// What is known of a folder's files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shelf {
    pub(super) folder: Folder,
    /// Where each file's facts are.
    pub(super) spans: Vec<Span>,
    /// Which policies they claim, in the order of files.
    pub(super) claims: Vec<Claim>,
    /// Which files hold something that can't be used, in their order.
    pub(super) broken: Vec<u32>,
}

/// What a file holds, packed.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) packed: Vec<u8>,
    claims: Vec<IdHash>,
    is_usable: bool,
}

pub(super) fn hash(id: &PolicyId) -> IdHash {
    let hash = FileHash::of(id.to_string().as_bytes());
    hash.as_bytes().first_chunk().copied().map_or(0, u32::from_le_bytes)
}

impl Fresh {
    pub(super) fn of(facts: &FileFacts) -> Self {
        let mut packer = Packer::default();
        facts.pack(&mut packer);
        let claims = facts.ids().map(hash).collect();
        Self { packed: packer.finish(), claims, is_usable: facts.is_usable() }
    }
}

impl Shelf {
    /// An empty one for a folder.
    pub(super) fn at(path: &str) -> Self {
        Self { folder: Folder { path: path.into(), ..Folder::default() }, ..Self::default() }
    }

    /// Adds a file behind the others of which nothing is known yet.
    pub(super) fn push(&mut self, name: &str, meta: Meta) {
        self.folder.push(name, meta);
        self.spans.push(Span::default());
    }

    /// Takes over what another shelf knows of a file for the one that was added last.
    pub(super) fn keep(&mut self, file: usize, other: &Self, of: usize) {
        self.spans[file] = other.spans[of];
        let file = index(file);
        self.claims.extend(other.claims_of(of).iter().map(|claim| Claim { file, ..*claim }));
        self.broken.extend(other.is_broken(of).then_some(file));
    }

    /// Puts down what a file holds.
    pub(super) fn put(&mut self, file: usize, span: Span, fresh: &Fresh) {
        self.spans[file] = span;
        let file = index(file);
        self.claims.extend(fresh.claims.iter().map(|&id| Claim { file, id }));
        self.broken.extend((!fresh.is_usable).then_some(file));
    }

    /// Brings what was put down in any order into that of files.
    pub(super) fn sort(&mut self) {
        self.claims.sort_unstable();
        self.broken.sort_unstable();
    }

    pub(super) fn claims_of(&self, file: usize) -> &[Claim] {
        let file = index(file);
        let start = self.claims.partition_point(|claim| claim.file < file);
        let rest = &self.claims[start..];
        &rest[..rest.partition_point(|claim| claim.file == file)]
    }

    pub(super) fn is_broken(&self, file: usize) -> bool {
        self.broken.binary_search(&index(file)).is_ok()
    }

    /// The path of a file below the policy directory.
    pub(super) fn file(&self, file: usize) -> String {
        self.folder.file(self.folder.name(file))
    }
}

/// There are never as many files as that.
fn index(file: usize) -> u32 {
    file.try_into().unwrap_or(u32::MAX)
}
