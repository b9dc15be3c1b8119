//! `chatward status`: how every policy stands.

use std::collections::BTreeMap;

use super::{Exit, plan, print, setup};
use crate::cli::{Output, Status};
use crate::host::Host;
use crate::plan::Retry;
use crate::{ledger, reconcile, render, status};

pub(super) fn run(args: &Status) -> anyhow::Result<Exit> {
    let host = Host::real();
    let settings = setup::settings(&args.common, None, false)?;
    let state = ledger::view(&settings.state)?;
    let mut source = reconcile::source(&settings);
    let directory = settings.state.clone();
    let payload_at = |at| plan::payload_at(&directory, at);
    let live = BTreeMap::new();
    let snapshot = source.snapshot();
    let plan =
        reconcile::look(&mut source, &snapshot, &state, &settings, &live, (Retry::Due, &host), &payload_at);
    source.save();
    let status = status::status(&snapshot, &state, &plan, &live);
    match args.output {
        Output::Text => print(render::status::text(&status, host.now()))?,
        Output::Json => print(render::status::json(&status)? + "\n")?,
    }
    Ok(Exit::Fine)
}
