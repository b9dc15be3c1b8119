//! Proving a ledger: every line unaltered, every link in place, every entry one that can follow, every signature given.
//!
//! ```text
//! reader ─► batches of lines ─► a worker a core: hash, signature, entry ─► in their order: chain and fold
//! ```
//!
//! What is proven of an entry is all of its bytes (by its hash), that it carries on the one before it, and that what it
//! says can have happened after all that was said before. Payloads are not looked into: the state is the same without
//! them. Memory stays the same however long the ledger is.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::anchor::{self, Span};
use super::batch::Batch;
use super::line::{Line, Outliner};
use super::place::Place;
use super::sign::PublicKey;
use super::{LedgerError, archive, batch, checkpoint};
use crate::digest::{EntryHash, KeyId};
use crate::entry::{Entry, Event};
use crate::state::{Head, State};

/// How many batches each worker may be ahead.
const AHEAD: usize = 2;

/// What is asked of a ledger besides that it is whole.
#[derive(Debug, Default, Clone, Copy)]
pub struct Terms<'a> {
    /// An outside copy of an entry's hash that it must reach: nothing inside a ledger can tell that its tail was cut.
    pub head: Option<EntryHash>,
    /// The keys that may have signed it; without one, signatures are only counted.
    pub keys: &'a [PublicKey],
    /// Where files of it were archived.
    pub archives: &'a [PathBuf],
}

/// What a proven ledger is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// Its newest entry.
    pub head: Head,
    /// How many files it is in.
    pub segments: usize,
    /// The key that signs now, once one does.
    pub key: Option<KeyId>,
    /// How many entries are signed.
    pub signed: u64,
    /// How many are not: those from before a key was set.
    pub unsigned: u64,
    /// Entries that were not there to be looked at, from the first to the last of each gap. The state that they add up
    /// to was taken from an anchor.
    pub absent: Vec<(u64, u64)>,
}

/// Proves a ledger.
///
/// # Errors
/// Names the first line that does not hold.
pub fn verify(directory: &Path, terms: &Terms<'_>) -> Result<Proof, LedgerError> {
    verify_each(directory, terms, &mut |_, _| {})
}

/// The same, and hands each entry on as it is proven, without its payload. Nothing of what was handed on counts where the
/// ledger does not hold as a whole.
///
/// # Errors
/// As [`verify`].
pub fn verify_each(
    directory: &Path,
    terms: &Terms<'_>,
    see: &mut dyn FnMut(&Entry, EntryHash),
) -> Result<Proof, LedgerError> {
    // Before the files, which may grow meanwhile: what a checkpoint knows was on disk before it.
    let known = checkpoint::load(directory).map_or(0, |checkpoint| checkpoint.state.head.sequence);
    let files = batch::files(directory, terms.archives)?;
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let (state, proof, ends, reached) = Default::default();
    let mut walk = Walk { terms, see, state, proof, ends, reached };
    thread::scope(|scope| {
        let (work, batches) = sync_channel(workers * AHEAD);
        let (promise, promised) = sync_channel(workers * AHEAD);
        let batches = Arc::new(Mutex::new(batches));
        for _ in 0..workers {
            let batches = Arc::clone(&batches);
            scope.spawn(move || decode(&batches, terms.keys));
        }
        drop(batches);
        let files = &files;
        // It ends once nobody takes its promises any more, and the workers end with it.
        scope.spawn(move || {
            if let Err(error) = batch::read(files, |batch| hand_on(batch, &work, &promise)) {
                let (give, get) = sync_channel(1);
                // Where nobody takes it, a line before it did not hold.
                let _ = give.send(Err(error));
                let _ = promise.send(get);
            }
        });
        let walked = promised.iter().try_for_each(|decoded| match decoded.recv() {
            Ok(decoded) => walk.batch(decoded?),
            Err(_) => Err(LedgerError::Stopped("a thread that reads the ledger has ended".into())),
        });
        drop(promised);
        walked
    })?;
    archive::check(&walk.state, |segment| files.contains_key(&segment), directory)?;
    walk.proof.segments = files.len();
    walk.conclude(known)
}

/// A batch as a worker leaves it: its lines as far as they hold, and what is wrong with the one behind them.
struct Decoded {
    place: Place,
    lines: Vec<Seen>,
    broken: Option<String>,
}

type Given = Result<Decoded, LedgerError>;

/// A line as a worker leaves it.
struct Seen {
    line: Line,
    /// Which of the keys has signed it.
    by: Option<KeyId>,
    /// In bytes, with its newline.
    length: u64,
}

/// Gives a batch to whichever worker is free, and its place in the order to whoever walks along it.
fn hand_on(
    batch: Batch,
    work: &SyncSender<(Batch, SyncSender<Given>)>,
    promise: &SyncSender<Receiver<Given>>,
) -> ControlFlow<()> {
    let (give, get) = sync_channel(1);
    match work.send((batch, give)).is_ok() && promise.send(get).is_ok() {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    }
}

