//! `chatward plan`: what a pass would do.

use std::collections::BTreeMap;

use super::{Exit, print, setup};
use crate::cli::{Output, Plan};
use crate::config::Settings;
use crate::deploy;
use crate::drift::Live;
use crate::entry::Event;
use crate::host::Host;
use crate::ledger;
use crate::outcome::Fault;
use crate::payload::Payload;
use crate::plan::Retry;
use crate::policy::PolicyId;
use crate::reconcile;
use crate::remote::{LivePolicy, ReadTenant as _};
use crate::render;
use crate::source::Source;
use crate::state::{Position, State};

pub(super) async fn run(args: Plan) -> anyhow::Result<Exit> {
    let host = Host::real();
    let mut settings = setup::settings(&args.common, None, args.prune)?;
    let state = ledger::view(&settings.state)?;
    let _simulated = match args.live {
        true => setup::simulate(&mut settings, &args.sandbox).await?,
        false => None,
    };
    settings.tenants.values_mut().for_each(|tenant| tenant.sandbox |= args.sandbox.sandbox);
    reconcile::check_bindings(&settings, &state)?;
    let live = if args.live { live(&settings, &state, &host).await? } else { BTreeMap::new() };
    let mut source = Source::new(&settings.policies, setup::names(&settings));
    let directory = settings.state.clone();
    let payload_at = |at| payload_at(&directory, at);
    let (snapshot, plan) =
        reconcile::look(&mut source, &state, &settings, &live, (Retry::Failed, &host), &payload_at);
    match args.output {
        Output::Text => print(render::plan::text(&plan))?,
        Output::Json => print(render::plan::json(&plan)? + "\n")?,
    }
    if let Some(why) = &snapshot.void {
        anyhow::bail!("{why}");
    }
    Ok(if args.detailed_exitcode && plan.has_changes() { Exit::Pending } else { Exit::Fine })
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
    for (name, remote) in setup::tenants(settings)? {
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
