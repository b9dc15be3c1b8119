//! What several verbs need first: settings, tenants, the ledger, a simulated tenant, and how the process is ended.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::cli::{Common, SandboxFlags};
use crate::config::{self, Credentials, Lookup, Overrides, Settings, Tenant, Verify};
use crate::controller::Stops;
use crate::host::Host;
use crate::ledger::sign::SigningKey;
use crate::ledger::{Ledger, LedgerError, Options, SEGMENT_BYTES};
use crate::policy::TenantName;
use crate::remote::{HttpTenant, Meter, Tokens};
use crate::sandbox::{self, Sandbox};

/// How long jobs that are under way have after the first signal.
pub(super) const GRACE: Duration = Duration::from_secs(25);
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The settings, from file, environment and flags.
pub(super) fn settings(common: &Common, overrides: &Overrides) -> anyhow::Result<Settings> {
    let text = match &common.config {
        Some(path) => Some(read(path).with_context(|| format!("settings file {}", path.display()))?),
        None => None,
    };
    let env = |name: &str| std::env::var(name).ok();
    let file = |path: &Path| read(path).map_err(|error| error.to_string());
    let overrides =
        Overrides { policies: common.policies.clone(), state: common.state_dir.clone(), ..*overrides };
    let settings = config::resolve(text.as_deref(), overrides, &Lookup { env: &env, file: &file });
    settings.with_context(|| match &common.config {
        Some(path) => format!("settings file {}", path.display()),
        None => "settings from the environment".to_owned(),
    })
}

fn read(path: &Path) -> std::io::Result<String> {
    if fs::metadata(path)?.len() > MAX_FILE {
        return Err(std::io::Error::other("it is over 4 MiB"));
    }
    fs::read_to_string(path)
}

/// The names of the tenants of the settings.
pub(super) fn names(settings: &Settings) -> BTreeSet<TenantName> {
    settings.tenants.keys().cloned().collect()
}

/// The HTTP form of every tenant.
pub(super) fn tenants(
    settings: &Settings,
    meter: &Arc<impl Meter + 'static>,
) -> anyhow::Result<BTreeMap<TenantName, HttpTenant>> {
    let tokens = Arc::new(Tokens::default());
    let connect = |tenant: &Tenant| {
        let remote = HttpTenant::new(tenant, &tokens);
        let remote = remote.map(|remote| remote.metered(Arc::clone(meter) as _));
        remote.map(|remote| (tenant.name.clone(), remote)).with_context(|| format!("tenant {}", tenant.name))
    };
    settings.tenants.values().map(connect).collect()
}

/// Takes the ledger; with `standby` waits until it can be had.
pub(super) async fn ledger(
    settings: &Settings,
    host: &Host,
    standby: bool,
    stops: &Stops,
) -> anyhow::Result<Ledger> {
    // A ledger must not go on unsigned, nor a daemon answer everybody, because a file or a variable was forgotten.
    anyhow::ensure!(settings.missing.is_empty(), "what is set is not there: {}", settings.missing.join(", "));
    let options = options(settings)?;
    let opened = match Ledger::open_with(&settings.state, Arc::clone(&host.clock), options.clone()) {
        Err(LedgerError::Locked { holder, .. }) if standby => {
            info!(name: "ledger.standby", "waiting for {holder}");
            tokio::select! {
                ledger = in_turn(&settings.state, host, options) => ledger?,
                () = stops.drain.cancelled() => anyhow::bail!("cancelled while waiting for {holder}"),
            }
        }
        Err(error @ LedgerError::Locked { .. }) => {
            let hint = "ask that process for a pass now, by POST /reconcile or SIGHUP, or wait for it with --standby";
            return Err(anyhow::Error::new(error).context(hint).context("no second writer is let in"));
        }
        opened => opened,
    };
    let ledger = opened.context("the ledger can't be used")?;
    if let Some((file, why)) = ledger.unread() {
        warn!(
            name: "ledger.checkpoint_set_aside", file = %file.display(), error = why,
            "the checkpoint can't be read, and is now {}; the ledger was added up instead: {why}", file.display(),
        );
    }
    if let Some(torn) = ledger.torn() {
        warn!(
            name: "ledger.mended", file = %torn.display(),
            "the ledger's last line was half written; its bytes are now in {}", torn.display(),
        );
    }
    Ok(ledger)
}

