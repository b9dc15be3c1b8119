//! `chatward validate`: everything that is wrong, at once.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Exit, print, setup};
use crate::cli::{Output, Validate};
use crate::finding::Finding;
use crate::policy::TenantName;
use crate::render::{self, findings::Tally};
use crate::snapshot::Snapshot;
use crate::source::Source;

pub(super) fn run(args: &Validate) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, None, false)?;
    let tenants = setup::names(&settings);
    let roots = match args.paths.as_slice() {
        [] => std::slice::from_ref(&settings.policies),
        paths => paths,
    };
    let mut findings = Vec::new();
    let (mut files, mut policies) = (0, 0);
    for root in roots {
        let snapshot = snapshot(root, &tenants)?;
        files += snapshot.files;
        policies += snapshot.desired.len() + snapshot.unusable.len();
        findings.extend(snapshot.findings);
    }
    let tally = Tally::of(files, policies, &findings);
    match args.output {
        Output::Text => print(render::findings::text(&findings, tally))?,
        Output::Json => print(render::findings::json(&findings, tally)? + "\n")?,
    }
    Ok(if findings.iter().any(Finding::is_error) { Exit::Pending } else { Exit::Fine })
}

fn snapshot(root: &Path, tenants: &BTreeSet<TenantName>) -> anyhow::Result<Snapshot> {
    let snapshot = Source::new(root, tenants.clone()).snapshot();
    match snapshot.void {
        Some(why) => Err(anyhow::anyhow!(why)),
        None => Ok(snapshot),
    }
}
