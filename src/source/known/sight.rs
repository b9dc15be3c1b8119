//! Snapshots of what is known: with all that is said of every file, for plans without that, or of that part alone which can
//! differ from a plan that was made before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Changed, Known, Place, Settled};
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::{FileFacts, Part, Snapshot};
use crate::source::parallel::parallel;
use crate::source::shelf::{IdHash, Shelf, hash};
use crate::source::store::WINDOW;

/// A part of fewer files than that is always taken; a larger one only up to a quarter of all.
const SMALL: usize = 64;

/// What was kept is not what was written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

impl Known {
    /// The snapshot of everything, with all that is said of it.
    pub(in crate::source) fn all(&self, tenants: &BTreeSet<TenantName>) -> Result<Snapshot, Damaged> {
        let mut files = Vec::new();
        self.each(&self.places(), |_, facts| files.push(Arc::new(facts)))?;
        files.extend(self.odd.iter().cloned());
        Ok(Snapshot::assemble(&files.into(), tenants))
    }

    /// The snapshot of everything, as far as a plan asks: it keeps no file whose documents can be used.
    pub(in crate::source) fn whole(&self, tenants: &BTreeSet<TenantName>) -> Result<Snapshot, Damaged> {
        let shared = self.shared();
        let (mut whole, mut rest) = (Snapshot::default(), Vec::new());
        self.each(&self.places(), |(index, file), facts| {
            let shelf = &self.shelves[index];
            let is_shared = shelf.claims_of(file).iter().any(|claim| shared.contains(&claim.id));
            if is_shared || shelf.is_broken(file) || !whole.add(&facts, tenants) {
                rest.push(Arc::new(facts));
            }
        })?;
        rest.extend(self.odd.iter().cloned());
        whole.join(Snapshot::assemble(&rest.into(), tenants));
        Ok(whole)
    }

    /// The snapshot of what can differ from the plan that was settled before these files changed; nothing where that is so
    /// much that all of it may as well be looked at.
    ///
    /// A policy can differ only where a file that claims it changed, or where the plan named it. For each of them every
    /// file that claims it is looked at, and so is every file that holds something unusable.
    pub(in crate::source) fn part(
        &self,
        changed: &Changed,
        settled: &Settled,
        tenants: &BTreeSet<TenantName>,
    ) -> Result<Option<Snapshot>, Damaged> {
        let mut before = BTreeSet::new();
        for span in &changed.before {
            let packed = self.store.get(*span).ok_or(Damaged)?;
            let facts = unpack("", &packed).ok_or(Damaged)?;
            before.extend(facts.ids().cloned());
        }
        let mut wanted: BTreeSet<IdHash> = settled.named.iter().map(hash).collect();
        for &(index, file) in &changed.now {
            wanted.extend(self.shelves[index].claims_of(file).iter().map(|claim| claim.id));
        }
        let mut places = changed.now.clone();
        for (index, shelf) in self.shelves.iter().enumerate() {
            places.extend(claiming(shelf, &wanted).map(|file| (index, file)));
            places.extend(shelf.broken.iter().map(|&file| (index, file as usize)));
        }
        if places.len() > SMALL.max(self.len() / 4) {
            return Ok(None);
        }
        let (mut ids, mut files) = (settled.named.clone(), Vec::new());
        self.each(&places.into_iter().collect::<Vec<_>>(), |place, facts| {
            ids.extend(facts.ids().cloned());
            if !changed.now.contains(&place) {
                before.extend(facts.ids().cloned());
            }
            files.push(Arc::new(facts));
        })?;
        ids.extend(before.iter().cloned());
        files.extend(self.odd.iter().cloned());
        let in_sync = elsewhere(settled, &before);
        Ok(Some(Snapshot { part: Some(Part { ids, in_sync }), ..Snapshot::assemble(&files.into(), tenants) }))
    }

    fn places(&self) -> Vec<Place> {
        let places = |(index, shelf): (usize, &Shelf)| (0..shelf.folder.len()).map(move |file| (index, file));
        self.shelves.iter().enumerate().flat_map(places).collect()
    }

    /// Unpacks the facts of these files, and hands them on in their order.
    fn each(&self, places: &[Place], mut take: impl FnMut(Place, FileFacts)) -> Result<(), Damaged> {
        for places in places.chunks(WINDOW) {
            let spans: Vec<_> = places.iter().map(|&(index, file)| self.shelves[index].spans[file]).collect();
            let window = self.store.window(&spans).ok_or(Damaged)?;
            let unpacked = parallel(places, |&(index, file)| {
                let shelf = &self.shelves[index];
                unpack(&shelf.file(file), &window.get(shelf.spans[file])?)
            });
            for (place, facts) in places.iter().zip(unpacked) {
                take(*place, facts.ok_or(Damaged)?);
            }
        }
        Ok(())
    }

    /// What several documents claim, or may.
    fn shared(&self) -> BTreeSet<IdHash> {
        let mut all: Vec<IdHash> =
            self.shelves.iter().flat_map(|shelf| shelf.claims.iter().map(|claim| claim.id)).collect();
        all.sort_unstable();
        all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
    }
}

fn unpack(file: &str, packed: &[u8]) -> Option<FileFacts> {
    FileFacts::unpack(file.into(), &mut crate::snapshot::packed::Unpacker::new(packed))
}

/// The files of a shelf that claim one of these.
fn claiming<'a>(shelf: &'a Shelf, wanted: &'a BTreeSet<IdHash>) -> impl Iterator<Item = usize> + 'a {
    shelf.claims.iter().filter(|claim| wanted.contains(&claim.id)).map(|claim| claim.file as usize)
}

/// How many policies of each tenant were in sync and are not looked at. Those that a file claimed before and the plan did
/// not name were in sync.
fn elsewhere(settled: &Settled, before: &BTreeSet<PolicyId>) -> BTreeMap<TenantName, usize> {
    let mut in_sync = settled.in_sync.clone();
    for id in before.difference(&settled.named) {
        if let Some(count) = in_sync.get_mut(&id.tenant) {
            *count = count.saturating_sub(1);
        }
    }
    in_sync.retain(|_, count| *count > 0);
    in_sync
}
