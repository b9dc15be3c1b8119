//! The checkpoint once more, in a form in which one policy is found without reading the others: `applied.lookup`.
//!
//! ```text
//! magic · block · block · … · table of blocks · length and checksum of the table
//! ```
//!
//! A block holds policies of one tenant in the order of names; the table says which name each begins with, and holds all of
//! the state but its policies. Like the checkpoint it may be lost or torn at any moment without loss, and is used only where
//! the ledger has the very entry that it reaches to. It is replaced whole, and before the checkpoint: so it is never the
//! older one of both, and a ledger that has its entry has the checkpoint's too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use tempfile::NamedTempFile;
use tracing::debug;

use super::line::{self, Line};
use super::place::Place;
use super::scan;
use super::{LedgerError, verify};
use crate::digest::FileHash;
use crate::policy::{PolicyId, PolicyName, TenantName};
use crate::snapshot::packed::{Packer, Unpacker};
use crate::state::{PolicyState, State, TenantState};

const FILE: &str = "applied.lookup";
const MAGIC: &[u8; 8] = b"CWSTATE1";
const HASH: usize = 32;
/// Behind the table: its length and its checksum.
const TRAILER: usize = 8 + HASH;
/// How many policies a block holds.
const BLOCK: usize = 64;
/// The longest table or block that is read.
const MAX_BYTES: u64 = 1 << 30;
/// How much of a ledger's end is read to carry a lookup on; where it is more, everything may as well be added up.
const MAX_TAIL: u64 = 16 * 1024 * 1024;

/// A lookup, open for reading.
struct Lookup {
    file: File,
    /// All of the state but its policies.
    rest: State,
    blocks: Vec<Block>,
}

/// Where some policies of a tenant are.
struct Block {
    tenant: TenantName,
    first: PolicyName,
    start: u64,
    length: u64,
    checksum: FileHash,
}

/// What a ledger adds up to, as far as it is about these policies: what is known of others may be missing. Nothing where
/// there is no lookup that serves.
pub(super) fn load(directory: &Path, ids: &BTreeSet<PolicyId>) -> Result<Option<State>, LedgerError> {
    let Some(lookup) = Lookup::open(directory) else { return Ok(None) };
    let Some(tail) = Tail::read(directory, &lookup.rest)? else { return Ok(None) };
    let touched = tail.0.iter().filter_map(|(line, _)| line.entry.event.policy());
    let wanted: BTreeSet<&PolicyId> = ids.iter().chain(touched).collect();
    lookup.state(&wanted).map(|state| tail.carry_on(state)).transpose()
}

/// All that a ledger adds up to, policies read block by block. Nothing where there is no lookup that serves.
pub(super) fn load_all(directory: &Path) -> Result<Option<State>, LedgerError> {
    let Some(lookup) = Lookup::open(directory) else { return Ok(None) };
    let Some(tail) = Tail::read(directory, &lookup.rest)? else { return Ok(None) };
    lookup.whole().map(|state| tail.carry_on(state)).transpose()
}

/// The entries since a checkpoint.
struct Tail(Vec<(Line, Place)>);

impl Tail {
    /// Nothing where the ledger does not have the entry that the state reaches to, or too many since.
    fn read(directory: &Path, state: &State) -> Result<Option<Self>, LedgerError> {
        let (mut tail, mut length, mut fits) = (Vec::new(), 0, false);
        scan::lines(directory, Some(state.last), |place, bytes| {
            if length == 0 {
                fits = line::check(bytes) == Ok(state.head.hash);
            } else if fits && length <= MAX_TAIL {
                let line = line::decode(bytes).map_err(|why| place.broken(why))?;
                tail.push((line, place.clone()));
            }
            length += bytes.len() as u64 + 1;
            Ok(())
        })?;
        Ok((fits && length <= MAX_TAIL).then_some(Self(tail)))
    }

    /// What a state becomes with them.
    fn carry_on(&self, mut state: State) -> Result<State, LedgerError> {
        for (line, place) in &self.0 {
            let folded = state.fold(&line.entry, line.hash, place.position);
            folded.map_err(|illegal| place.broken(illegal.to_string()))?;
            verify::told(&state, line).map_err(|why| place.broken(why))?;
        }
        Ok(state)
    }
}

impl Lookup {
    fn open(directory: &Path) -> Option<Self> {
        let file = File::open(directory.join(FILE)).ok()?;
        let length = file.metadata().ok()?.len();
        let mut magic = [0; MAGIC.len()];
        file.read_exact_at(&mut magic, 0).ok()?;
        let end = length.checked_sub(TRAILER as u64)?;
        let trailer = read(&file, end, TRAILER as u64)?;
        let mut unpacker = Unpacker::new(&trailer);
        let size = u64::from_le_bytes(unpacker.array()?);
        let checksum = FileHash::from_bytes(unpacker.array()?);
        let table = read(&file, end.checked_sub(size)?, size)?;
        if magic != *MAGIC || FileHash::of(&table) != checksum {
            return None;
        }
        let mut unpacker = Unpacker::new(&table);
        let rest = serde_json::from_slice(unpacker.bytes()?).ok()?;
        let count = unpacker.size()?;
        let blocks = (0..count).map(|_| Block::unpack(&mut unpacker)).collect::<Option<_>>()?;
        Some(Self { file, rest, blocks })
    }

