//! `validate --fix` and `--diff`: shows what is mechanical to mend, and with `--fix` mends it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use crate::finding::Finding;
use crate::policy::TenantName;
use crate::printable::printable;
use crate::render::diff;
use crate::repair::repair;
use crate::rewrite;
use crate::snapshot::Snapshot;

/// What would change in the files of a root, as text; with `write` it changes.
pub(super) fn mend(
    root: &Path,
    snapshot: &Snapshot,
    tenants: &BTreeSet<TenantName>,
    write: bool,
) -> anyhow::Result<String> {
    let default_tenant = if tenants.len() == 1 { tenants.first() } else { None };
    let mendable = snapshot.findings().into_iter().filter(Finding::is_mendable);
    let files: BTreeSet<Arc<str>> = mendable.filter_map(|finding| Some(finding.place?.file)).collect();
    let mut shown = String::new();
    for file in &files {
        let failed = || format!("{} can't be mended", printable(file, 200));
        let bytes = fs::read(root.join(&**file)).with_context(failed)?;
        let (Some(repaired), Ok(old)) = (repair(file, &bytes, default_tenant), std::str::from_utf8(&bytes))
        else {
            continue;
        };
        write!(shown, "{}", diff::unified(file, old, &repaired.text))?;
        if write {
            rewrite::replace(root, file, &bytes, repaired.text.as_bytes()).with_context(failed)?;
        }
    }
    Ok(shown)
}
