//! `chatward approve`: lets exactly one held plan through, by its digest.

use serde::Serialize;

use super::ask::{Asked, ask, requester};
use super::{Exit, plan, print, setup};
use crate::cli::Approve;
use crate::config::Overrides;
use crate::entry::{Event, Requester};
use crate::host::Host;
use crate::plan::review::PlanPrefix;

/// What a daemon is asked.
#[derive(Serialize)]
struct Request<'a> {
    digest: &'a PlanPrefix,
    by: &'a Requester,
}

pub(super) async fn run(args: Approve) -> anyhow::Result<Exit> {
    let host = Host::real();
    let overrides = Overrides { prune: args.prune, ..Overrides::default() };
    let mut settings = setup::settings(&args.common, &overrides)?;
    settings.tenants.values_mut().for_each(|tenant| tenant.sandbox |= args.sandbox);
    let by = requester();
    let request = Request { digest: &args.digest, by: &by };
    let ledger = match ask(&settings, &host, "/approve", &request).await? {
        Asked::Daemon(said) => {
            print(format!("{said}\n"))?;
            return Ok(Exit::Fine);
        }
        Asked::Ours(ledger) => ledger,
    };
    let plan = plan::fresh(&settings, &host).await?;
    let (tenant, held) = plan.held_as(&args.digest)?;
    ledger.append(Event::PlanApproved(held.approved(tenant, by))).await?;
    ledger.checkpoint(true)?;
    print(format!(
        "Approved: {} changes at tenant {tenant}, plan {}. The next apply lets exactly that through, within 24 hours.\n",
        held.changes.len(),
        held.digest,
    ))?;
    Ok(Exit::Fine)
}
