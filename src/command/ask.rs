//! What needs the ledger and is asked for by hand: of the daemon that writes, or put on record by ourselves.
//!
//! One process writes to a state directory. Where that is a daemon with an address, it is asked there, by the token that
//! `POST /reconcile` takes; where nobody writes, we take the lock.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::setup;
use crate::config::Settings;
use crate::controller::Stops;
use crate::entry::Requester;
use crate::host::Host;
use crate::ledger::{Holder, Ledger, LedgerError};
use crate::printable::printable;

/// How long the daemon has for its answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How much of its answer is read, in bytes, but for the last piece.
const MAX_ANSWER: usize = 64 * 1024;
/// The longest part of its answer that is shown.
const MAX_SAID: usize = 2_000;

/// Who puts it on record.
pub(super) enum Asked {
    /// We do: nobody else writes.
    Ours(Box<Ledger>),
    /// The daemon has, and says this of it.
    Daemon(String),
}

/// Takes the ledger; where a daemon has it, posts the request to this path of the daemon instead.
///
/// # Errors
/// Where the ledger can't be used, and where whoever has it can't be asked or refuses.
pub(super) async fn ask(
    settings: &Settings,
    host: &Host,
    path: &str,
    request: &impl Serialize,
) -> anyhow::Result<Asked> {
    match setup::ledger(settings, host, false, &Stops::default()).await {
        Ok(ledger) => Ok(Asked::Ours(Box::new(ledger))),
        Err(error) => match error.downcast_ref::<LedgerError>() {
            Some(LedgerError::Locked { holder, .. }) => {
                post(settings, holder, path, request).await.map(Asked::Daemon)
            }
            _ => Err(error),
        },
    }
}

async fn post(
    settings: &Settings,
    holder: &Holder,
    path: &str,
    request: &impl Serialize,
) -> anyhow::Result<String> {
    let here = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if holder.host != here
        && holder.listen.is_some_and(|it| it.ip().is_unspecified() || it.ip().is_loopback())
    {
        bail!("{holder} has the state directory, on another machine than this one ({here}): ask there");
    }
    let Some(address) = holder.listen.map(reachable) else {
        bail!(
            "{holder} has the state directory and answers nowhere, so it can't be asked: wait for its end, or give the daemon \
             an address with --listen"
        );
    };
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let mut asking = client.post(format!("http://{address}{path}")).json(request);
    if let Some(token) = &settings.server.token {
        asking = asking.bearer_auth(token.expose_secret());
    }
    let nobody = || format!("{holder} has the state directory, and does not answer at {address}");
    let mut answer = asking.send().await.with_context(nobody)?;
    let status = answer.status();
    let mut said = Vec::new();
    while let Some(piece) =
        answer.chunk().await.with_context(|| format!("{holder} did not finish its answer"))?
        && said.len() < MAX_ANSWER
    {
        said.extend_from_slice(&piece);
    }
    let said = printable(String::from_utf8_lossy(&said).trim(), MAX_SAID);
    match status.is_success() {
        true => Ok(said),
        false => bail!("{holder} refuses that: {said} ({status})"),
    }
}

/// Where a daemon that listens on every address is reached from this machine.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Who we are, for the audit: what this machine says of whoever runs us.
pub(super) fn requester() -> Requester {
    let named = ["USER", "LOGNAME"].iter().filter_map(|name| std::env::var(name).ok());
    let user = named.into_iter().find(|name| !name.trim().is_empty());
    let user = user.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
    Requester::new(&user, &rustix::system::uname().nodename().to_string_lossy())
}
