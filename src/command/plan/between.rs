//! `chatward plan --base`: what a pass would do if the policies of one git revision were live.
//!
//! For pipelines, which have neither credentials nor state. The plan is the same value, made by the same function; only
//! the state is another, and says of each policy of that revision that it was applied.

use crate::command::setup;
use crate::config::Settings;
use crate::host::Host;
use crate::live::LiveView;
use crate::plan::base::Base;
use crate::plan::{Plan, Retry};
use crate::policy::PolicyId;
use crate::reconcile::{self, Sight};
use crate::snapshot::Desired;
use crate::source::{Revision, RevisionError};
use crate::state::Position;
use crate::window::Windows;

/// The plan from one revision to another, or to the directory as it is; and why that says nothing, where it does.
pub(super) fn plan(
    settings: &mut Settings,
    base: &str,
    head: Option<&str>,
    host: &Host,
) -> anyhow::Result<(Option<String>, Plan)> {
    // When it is merged is not known, so no change window is judged.
    settings.tenants.values_mut().for_each(|tenant| tenant.windows = Windows::default());
    let settings = &*settings;
    let mut before = at(settings, base)?;
    let base = Base::of(&before.snapshot());
    let (snapshot, payloads) = match head {
        Some(head) => {
            let mut after = at(settings, head)?;
            (after.snapshot(), after.into_payloads())
        }
        None => {
            let mut source = reconcile::source(settings);
            (source.snapshot(), source.payloads().into())
        }
    };
    let before = before.into_payloads();
    let payload_at = |at: Position| base.policy(at).and_then(|(id, desired)| before.get(id, desired).ok());
    let payload_of = |id: &PolicyId, desired: &Desired| payloads.get(id, desired).ok();
    let sight = Sight {
        settings,
        live: &LiveView::default(),
        retry: Retry::Failed,
        host,
        payload_at: &payload_at,
        payload_of: &payload_of,
    };
    let plan = sight.decide(&snapshot, base.state()).plan;
    Ok((snapshot.void.clone(), plan))
}

fn at(settings: &Settings, revision: &str) -> Result<Revision, RevisionError> {
    Revision::of(&settings.policies, revision, setup::names(settings))
}
