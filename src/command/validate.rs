//! `chatward validate`: everything that is wrong, at once.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::{Exit, print, setup};
use crate::cli::{Deny, Report, Validate};
use crate::config::{Overrides, Settings};
use crate::finding::{Finding, Severity};
use crate::policy::document;
use crate::reconcile;
use crate::render::findings::{self, Tally};
use crate::snapshot::{FileFacts, Snapshot};
use crate::source::Source;

mod fix;

pub(super) fn run(args: &Validate) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, &Overrides::default())?;
    let tenants = setup::names(&settings);
    let roots = match args.paths.as_slice() {
        [] => std::slice::from_ref(&settings.policies),
        paths => paths,
    };
    let mut found = Vec::new();
    let (mut files, mut policies) = (0, 0);
    for path in roots {
        let mut snapshot = snapshot_of(path, &settings)?;
        // Files are named from the directory that is given, or from the one that a file is in.
        let root = if path.is_file() { path.parent().unwrap_or(path) } else { path };
        if args.fix || args.diff {
            let shown = fix::mend(root, &snapshot, &tenants, args.fix)?;
            match args.output {
                Report::Text => print(shown)?,
                // What a program reads stays whole: the diff goes beside it.
                _ => write!(anstream::stderr(), "{shown}")?,
            }
        }
        if args.fix {
            snapshot = snapshot_of(path, &settings)?;
        }
        files += snapshot.files();
        policies += snapshot.desired.len() + snapshot.unusable.len();
        found.extend(match args.output {
            Report::Text | Report::Json => snapshot.findings(),
            Report::Sarif | Report::Github => from_here(root, snapshot.findings()),
        });
    }
    let tally = Tally::of(files, policies, &found);
    match args.output {
        Report::Text => print(findings::text(&found, tally))?,
        Report::Json => print(findings::json(&found, tally)? + "\n")?,
        Report::Sarif => print(findings::sarif(&found)? + "\n")?,
        Report::Github => print(findings::github(&found, tally))?,
    }
    let denied = found.iter().any(|finding| is_denied(finding, args.deny));
    Ok(if denied { Exit::Pending } else { Exit::Fine })
}

/// What is at a path; of the policy directory itself, only what changed is read.
fn snapshot_of(path: &Path, settings: &Settings) -> anyhow::Result<Arc<Snapshot>> {
    if path.is_file() {
        return file(path, settings);
    }
    let mut source = match path == settings.policies {
        true => reconcile::source(settings),
        false => Source::new(path, setup::names(settings)),
    };
    let snapshot = source.snapshot();
    source.save();
    match &snapshot.void {
        Some(why) => Err(anyhow::anyhow!(why.clone())),
        None => Ok(snapshot),
    }
}

/// One file on its own: nothing is known of others that may hold the same id.
fn file(path: &Path, settings: &Settings) -> anyhow::Result<Arc<Snapshot>> {
    let tenants = setup::names(settings);
    let only = tenants.first().filter(|_| tenants.len() == 1);
    let name: Arc<str> = path.file_name().unwrap_or_default().to_string_lossy().into();
    let mut bytes = Vec::new();
    // One byte more than is read as a document: that is told, and the rest of a larger file is not looked at.
    let limit = document::MAX_FILE as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .with_context(|| format!("{} can't be read", path.display()))?;
    let facts = Arc::new(FileFacts::read(&name, &bytes, only));
    Ok(Arc::new(Snapshot::assemble(&[facts].into(), &tenants)))
}

fn is_denied(finding: &Finding, deny: Option<Deny>) -> bool {
    let least = if deny == Some(Deny::Warnings) { Severity::Warning } else { Severity::Error };
    finding.waived.is_none() && finding.code.severity >= least
}

/// Findings with their files named from the current directory, as programs that know the repository look for them.
fn from_here(root: &Path, mut findings: Vec<Finding>) -> Vec<Finding> {
    let here = std::env::current_dir().ok();
    let inside = |path: PathBuf| match here.as_ref().and_then(|here| path.strip_prefix(here).ok()) {
        Some(inside) => inside.to_owned(),
        None => path,
    };
    for place in findings.iter_mut().filter_map(|finding| finding.place.as_mut()) {
        let path = inside(normal(&root.join(&*place.file)));
        place.file = path.to_string_lossy().into();
    }
    findings
}

/// A path without `.`, and from the root of the file system where it leaves the current directory.
fn normal(path: &Path) -> PathBuf {
    let leaves = path.components().any(|part| part == std::path::Component::ParentDir);
    let real = leaves.then(|| path.canonicalize().ok()).flatten();
    real.unwrap_or_else(|| path.components().filter(|part| *part != std::path::Component::CurDir).collect())
}
