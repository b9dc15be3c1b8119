//! `chatward run`: the daemon.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tracing::info;

use super::{Exit, setup};
use crate::cli::{Run, WatchMode};
use crate::controller;
use crate::host::Host;
use crate::reconcile::Reconciler;
use crate::source::watch::{Mode, Watch};

pub(super) async fn run(args: Run) -> anyhow::Result<Exit> {
    let host = Host::real();
    let stops = setup::stops()?;
    let mut settings = setup::settings(&args.common, args.interval, args.write.prune)?;
    let simulated = setup::simulate(&mut settings, &args.sandbox).await?;
    let tenants = setup::tenants(&settings)?;
    let ledger = setup::ledger(&settings, &host, args.write.standby, &stops).await?;
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
    let reconciler = Reconciler::new(settings, ledger, tenants, host.clone(), args.write.rebind).await?;
    controller::run(reconciler, watch, hangups()?, &stops, &host).await?;
    info!(name: "daemon.ended", "ended; what was under way is on record");
    Ok(Exit::Fine)
}

/// SIGHUP asks for a pass; one that waits is as good as many.
fn hangups() -> anyhow::Result<mpsc::Receiver<()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let (ask, asked) = mpsc::channel(1);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let _ = ask.try_send(());
        }
    });
    Ok(asked)
}
