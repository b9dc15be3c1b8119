//! `chatward sandbox`: a simulated tenant on its own.

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Exit, print, setup};
use crate::cli;
use crate::policy::TenantName;
use crate::sandbox::{Fault, Options, Sandbox};

pub(super) async fn run(args: cli::Sandbox) -> anyhow::Result<Exit> {
    let mut faults = args.faults;
    if let Some(path) = &args.scenario {
        let text = std::fs::read_to_string(path).with_context(|| format!("scenario {}", path.display()))?;
        faults.extend(Fault::parse_scenario(&text).with_context(|| format!("scenario {}", path.display()))?);
    }
    let sandbox = Sandbox::open(Options {
        job_duration: args.job_duration,
        faults,
        store: args.store,
        token_lifetime: args.token_lifetime,
        reads: !args.no_reads,
        requests_per_second: args.requests_per_second,
        ..Options::default()
    })?;
    let listener =
        TcpListener::bind(args.listen).await.with_context(|| format!("can't listen on {}", args.listen))?;
    let address = listener.local_addr()?;
    let endpoints = Sandbox::endpoints(address, &"default".parse::<TenantName>()?);
    print(format!(
        "Simulated tenant on http://{address}. In another terminal:\n\n\
         export CXONE_BASE_URL={}\n\
         export CXONE_TOKEN_URL={}\n\
         export WEBCHAT_VALIDATION_URL={}\n\
         export CXONE_CLIENT_ID=sandbox CXONE_CLIENT_SECRET=sandbox-secret\n\
         chatward apply\n",
        endpoints.base_url,
        endpoints.token_url,
        quoted(&endpoints.chat_endpoint),
    ))?;
    let stops = setup::stops()?;
    let stop = CancellationToken::new();
    let served = sandbox.serve(listener, stop.clone());
    tokio::pin!(served);
    tokio::select! {
        result = &mut served => result?,
        () = stops.drain.cancelled() => {
            stop.cancel();
            served.await?;
        }
    }
    Ok(Exit::Fine)
}

/// For a shell: braces are its own.
fn quoted(text: &str) -> String {
    format!("'{text}'")
}
