//! `chatward status`: how every policy stands, or whether the daemon is alive.

use std::time::Duration;

use anyhow::Context as _;

use super::{Exit, ask, print, setup};
use crate::cli::{Output, Status};
use crate::config::{Listen, Overrides};
use crate::host::Host;
use crate::live::LiveView;
use crate::plan::Retry;
use crate::printable::printable;
use crate::{ledger, reconcile, render, status};

/// How long the daemon has to say whether it is alive.
const PATIENCE: Duration = Duration::from_secs(5);
const MAX_SAID: usize = 200;

pub(super) async fn run(args: Status) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, &Overrides { listen: args.listen, ..Overrides::default() })?;
    if args.check {
        return check(settings.server.listen).await;
    }
    let host = Host::real();
    let state = ledger::view(&settings.state)?;
    let mut source = reconcile::source(&settings);
    let directory = settings.state.clone();
    let payload_at = |at| ledger::payload_at(&directory, at);
    let live = LiveView::default();
    let snapshot = source.snapshot();
    let plan =
        reconcile::look(&mut source, &snapshot, &state, &settings, &live, (Retry::Due, &host), &payload_at);
    source.save();
    let status = status::status(&snapshot, &state, &plan, &live, (&status::Query::ALL, host.now()));
    match args.output {
        Output::Text => print(render::status::text(&status, host.now()))?,
        Output::Json => print(render::status::json(&status)? + "\n")?,
    }
    Ok(Exit::Fine)
}

/// Asks the daemon whether it is alive: what a container's health check runs, where there is no shell and no curl.
async fn check(listen: Listen) -> anyhow::Result<Exit> {
    let Listen::At(address) = listen else { anyhow::bail!("the daemon answers nowhere: listen is off") };
    let address = ask::reachable(address);
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let asked = client.get(format!("http://{address}/healthz")).send().await;
    let answer = asked.with_context(|| format!("no daemon answers at {address}"))?;
    let healthy = answer.status().is_success();
    let said =
        answer.text().await.with_context(|| format!("the daemon at {address} did not finish its answer"))?;
    print(format!("{}\n", printable(said.trim(), MAX_SAID)))?;
    Ok(if healthy { Exit::Fine } else { Exit::Failed })
}