fn decode(batches: &Mutex<Receiver<(Batch, SyncSender<Given>)>>, keys: &[PublicKey]) {
    let (mut outliner, mut most) = (Outliner::new(), 0);
    let next = || batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok((Batch { place, bytes }, give)) = next() {
        let (mut begin, mut broken) = (0, None);
        let mut lines = Vec::with_capacity(most);
        for end in memchr::memchr_iter(b'\n', &bytes) {
            let text = &bytes[std::mem::replace(&mut begin, end + 1)..end];
            match outliner.read(text) {
                Ok(line) => lines.push(Seen { by: signer(&line, keys), line, length: text.len() as u64 + 1 }),
                Err(why) => {
                    broken = Some(why);
                    break;
                }
            }
        }
        most = most.max(lines.len());
        // Nobody takes it once a line before it did not hold.
        let _ = give.send(Ok(Decoded { place, lines, broken }));
    }
}

fn signer(line: &Line, keys: &[PublicKey]) -> Option<KeyId> {
    let signature = line.signature.as_ref()?;
    keys.iter().find(|key| key.has_signed(line.hash, signature)).map(PublicKey::id)
}

/// Along the lines, in their order.
struct Walk<'a> {
    terms: &'a Terms<'a>,
    see: &'a mut dyn FnMut(&Entry, EntryHash),
    state: State,
    proof: Proof,
    /// Where each file so far began and ended.
    ends: Vec<Span>,
    reached: bool,
}

impl Walk<'_> {
    fn batch(&mut self, Decoded { mut place, lines, broken }: Decoded) -> Result<(), LedgerError> {
        for seen in lines {
            self.entry(&place, &seen)?;
            place.position.offset += seen.length;
        }
        broken.map_or(Ok(()), |why| Err(place.broken(why)))
    }

    fn entry(&mut self, place: &Place, seen: &Seen) -> Result<(), LedgerError> {
        let Line { entry, hash, .. } = &seen.line;
        let (begins, first) = (place.begins(), place.position.segment);
        if let Event::Anchor(told) = &entry.event {
            let anchored = anchor::read(&place.path, told).map_err(|why| place.broken(why))?;
            match anchored {
                Some(anchored) if begins && entry.sequence > self.state.head.sequence + 1 => {
                    self.jump(place, anchored)?;
                }
                Some(anchored) if anchored.state != self.state => {
                    return Err(place
                        .broken("the state beside it is not what the entries before it add up to".into()));
                }
                _ => {}
            }
        }
        if begins && entry.sequence == first && first > self.state.head.sequence + 1 {
            return Err(LedgerError::Gap { path: place.path.clone(), first, last: self.state.head.sequence });
        }
        self.state.fold(entry, *hash, place.position).map_err(|illegal| place.broken(illegal.to_string()))?;
        self.signature(seen).map_err(|why| place.broken(why))?;
        (self.see)(entry, *hash);
        self.reached |= self.terms.head == Some(*hash);
        match self.ends.last_mut() {
            Some(span) if !begins => span.last = self.state.head,
            _ => self.ends.push(Span { first, last: self.state.head }),
        }
        Ok(())
    }

    /// Goes on behind entries that are not there. The files before them must be those that the anchor knows.
    fn jump(&mut self, place: &Place, anchored: anchor::Anchored) -> Result<(), LedgerError> {
        if let Some(stranger) = self.ends.iter().find(|end| !anchored.segments.contains(end)) {
            let why = format!(
                "it carries on a ledger in which the file that begins with entry {} ended otherwise",
                stranger.first
            );
            return Err(place.broken(why));
        }
        self.proof.absent.push((self.state.head.sequence + 1, anchored.state.head.sequence));
        self.state = anchored.state;
        Ok(())
    }

    fn signature(&mut self, seen: &Seen) -> Result<(), String> {
        told(&self.state, &seen.line)?;
        match self.state.signing {
            None => self.proof.unsigned += 1,
            Some(_) => self.proof.signed += 1,
        }
        match self.state.signing {
            Some(key) if !self.terms.keys.is_empty() && seen.by != Some(key) => {
                let known = self.terms.keys.iter().any(|given| given.id() == key);
                Err(match known {
                    true => format!("its signature is not of key {key}: it was forged or altered"),
                    false => format!("it is signed by key {key}, whose public key was not given"),
                })
            }
            _ => Ok(()),
        }
    }

    fn conclude(mut self, known: u64) -> Result<Proof, LedgerError> {
        self.proof.head = self.state.head;
        self.proof.key = self.state.signing;
        let found = self.state.head.sequence;
        match self.terms.head {
            _ if found < known => Err(LedgerError::Cut { found, expected: known }),
            Some(head) if !self.reached => Err(LedgerError::Foreign { head, last: self.state.head.sequence }),
            _ if !self.terms.keys.is_empty() && self.proof.signed == 0 => Err(LedgerError::Unsigned),
            _ => Ok(self.proof),
        }
    }
}

/// Whether a line has a signature exactly where the entries up to it say that it has one.
pub(super) fn told(state: &State, line: &Line) -> Result<(), String> {
    match (state.signing, line.signature) {
        (Some(key), None) => Err(format!("it is not signed, but every entry is since key {key} signs")),
        (None, Some(_)) => Err("it is signed, but no entry says by which key".to_owned()),
        _ => Ok(()),
    }
}
