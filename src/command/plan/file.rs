//! Plans on disk: `plan --out` writes one, `apply --plan` reads it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use tempfile::Builder;

use crate::config::Settings;
use crate::host::Host;
use crate::plan::Plan;
use crate::plan::file::PlanFile;

/// The longest file that is read: some 200,000 changes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Others may read it: it holds no secret, and pipelines hand it on.
const MODE: u32 = 0o644;

/// A plan as a file.
pub(in crate::command) fn of(
    plan: &Plan,
    settings: &Settings,
    (live, prune): (bool, bool),
    host: &Host,
) -> PlanFile {
    let binding = |tenant: &_| settings.tenants.get(tenant)?.binding();
    PlanFile::of(plan, binding, (live, prune), host.now())
}

/// Writes one: whole, or not at all.
pub(super) fn write(path: &Path, plan: &PlanFile) -> anyhow::Result<()> {
    let unwritten = || format!("the plan can't be written to {}", path.display());
    let mut text = serde_json::to_vec_pretty(plan).with_context(unwritten)?;
    text.push(b'\n');
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = std::fs::Permissions::from_mode(MODE);
    let mut file =
        Builder::new().prefix(".plan-").permissions(mode).tempfile_in(folder).with_context(unwritten)?;
    file.write_all(&text).with_context(unwritten)?;
    file.as_file().sync_data().with_context(unwritten)?;
    file.persist(path).with_context(unwritten)?;
    Ok(())
}

/// Reads one.
pub(in crate::command) fn read(path: &Path) -> anyhow::Result<PlanFile> {
    let file = || format!("plan {}", path.display());
    let mut text = Vec::new();
    File::open(path).with_context(file)?.take(MAX_BYTES + 1).read_to_end(&mut text).with_context(file)?;
    ensure!(text.len() as u64 <= MAX_BYTES, "plan {}: it is over 64 MiB", path.display());
    PlanFile::read(&text).with_context(file)
}
