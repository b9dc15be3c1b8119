//! `chatward observe`: a look at every page, now.

use std::sync::Arc;

use anyhow::Context as _;

use super::{Exit, print, setup};
use crate::cli::{Observe, Output};
use crate::config::Overrides;
use crate::entry::PageVerdict;
use crate::host::Host;
use crate::observe::{Looks, Observer};
use crate::reconcile;
use crate::render::pages;

pub(super) async fn run(args: Observe) -> anyhow::Result<Exit> {
    let host = Host::real();
    let stops = setup::stops()?;
    let mut settings = setup::settings(&args.common, &Overrides::default())?;
    let _simulated = setup::simulate(&mut settings, &args.sandbox).await?;
    let ledger = Arc::new(setup::ledger(&settings, &host, args.standby, &stops).await?);
    ledger.read(|state| reconcile::check_bindings(&settings, state))?;
    let observer = Observer::new(&settings, Arc::clone(&ledger), host);
    anyhow::ensure!(
        !observer.is_empty(),
        "no page is named: the settings need `observe: [{{ url: \"https://…\", policy: NAME }}]` at a tenant"
    );
    let looks = async {
        observer.drop_unnamed().await?;
        observer.look(Looks::All).await
    };
    let mut looked = tokio::select! {
        looked = looks => looked.context("the ledger can't be written")?,
        () = stops.drain.cancelled() => return Ok(Exit::Cancelled),
    };
    ledger.checkpoint(true)?;
    looked.sort_by(|a, b| (&a.id.tenant, &a.url).cmp(&(&b.id.tenant, &b.url)));
    match args.output {
        Output::Text => print(pages::text(&looked))?,
        Output::Json => print(pages::json(&looked)? + "\n")?,
    }
    let any = |verdicts: &[PageVerdict]| looked.iter().any(|it| verdicts.contains(&it.verdict));
    Ok(match () {
        () if any(&[PageVerdict::Differs, PageVerdict::None, PageVerdict::Unapplied]) => Exit::Pending,
        () if any(&[PageVerdict::Unreachable]) => Exit::Failed,
        () => Exit::Fine,
    })
}