    /// The whole state; nothing where that is damaged.
    fn whole(self) -> Option<State> {
        let mut state = self.rest;
        let mut policies: BTreeMap<&TenantName, Vec<(PolicyName, PolicyState)>> = BTreeMap::new();
        for block in &self.blocks {
            policies.entry(&block.tenant).or_default().extend(block.policies(&self.file, |_| true)?);
        }
        for (tenant, policies) in policies {
            state.tenants.get_mut(tenant)?.policies = policies.into_iter().collect();
        }
        Some(state)
    }

    /// The state as far as it is about these policies; nothing where that is damaged.
    fn state(self, ids: &BTreeSet<&PolicyId>) -> Option<State> {
        let mut wanted: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for id in ids {
            let key = (&id.tenant, &id.name);
            // The last block that begins at or before it: it is there or nowhere.
            let place = self.blocks.partition_point(|block| (&block.tenant, &block.first) <= key);
            if let Some(block) = place.checked_sub(1).filter(|&at| self.blocks[at].tenant == id.tenant) {
                wanted.entry(block).or_default().insert(id.name.as_str());
            }
        }
        let mut state = self.rest;
        for (block, names) in wanted {
            let block = &self.blocks[block];
            let policies = &mut state.tenants.get_mut(&block.tenant)?.policies;
            policies.extend(block.policies(&self.file, |name| names.contains(name))?);
        }
        Some(state)
    }
}

impl Block {
    /// Those of its policies that are wanted.
    fn policies(&self, file: &File, wanted: impl Fn(&str) -> bool) -> Option<Vec<(PolicyName, PolicyState)>> {
        let bytes = read(file, self.start, self.length)?;
        if FileHash::of(&bytes) != self.checksum {
            return None;
        }
        let (mut unpacker, mut policies) = (Unpacker::new(&bytes), Vec::new());
        while !unpacker.is_empty() {
            let (name, policy) = (unpacker.text()?, unpacker.bytes()?);
            if wanted(name) {
                policies.push((name.parse().ok()?, serde_json::from_slice(policy).ok()?));
            }
        }
        Some(policies)
    }

    fn pack(&self, packer: &mut Packer) {
        packer.text(self.tenant.as_str());
        packer.text(self.first.as_str());
        packer.number(self.start);
        packer.number(self.length);
        packer.raw(self.checksum.as_bytes());
    }

    fn unpack(unpacker: &mut Unpacker<'_>) -> Option<Self> {
        Some(Self {
            tenant: unpacker.text()?.parse().ok()?,
            first: unpacker.text()?.parse().ok()?,
            start: unpacker.number()?,
            length: unpacker.number()?,
            checksum: FileHash::from_bytes(unpacker.array()?),
        })
    }
}

fn read(file: &File, start: u64, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok().filter(|_| length <= MAX_BYTES)?];
    file.read_exact_at(&mut bytes, start).ok()?;
    Some(bytes)
}

/// Replaces the lookup; there is none where that fails.
pub(super) fn replace(directory: &Path, state: &State) {
    if let Err(error) = save(directory, state) {
        debug!(name: "lookup.unsaved", error = %error, "the lookup is not kept: {error}");
        // What is not there says nothing that is out of date.
        let _ = std::fs::remove_file(directory.join(FILE));
    }
}

fn save(directory: &Path, state: &State) -> io::Result<()> {
    let file = NamedTempFile::with_prefix_in(".applied-", directory)?;
    let mut out = BufWriter::new(file);
    out.write_all(MAGIC)?;
    let (mut blocks, mut start) = (Vec::new(), MAGIC.len() as u64);
    for (tenant, known) in &state.tenants {
        let policies: Vec<_> = known.policies.iter().collect();
        for policies in policies.chunks(BLOCK) {
            let mut packer = Packer::default();
            for (name, policy) in policies {
                packer.text(name.as_str());
                packer.bytes(&serde_json::to_vec(policy)?);
            }
            let bytes = packer.finish();
            out.write_all(&bytes)?;
            let length = bytes.len() as u64;
            blocks.extend(policies.first().map(|(first, _)| Block {
                tenant: tenant.clone(),
                first: (*first).clone(),
                start,
                length,
                checksum: FileHash::of(&bytes),
            }));
            start += length;
        }
    }
    let mut table = Packer::default();
    table.bytes(&serde_json::to_vec(&without_policies(state))?);
    table.number(blocks.len() as u64);
    blocks.iter().for_each(|block| block.pack(&mut table));
    let table = table.finish();
    out.write_all(&table)?;
    out.write_all(&(table.len() as u64).to_le_bytes())?;
    out.write_all(FileHash::of(&table).as_bytes())?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_data()?;
    file.persist(directory.join(FILE))?;
    Ok(())
}

fn without_policies(state: &State) -> State {
    let bare = |(name, tenant): (&TenantName, &TenantState)| {
        let TenantState { binding, failure, breaker, webhooks, policies: _ } = tenant;
        let bare = TenantState {
            binding: binding.clone(),
            failure: failure.clone(),
            breaker: breaker.clone(),
            webhooks: webhooks.clone(),
            policies: BTreeMap::new(),
        };
        (name.clone(), bare)
    };
    let State { head, last, tenants, holds, suspensions, approvals, signing, pages } = state;
    State {
        head: *head,
        last: *last,
        tenants: tenants.iter().map(bare).collect(),
        holds: holds.clone(),
        suspensions: suspensions.clone(),
        signing: *signing,
        pages: pages.clone(),
        approvals: approvals.clone(),
    }
}

#[cfg(test)]
mod tests;
