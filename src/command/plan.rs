//! `chatward plan`: what a pass would do.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Exit, print, setup};
use crate::cli::{Plan, PlanOutput};
use crate::config::{Overrides, Settings};
use crate::deploy;
use crate::drift::Live;
use crate::entry::Event;
use crate::host::Host;
use crate::ledger;
use crate::outcome::Fault;
use crate::payload::Payload;
use crate::plan::{self, Retry};
use crate::policy::PolicyId;
use crate::reconcile;
use crate::remote::{LivePolicy, ReadTenant as _};
use crate::render;
use crate::snapshot::Snapshot;
use crate::source::{Seen, Source};
use crate::state::{Position, State};

mod between;

pub(super) async fn run(args: Plan) -> anyhow::Result<Exit> {
    let host = Host::real();
    let overrides = Overrides { prune: args.prune, ..Overrides::default() };
    let mut settings = setup::settings(&args.common, &overrides)?;
    if let Some(base) = &args.base {
        let (void, plan) = between::plan(&settings, base, args.head.as_deref(), &host)?;
        return show(&args, void, &plan);
    }
    let mut source = reconcile::source(&settings);
    let _simulated = match args.live {
        true => setup::simulate(&mut settings, &args.sandbox).await?,
        false => None,
    };
    settings.tenants.values_mut().for_each(|tenant| tenant.sandbox |= args.sandbox.sandbox);
    let (void, plan) = match see(&mut source, &settings, args.live) {
        Seen::Settled(settled) => {
            source.save();
            (None, plan::Plan { in_sync: settled.in_sync, ..Default::default() })
        }
        Seen::Snapshot(snapshot) => {
            let plan = look(&mut source, &snapshot, &settings, args.live, &host).await?;
            (snapshot.void.clone(), plan)
        }
    };
    show(&args, void, &plan)
}

/// Prints a plan, and says how that ends.
fn show(args: &Plan, void: Option<String>, plan: &plan::Plan) -> anyhow::Result<Exit> {
    match args.output {
        PlanOutput::Text => print(render::plan::text(plan))?,
        PlanOutput::Json => print(render::plan::json(plan)? + "\n")?,
        PlanOutput::Markdown => print(render::plan::markdown(plan))?,
    }
    if let Some(why) = void {
        anyhow::bail!("{why}");
    }
    Ok(if args.detailed_exitcode && plan.has_changes() { Exit::Pending } else { Exit::Fine })
}

/// What the directory holds; or, where nothing changed since the plan was empty, that it still is: then neither files nor
/// state are read.
fn see(source: &mut Source, settings: &Settings, live: bool) -> Seen {
    let (head, terms) = (ledger::head(&settings.state).filter(|_| !live), reconcile::terms(settings));
    source.snapshot_unless(|settled| Some(settled.head) == head && settled.terms == terms)
}

async fn look(
    source: &mut Source,
    snapshot: &Snapshot,
    settings: &Settings,
    ask: bool,
    host: &Host,
) -> anyhow::Result<plan::Plan> {
    let state = ledger::view(&settings.state)?;
    reconcile::check_bindings(settings, &state)?;
    let live = if ask { live(settings, &state, host).await? } else { BTreeMap::new() };
    let payload_at = |at| payload_at(&settings.state, at);
    let plan = reconcile::look(source, snapshot, &state, settings, &live, (Retry::Failed, host), &payload_at);
    if let Some(settled) = reconcile::settled(&plan, settings, state.head.hash).filter(|_| !ask) {
        source.settle(settled);
    }
    source.save();
    Ok(plan)
}

/// The payload of an intent.
pub(super) fn payload_at(directory: &std::path::Path, at: Position) -> Option<Payload> {
    match ledger::entry_at(directory, at).ok()?.event {
        Event::Intent(intent) => Some(intent.payload),
        _ => None,
    }
}

/// What every tenant says it has, for each policy that is known here.
async fn live(settings: &Settings, state: &State, host: &Host) -> anyhow::Result<BTreeMap<PolicyId, Live>> {
    let mut live = BTreeMap::new();
    for (name, remote) in setup::tenants(settings, &Arc::new(()))? {
        let listed = remote.live((host.new_id)()).await;
        let known = state.tenants.get(&name).map(|tenant| tenant.policies.keys()).into_iter().flatten();
        let unlisted = match &listed {
            Ok(_) => Live::Absent,
            Err(failure) if failure.fault == Fault::NotOffered => Live::NotOffered,
            Err(failure) => anyhow::bail!("tenant {name}: {failure}"),
        };
        live.extend(known.map(|policy| (PolicyId::new(name.clone(), policy.clone()), unlisted)));
        let named = |policy: &LivePolicy| {
            let id = PolicyId::new(name.clone(), policy.name.clone()?);
            Some((id, deploy::digest_of(policy).map_or(Live::Unknown, Live::Has)))
        };
        live.extend(listed.unwrap_or_default().iter().filter_map(named));
    }
    Ok(live)
}
