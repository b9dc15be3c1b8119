//! Which documents of the whole directory claim the same policy.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::MAX_RIVALS;
use super::facts::{DocumentFacts, FileFacts};
use crate::finding::Place;
use crate::policy::PolicyId;

/// Which documents claim each id, and which ids several of them do.
pub(super) struct Claims<'a> {
    contested: BTreeMap<&'a PolicyId, Vec<(&'a FileFacts, &'a DocumentFacts)>>,
}

impl<'a> Claims<'a> {
    pub(super) fn of(files: &'a [Arc<FileFacts>]) -> Self {
        let documents = || files.iter().flat_map(|file| file.documents.iter().map(move |it| (&**file, it)));
        // Hardly any id is claimed twice, so only those are gathered.
        let mut seen = HashSet::new();
        let twice = documents().filter_map(|(_, document)| document.id()).filter(|id| !seen.insert(*id));
        let mut contested: BTreeMap<&PolicyId, Vec<_>> = twice.map(|id| (id, Vec::new())).collect();
        if !contested.is_empty() {
            for (file, document) in documents() {
                if let Some(claims) = document.id().and_then(|id| contested.get_mut(id)) {
                    claims.push((file, document));
                }
            }
        }
        Self { contested }
    }

    pub(super) fn is_contested(&self, id: &PolicyId) -> bool {
        self.contested.contains_key(id)
    }

    /// The first places where it is claimed: more than are ever named beside one's own.
    pub(super) fn places(&self, id: &PolicyId) -> Vec<Place> {
        let claims = self.contested.get(id).into_iter().flatten().take(MAX_RIVALS + 1);
        claims.filter_map(|(file, document)| document.said(&file.file).0).collect()
    }
}
