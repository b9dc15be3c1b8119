//! `chatward evidence`: what pages sent and what was changed, from the proven ledger.

use anyhow::Context as _;
use jiff::Timestamp;

use super::{Exit, audit, print, setup};
use crate::cli::{Evidence, EvidenceOutput};
use crate::config::Overrides;
use crate::ledger::{self, Terms};
use crate::render::evidence::{self, Gathering, Window};

pub(super) fn run(args: &Evidence) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, &Overrides::default())?;
    let now = Timestamp::now();
    let until = args.until.unwrap_or(now).min(now);
    anyhow::ensure!(args.since < until, "--since {} is not before the end, {until}", args.since);
    let keys =
        args.public_key.iter().map(|path| audit::public_key(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let terms = Terms { head: args.head, keys: &keys, archives: &args.archive };
    let window = Window { since: args.since, until, tenant: args.tenant.clone() };
    let mut gathering = Gathering::new(window);
    for tenant in settings.tenants.values() {
        tenant.observe.iter().for_each(|page| gathering.expect(&tenant.name, page));
    }
    let proof = ledger::verify_each(&settings.state, &terms, &mut |entry, hash| gathering.add(entry, hash));
    let proof = proof.context("the ledger does not hold, so there is no evidence in it")?;
    let report = gathering.end(&proof, !keys.is_empty(), now);
    match args.output {
        EvidenceOutput::Markdown => print(evidence::markdown(&report))?,
        EvidenceOutput::Json => print(evidence::json(&report)? + "\n")?,
    }
    Ok(Exit::Fine)
}
