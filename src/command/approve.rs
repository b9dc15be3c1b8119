//! `chatward approve`: lets exactly one held plan through, by its digest.

use super::ask::{Asked, ask, requester};
use super::{Exit, plan, print, setup};
use crate::cli;
use crate::config::Overrides;
use crate::entry::Event;
use crate::host::Host;
use crate::plan::review::Approve;

pub(super) async fn run(args: cli::Approve) -> anyhow::Result<Exit> {
    let host = Host::real();
    let overrides = Overrides { prune: args.prune, ..Overrides::default() };
    let mut settings = setup::settings(&args.common, &overrides)?;
    settings.tenants.values_mut().for_each(|tenant| tenant.sandbox |= args.sandbox);
    let request = Approve { digest: args.digest, by: requester() };
    let ledger = match ask(&settings, &host, "/approve", &request).await? {
        Asked::Daemon(said) => {
            print(format!("{said}\n"))?;
            return Ok(Exit::Fine);
        }
        Asked::Ours(ledger) => ledger,
    };
    let plan = plan::fresh(&settings, &host).await?;
    let (tenant, held) = plan.held_as(&request.digest)?;
    ledger.append(Event::PlanApproved(held.approved(tenant, request.by))).await?;
    ledger.checkpoint(true)?;
    print(format!(
        "Approved: {} changes at tenant {tenant}, plan {}. The next apply lets exactly that through, within 24 hours.\n",
        held.changes.len(),
        held.digest,
    ))?;
    Ok(Exit::Fine)
}
