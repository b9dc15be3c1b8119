//! `chatward abandon`: no longer waits for an operation whose end will not be known.

use super::{Exit, print, setup};
use crate::cli::Abandon;
use crate::config::Overrides;
use crate::entry::{Effect, EffectOutcome, Event};
use crate::host::Host;

pub(super) async fn run(args: Abandon) -> anyhow::Result<Exit> {
    let host = Host::real();
    let settings = setup::settings(&args.common, &Overrides::default())?;
    let ledger = setup::ledger(&settings, &host, false, &setup::stops()?).await?;
    let id = &args.policy;
    let open = ledger.read(|state| state.policy(id)?.open.clone());
    let Some(open) = open else { anyhow::bail!("{id} has no operation under way; see `chatward status`") };
    let job = open.job.map(|job| job.id);
    let told = job.as_ref().map_or_else(|| "without a job".to_owned(), |job| format!("job {job}"));
    let waited = host.now().duration_since(open.time);
    ledger
        .append(Event::Effect(Effect {
            id: id.clone(),
            correlation_id: open.correlation_id,
            digest: open.digest,
            outcome: EffectOutcome::Abandoned,
            job_id: job,
            policy_id: None,
            attempts: 0,
            duration_ms: u64::try_from(waited.as_millis()).unwrap_or(0),
            error: Some("abandoned by hand".to_owned()),
        }))
        .await?;
    ledger.checkpoint(true)?;
    print(format!("Abandoned: {} {id}, {told}. The next pass sends the newest digest.\n", open.operation))?;
    Ok(Exit::Fine)
}
