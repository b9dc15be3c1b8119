//! What is held, on record: each hold once, and its end.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use tracing::warn;

use super::Reconciler;
use crate::deploy::StepError;
use crate::entry::{Event, Held, HoldReason, Released};
use crate::plan::{HeldItem, Plan, SuspendedBy};
use crate::remote::WriteTenant;
use crate::state::{Hold, State};

impl<T: WriteTenant> Reconciler<T> {
    /// Puts on record what is held now and was not, for the same reason, before, and what is held no longer.
    pub(super) async fn record_holds(&self, plan: &Plan) -> Result<(), StepError> {
        let events = self.ledger.read(|state| hold_events(plan, state));
        for event in &events {
            // What is suspended is told once, by whom and until when, and not as a warning.
            if let Event::Held(held) = event
                && held.reason != HoldReason::Suspended
            {
                let subject = &held.subject;
                warn!(
                    name: "policy.held", policy = %subject, reason = %held.reason, detail = held.detail,
                    "held {subject}: {}: {}", held.reason, held.detail,
                );
            }
        }
        try_join_all(events.into_iter().map(|event| self.ledger.append(event))).await?;
        Ok(())
    }
}

fn hold_events(plan: &Plan, state: &State) -> Vec<Event> {
    // What is as it should be, and suspended by hand, is on record by that already.
    let asked = |item: &HeldItem| {
        item.is_at_rest() && item.suspension.as_ref().is_some_and(|it| it.by != SuspendedBy::Document)
    };
    let on_record = || plan.held.iter().filter(|item| !asked(item));
    let held = on_record().filter_map(|item| {
        let same = |hold: &Hold| hold.reason == item.reason && hold.detail == item.detail;
        let known = state.holds.get(&item.subject).is_some_and(same);
        (!known).then(|| {
            Event::Held(Held {
                subject: item.subject.clone(),
                reason: item.reason,
                detail: item.detail.clone(),
                digest: item.digest,
                origin: item.origin.clone(),
            })
        })
    });
    let now: BTreeSet<_> = on_record().map(|item| &item.subject).collect();
    let released =
        state.holds.iter().filter(|(subject, _)| !now.contains(subject)).map(|(subject, hold)| {
            Event::Released(Released { subject: subject.clone(), reason: hold.reason })
        });
    held.chain(released).collect()
}
