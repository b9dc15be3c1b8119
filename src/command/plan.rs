//! `chatward plan`: what a pass would do.

use std::sync::Arc;

use super::{Exit, print, setup};
use crate::cli::{Plan, PlanOutput};
use crate::config::{Overrides, Settings};
use crate::host::Host;
use crate::ledger;
use crate::live::{LiveView, TenantLive};
use crate::outcome::Fault;
use crate::plan::{self, Retry};
use crate::reconcile;
use crate::remote::ReadTenant as _;
use crate::render;
use crate::snapshot::Snapshot;
use crate::source::{Scope, Source};
use crate::state::State;

mod between;
pub(super) mod file;

pub(super) async fn run(args: Plan) -> anyhow::Result<Exit> {
    let host = Host::real();
    let overrides = Overrides { prune: args.prune, ..Overrides::default() };
    let mut settings = setup::settings(&args.common, &overrides)?;
    if let Some(base) = &args.base {
        let (void, mut plan) = between::plan(&mut settings, base, args.head.as_deref(), &host)?;
        // Nobody holds that plan: what is really applied may be something else.
        plan.held_whole.clear();
        return show(&args, void.as_deref(), &plan);
    }
    let mut source = reconcile::source(&settings);
    let _simulated = match args.live {
        true => setup::simulate(&mut settings, &args.sandbox).await?,
        false => None,
    };
    settings.tenants.values_mut().for_each(|tenant| tenant.sandbox |= args.sandbox.sandbox);
    let (snapshot, state) = see(&mut source, &settings, args.live || args.out.is_some())?;
    let plan = match &state {
        Some(state) => look(&mut source, &snapshot, state, &settings, args.live, &host).await?,
        None => settled(&snapshot),
    };
    source.save();
    let exit = show(&args, snapshot.void.as_deref(), &plan)?;
    if let Some(path) = &args.out {
        let plan = file::of(&plan, &settings, (args.live, settings.prune), &host);
        file::write(path, &plan)?;
        let (digest, path) = (plan.digest(), path.display());
        anstream::eprintln!("Plan {digest} in {path}: chatward apply --plan {path} applies exactly that.");
    }
    Ok(exit)
}

/// What a pass would do now, as [`run`] shows it without `--live`.
pub(super) async fn fresh(settings: &Settings, host: &Host) -> anyhow::Result<plan::Plan> {
    let mut source = reconcile::source(settings);
    let (snapshot, state) = see(&mut source, settings, false)?;
    match &state {
        Some(state) => look(&mut source, &snapshot, state, settings, false, host).await,
        None => Ok(settled(&snapshot)),
    }
}

/// Prints a plan, and says how that ends.
fn show(args: &Plan, void: Option<&str>, plan: &plan::Plan) -> anyhow::Result<Exit> {
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

/// What the directory holds, and what is known of its policies: of those alone that can differ from the plan before, where
/// there was one that still holds. No state where nothing can differ.
fn see(
    source: &mut Source,
    settings: &Settings,
    live: bool,
) -> anyhow::Result<(Arc<Snapshot>, Option<State>)> {
    let (head, terms) = (ledger::head(&settings.state).filter(|_| !live), reconcile::terms(settings));
    let snapshot =
        source.sight(&Scope::Everything, |settled| Some(settled.head) == head && settled.terms == terms);
    if let Some(part) = &snapshot.part {
        if snapshot.tells_nothing() {
            return Ok((snapshot, None));
        }
        let state = ledger::view_of(&settings.state, &part.ids)?;
        if Some(state.head.hash) == head {
            return Ok((snapshot, Some(state)));
        }
    }
    // There was no such plan, or the ledger went on meanwhile.
    Ok((source.sight(&Scope::Everything, |_| false), Some(ledger::view(&settings.state)?)))
}

/// The plan where nothing can differ from one that named nothing.
fn settled(snapshot: &Snapshot) -> plan::Plan {
    let in_sync = snapshot.part.iter().flat_map(|part| part.in_sync.values()).sum();
    plan::Plan { in_sync, ..Default::default() }
}

async fn look(
    source: &mut Source,
    snapshot: &Snapshot,
    state: &State,
    settings: &Settings,
    ask: bool,
    host: &Host,
) -> anyhow::Result<plan::Plan> {
    reconcile::check_bindings(settings, state)?;
    let live = if ask { live(settings, state, host).await? } else { LiveView::default() };
    let payload_at = |at| ledger::payload_at(&settings.state, at);
    Ok(reconcile::look(source, snapshot, state, settings, &live, (Retry::Failed, host), &payload_at))
}

/// What every tenant says it has.
async fn live(settings: &Settings, state: &State, host: &Host) -> anyhow::Result<LiveView> {
    let mut view = LiveView::default();
    let payload_at = |at| ledger::payload_at(&settings.state, at);
    for (name, remote) in setup::tenants(settings, &Arc::new(()))? {
        let now = host.now();
        let ignore = settings.tenants.get(&name).map_or(&[][..], |tenant| &tenant.live.ignore);
        let seen = match remote.live((host.new_id)()).await {
            Ok(listing) => TenantLive::ask(now, state, &name).answered(&listing, payload_at, ignore),
            Err(failure) if failure.fault == Fault::NotOffered => TenantLive::not_offered(now),
            Err(failure) => anyhow::bail!("tenant {name}: {failure}"),
        };
        view.tenants.insert(name, seen);
    }
    Ok(view)
}
