//! `chatward history`, `diff` and `restore`: what was deployed of a policy, by the ledger.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use uuid::Uuid;

use super::{Exit, print, setup};
use crate::cli::{Diff, History, Output, Restore};
use crate::config::{Overrides, Settings};
use crate::direction::Assessment;
use crate::entry::{EffectOutcome, Entry, Event, Intent, Operation};
use crate::ledger;
use crate::outcome::Verification;
use crate::payload::Payload;
use crate::plan::change::changes;
use crate::policy::PolicyId;
use crate::render;
use crate::render::audit::deployments::{self, Deployments};

/// The fewest characters that name a digest.
const MIN_PREFIX: usize = 4;

pub(super) fn history(args: &History) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, &Overrides::default())?;
    let mut deployments = Deployments::default();
    each(&settings, &args.archive, &args.policy, |entry| deployments.add(&entry))?;
    let deployments = deployments.end();
    if deployments.is_empty() {
        anyhow::bail!("nothing was ever deployed of {}", args.policy);
    }
    match args.output {
        Output::Text => print(render::history::text(&deployments))?,
        Output::Json => print(deployments::json(&deployments)? + "\n")?,
    }
    Ok(Exit::Fine)
}

pub(super) fn diff(args: &Diff) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, &Overrides::default())?;
    let past = Past::of(&settings, &args.archive, &args.policy)?;
    let (old, new) = (past.with_digest(&args.old)?, past.with_digest(&args.new)?);
    print(render::history::difference(&changes(old, new), &Assessment::of(old, new)))?;
    Ok(Exit::Fine)
}

pub(super) fn restore(args: &Restore) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, &Overrides::default())?;
    let past = Past::of(&settings, &args.archive, &args.policy)?;
    let payload = match &args.digest {
        Some(digest) => past.with_digest(digest)?,
        None => past.best().with_context(|| format!("{} was never live", args.policy))?,
    };
    let digest = payload.digest().context("the payload has no digest")?;
    print(format!(
        "# Restored from the ledger: {}, {digest}\n{}",
        args.policy,
        payload.document(&args.policy)?
    ))?;
    Ok(Exit::Fine)
}

/// What was meant of a policy, and what came of it.
struct Past {
    id: PolicyId,
    /// In their order.
    intents: Vec<Intent>,
    /// Which were live, and the newest that was verified.
    live: Option<Uuid>,
    verified: Option<Uuid>,
}

impl Past {
    fn of(settings: &Settings, archives: &[PathBuf], id: &PolicyId) -> anyhow::Result<Self> {
        let mut past = Self { id: id.clone(), intents: Vec::new(), live: None, verified: None };
        let mut operations = BTreeMap::new();
        each(settings, archives, id, |entry| match entry.event {
            Event::Intent(intent) => {
                operations.insert(intent.correlation_id, intent.operation);
                past.intents.push(*intent);
            }
            Event::Effect(effect)
                if effect.outcome == EffectOutcome::Done
                    && operations.get(&effect.correlation_id).is_some_and(|it| *it != Operation::Remove) =>
            {
                past.live = Some(effect.correlation_id);
            }
            Event::Verdict(verdict) if verdict.verification == Verification::Verified => {
                past.verified = Some(verdict.correlation_id);
            }
            _ => {}
        })?;
        Ok(past)
    }

    /// What was verified last, or else what was live last.
    fn best(&self) -> Option<&Payload> {
        let wanted = self.verified.or(self.live)?;
        self.intents.iter().rev().find(|intent| intent.correlation_id == wanted)?.payload.as_ref()
    }

    /// The newest intent whose digest begins with these characters; all that do have to be of one digest.
    fn with_digest(&self, prefix: &str) -> anyhow::Result<&Payload> {
        let id = &self.id;
        anyhow::ensure!(
            prefix.len() >= MIN_PREFIX,
            "{prefix:?} is too short: at least {MIN_PREFIX} characters"
        );
        let named = |intent: &&Intent| intent.digest.to_string().starts_with(&prefix.to_ascii_lowercase());
        let mut found = self.intents.iter().rev().filter(named);
        let newest = found.next().with_context(|| {
            format!("{id} was never meant to have the digest {prefix:?}; see `chatward history {id}`")
        })?;
        anyhow::ensure!(
            found.all(|other| other.digest == newest.digest),
            "several digests of {id} begin with {prefix:?}"
        );
        newest.payload.as_ref().with_context(|| format!("the intent of {} has no payload", newest.digest))
    }
}

/// Every entry about a policy.
fn each(
    settings: &Settings,
    archives: &[PathBuf],
    id: &PolicyId,
    mut see: impl FnMut(Entry),
) -> anyhow::Result<()> {
    ledger::scan(&settings.state, archives, |scanned| {
        if scanned.entry.event.policy() == Some(id) {
            see(scanned.entry);
        }
        Ok(())
    })?;
    Ok(())
}
