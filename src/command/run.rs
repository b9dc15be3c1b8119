//! `chatward run`: the daemon.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{Exit, setup};
use crate::cli::{Run, WatchMode};
use crate::config::{Listen, Overrides};
use crate::controller;
use crate::host::Host;
use crate::metrics::Metrics;
use crate::reconcile::Reconciler;
use crate::server::{self, Board, Hooks, Terms};
use crate::source::watch::{Mode, Watch};

pub(super) async fn run(args: Run) -> anyhow::Result<Exit> {
    let host = Host::real();
    let stops = setup::stops()?;
    let overrides = Overrides {
        interval: args.interval,
        prune: args.write.prune,
        listen: args.listen,
        ..Overrides::default()
    };
    let mut settings = setup::settings(&args.common, &overrides)?;
    let simulated = setup::simulate(&mut settings, &args.sandbox).await?;
    let metrics = Arc::new(Metrics::new());
    let tenants = setup::tenants(&settings, &metrics)?;
    // The ledger first: one that stands by, or comes second, is told who writes, and holds no address meanwhile.
    let ledger = setup::ledger(&settings, &host, args.write.standby, &stops).await?;
    let listener = listen(settings.server.listen).await?;
    if let Some(listener) = &listener {
        ledger.announce(listener.local_addr()?)?;
    }
    let mode = match args.watch {
        WatchMode::Auto => Mode::Auto,
        WatchMode::Poll => Mode::Poll,
    };
    let watch = Watch::new(&settings.policies, &settings.state, mode);
    info!(
        name: "daemon.started",
        policies = %settings.policies.display(), state = %settings.state.display(),
        tenants = settings.tenants.len(), sequence = ledger.read(|state| state.head.sequence),
        "watching {}, for a full pass every {}", settings.policies.display(), humantime::format_duration(settings.interval),
    );
    for tenant in settings.tenants.values() {
        let address = tenant.base_url.as_ref().map(ToString::to_string).unwrap_or_default();
        let kind = if simulated.is_some() { "simulated, at" } else { "at" };
        info!(name: "tenant.configured", tenant = %tenant.name, "tenant {}, {kind} {address}", tenant.name);
    }
    let state = settings.state.display();
    info!(name: "ledger.opened", "state and audit in {state}: {state}/ledger/*.jsonl, summed up in {state}/applied.json");
    let (terms, hooks) = (Terms::of(&settings), Hooks::of(&settings));
    let reconciler = Reconciler::new(settings, ledger, tenants, host.clone(), args.write.rebind).await?;
    reconciler.watch_live();
    let (ask, asked) = mpsc::channel(1);
    hangups(ask.clone())?;
    let board = Arc::new(Board::new(
        terms,
        (hooks, reconciler.looks().clone()),
        Arc::clone(reconciler.ledger()),
        host.clone(),
        metrics,
        ask,
    ));
    let (closed, served) = (CancellationToken::new(), Arc::clone(&board));
    let server = listener.map(|listener| tokio::spawn(server::serve(listener, served, closed.clone())));
    controller::run(reconciler, watch, asked, &stops, &host, &*board).await?;
    closed.cancel();
    if let Some(server) = server {
        server.await.context("the daemon's own endpoints")?;
    }
    info!(name: "daemon.ended", "ended; what was under way is on record");
    Ok(Exit::Fine)
}

/// Takes the address of the daemon's own endpoints, if it has any.
async fn listen(listen: Listen) -> anyhow::Result<Option<TcpListener>> {
    let Listen::At(address) = listen else { return Ok(None) };
    let taken = TcpListener::bind(address)
        .await
        .with_context(|| format!("can't listen on {address}; --listen takes another address, or `off`"))?;
    let address = taken.local_addr()?;
    info!(name: "server.started", %address, "health, metrics and status at http://{address}");
    Ok(Some(taken))
}

/// SIGHUP asks for a pass; one that waits is as good as many.
fn hangups(ask: mpsc::Sender<()>) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let _ = ask.try_send(());
        }
    });
    Ok(())
}
