//! What is left alone, on record and said once: that it begins, and that it is over.

use std::collections::BTreeMap;

use tracing::info;

use super::Reconciler;
use crate::deploy::StepError;
use crate::entry::{Event, Resumed, Subject, Target};
use crate::ledger::LedgerError;
use crate::plan::{Plan, SuspendedBy};
use crate::remote::WriteTenant;
use crate::state::State;
use crate::suspension::Term;

/// What is left alone, until when and why, and who says so; what its document says of a policy is apart from what somebody
/// asked for it.
pub(super) type Told = BTreeMap<(Target, bool), (Term, String)>;

impl<T: WriteTenant> Reconciler<T> {
    /// Puts on record what somebody asked for and is over by now.
    pub(super) async fn end_suspensions(&self) -> Result<(), StepError> {
        let now = self.host.now();
        for target in self.ledger.read(|state| state.suspensions_over(now)) {
            match self.ledger.append(Event::Resumed(Resumed { target, by: None })).await {
                // Whoever resumed it meanwhile has it on record.
                Ok(_) | Err(LedgerError::Illegal(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Says what is left alone and was not before, and what is no longer.
    pub(super) fn tell_suspensions(&mut self, plan: &Plan) {
        let known: Told = self.ledger.read(asked).into_iter().chain(written(plan)).collect();
        for (key @ (target, _), told @ (term, by)) in &known {
            if self.suspended.get(key) != Some(told) {
                let (until, reason) = (term.until.strftime("%FT%TZ"), &*term.reason);
                info!(
                    name: "policy.suspended", policy = %target, until = %until, reason, by,
                    "{target} is suspended by {by} until {until}: {reason}",
                );
            }
        }
        for ((target, _), (_, by)) in self.suspended.iter().filter(|(key, _)| !known.contains_key(*key)) {
            info!(
                name: "policy.resumed", policy = %target, by,
                "{target} was suspended by {by}, and is not any more",
            );
        }
        self.suspended = known;
    }
}

/// What somebody asked for, as far as it is not on record that it is over.
fn asked(state: &State) -> Told {
    let told = state.suspended();
    told.map(|(target, asked)| ((target, false), (asked.term.clone(), asked.by.to_string()))).collect()
}

/// What documents say.
fn written(plan: &Plan) -> impl Iterator<Item = ((Target, bool), (Term, String))> {
    plan.held.iter().filter_map(|item| {
        let suspension = item.suspension.as_deref().filter(|it| it.by == SuspendedBy::Document)?;
        let Subject::Policy(id) = &item.subject else { return None };
        Some(((Target::Policy(id.clone()), true), (suspension.term.clone(), "its document".to_owned())))
    })
}
