//! `chatward suspend` and `chatward resume`: leaving a tenant or a policy alone.

use super::ask::{Asked, ask, requester};
use super::{Exit, print, setup};
use crate::cli;
use crate::config::Overrides;
use crate::entry::Target;
use crate::host::Host;
use crate::policy::{PolicyName, TenantName};
use crate::suspend::{self, Resume, Suspend};

pub(super) async fn suspend(args: cli::Suspend) -> anyhow::Result<Exit> {
    let (host, settings) = (Host::real(), setup::settings(&args.common, &Overrides::default())?);
    let (tenant, name) = parts(args.target);
    suspend::check(&settings, &tenant)?;
    let request = Suspend { tenant, name, until: args.until, reason: args.reason, by: Some(requester()) };
    let said = match ask(&settings, &host, "/suspend", &request).await? {
        Asked::Daemon(said) => said,
        Asked::Ours(ledger) => {
            let said = suspend::suspend(&ledger, &request, host.now()).await?;
            ledger.checkpoint(true)?;
            said
        }
    };
    print(said + "\n")?;
    Ok(Exit::Fine)
}

pub(super) async fn resume(args: cli::Resume) -> anyhow::Result<Exit> {
    let (host, settings) = (Host::real(), setup::settings(&args.common, &Overrides::default())?);
    let (tenant, name) = parts(args.target);
    let request = Resume { tenant, name, by: Some(requester()) };
    let said = match ask(&settings, &host, "/resume", &request).await? {
        Asked::Daemon(said) => said,
        Asked::Ours(ledger) => {
            let said = suspend::resume(&ledger, &request).await?;
            ledger.checkpoint(true)?;
            said
        }
    };
    print(said + "\n")?;
    Ok(Exit::Fine)
}

fn parts(target: Target) -> (TenantName, Option<PolicyName>) {
    match target {
        Target::Policy(id) => (id.tenant, Some(id.name)),
        Target::Tenant { tenant } => (tenant, None),
    }
}