/// The ledger, once nobody else writes. It is waited for by a thread of its own, which the end of the process does not
/// wait for.
async fn in_turn(state: &Path, host: &Host, options: Options) -> anyhow::Result<Result<Ledger, LedgerError>> {
    let (state, clock) = (state.to_owned(), Arc::clone(&host.clock));
    let (hand, opened) = oneshot::channel();
    let wait = move || {
        // Nobody takes it where the process ends meanwhile; it is then closed again.
        let _ = hand.send(Ledger::wait(&state, clock, options));
    };
    std::thread::Builder::new().name("standby".to_owned()).spawn(wait).context("no thread to wait in")?;
    opened.await.context("the thread that waits has ended")
}

/// How the settings ask for the ledger to be written.
fn options(settings: &Settings) -> anyhow::Result<Options> {
    let key = settings.audit.signing_key.as_ref().map(SigningKey::from_pem).transpose();
    Ok(Options {
        segment_bytes: settings.audit.segment_bytes.unwrap_or(SEGMENT_BYTES),
        key: key.context("audit.signing_key")?.map(Arc::new),
    })
}

/// A simulated tenant that runs in this process, and ends with this value.
pub(super) struct Simulated {
    stop: CancellationToken,
}

impl Drop for Simulated {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts a simulated tenant where the flags ask for one, and points every tenant of the settings at it.
pub(super) async fn simulate(
    settings: &mut Settings,
    flags: &SandboxFlags,
) -> anyhow::Result<Option<Simulated>> {
    if !flags.sandbox {
        return Ok(None);
    }
    fs::create_dir_all(&settings.state)
        .with_context(|| format!("state directory {}", settings.state.display()))?;
    let options = sandbox::Options {
        job_duration: flags.job_duration,
        faults: flags.faults.clone(),
        store: Some(settings.state.join("sandbox.json")),
        ..sandbox::Options::default()
    };
    let sandbox = Sandbox::open(options).context("the sandbox can't be opened")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for the sandbox")?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        if let Err(error) = sandbox.serve(listener, stopped).await {
            error!(name: "sandbox.failed", "the sandbox ended: {error}");
        }
    });
    for tenant in settings.tenants.values_mut() {
        point(tenant, address);
    }
    Ok(Some(Simulated { stop }))
}

/// Makes a tenant a simulated one.
pub(super) fn point(tenant: &mut Tenant, address: SocketAddr) {
    let endpoints = Sandbox::endpoints(address, &tenant.name);
    tenant.sandbox = true;
    tenant.missing.clear();
    tenant.base_url = Some(endpoints.base_url);
    tenant.token_url = endpoints.token_url;
    tenant.credentials = Some(Credentials {
        client_id: "sandbox".to_owned(),
        client_secret: "sandbox-secret".to_owned().into(),
        auth: config::ClientAuth::default(),
        access_key: None,
    });
    for page in &mut tenant.observe {
        let address = endpoints.chat_endpoint.replace("{policy}", page.policy.as_str());
        page.simulated_at = address.parse().ok();
    }
    let verify = tenant.verify.take().unwrap_or_else(|| Verify::at(String::new()));
    tenant.verify = Some(Verify { endpoint: endpoints.chat_endpoint, send_token_to: Vec::new(), ..verify });
    // A simulated job ends within seconds, so it is asked sooner than a real one.
    tenant.job.base_delay = tenant.job.base_delay.min(Duration::from_millis(250));
}

/// Listens to SIGTERM and Ctrl-C: the first lets what is under way end within the grace, a second does not.
pub(super) fn stops() -> anyhow::Result<Stops> {
    let stops = Stops::default();
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be listened to")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be listened to")?;
    let handed = stops.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        info!(
            name: "shutdown.started",
            "ending; what is under way has {} s, and a second signal ends it at once", GRACE.as_secs(),
        );
        handed.drain.cancel();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
        handed.stop.cancel();
    });
    Ok(stops)
}
