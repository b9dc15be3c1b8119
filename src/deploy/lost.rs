//! A tenant of which the ledger knows nothing: new to us, or the state directory was lost.
//!
//! Before anything is created there, the tenant is asked once what it has. What is live as it is wanted is taken over: its
//! intent and its effect go on record, and nothing is submitted. What is live otherwise is updated with the cause
//! `state-lost`. A tenant that can't be asked gets everything, which is said.

use futures_util::{StreamExt as _, stream};
use tracing::{info, warn};

use super::{Deployer, Listed, StepError};
use crate::drift::Cause;
use crate::plan::{Action, Step};
use crate::remote::WriteTenant;

impl<T: WriteTenant> Deployer<'_, T> {
    /// Finds what is live already, and puts on record that it will be taken over.
    pub(super) async fn look_for_lost(&self, steps: &[&Step]) -> Result<(), StepError> {
        let tenant = &self.settings.name;
        let (is_known, creates) = self.ledger.read(|state| {
            let known = state.tenants.get(tenant);
            let is_known =
                known.is_some_and(|it| it.policies.values().any(|policy| policy.applied.is_some()));
            // What something is known of, such as a job that was abandoned, is no loss: its own way is gone on with.
            let is_new = |step: &&Step| step.action == Action::Create && state.policy(&step.id).is_none();
            (is_known, steps.iter().copied().filter(is_new).collect::<Vec<&Step>>())
        });
        if creates.is_empty() || is_known || self.drain.is_cancelled() {
            return Ok(());
        }
        let live = tokio::select! {
            biased;
            live = self.live((self.host.new_id)()) => live,
            () = self.stop.cancelled() => return Ok(()),
        };
        let sent = creates.len();
        if let Err(why) = live {
            info!(
                name: "state.unknown", tenant = %tenant, policies = sent, error = why.message,
                "nothing is known of tenant {tenant}, and it does not say what it has ({why}): all of {sent} are sent",
            );
            return Ok(());
        }
        let found = creates.iter().filter(|step| self.found(step).is_some()).count();
        let same = creates.into_iter().filter(|step| {
            let wanted = step.desired.as_ref().map(|desired| desired.digest);
            self.found(step).is_some_and(|policy| Some(policy.digest) == wanted)
        });
        let mut intents = stream::iter(same)
            .map(|step| self.intend_lost(step))
            .buffer_unordered(self.settings.limits.jobs_in_flight);
        let mut taken = 0;
        while let Some(intended) = intents.next().await {
            taken += usize::from(intended?);
        }
        if found > 0 {
            warn!(
                name: "state.lost", tenant = %tenant, policies = sent, live = found, taken_over = taken,
                "the ledger knows nothing of tenant {tenant}, which has {found} of {sent} policies: {taken} are as they \
                 should be and are taken over, {} are sent", sent - taken,
            );
        }
        Ok(())
    }

    /// The cause of a step, in view of what was found at the tenant.
    pub(super) fn cause(&self, step: &Step) -> Option<Cause> {
        match step.cause {
            Some(Cause::New) if self.found(step).is_some() => Some(Cause::StateLost),
            cause => cause,
        }
    }

    fn found(&self, step: &Step) -> Option<&Listed> {
        self.live.get()?.as_ref().ok()?.get(&step.id.name)
    }

    /// Begins an operation that need not be sent any more. Whether it could be begun.
    async fn intend_lost(&self, step: &Step) -> Result<bool, StepError> {
        let Some(desired) = step.desired.as_ref().filter(|_| !self.drain.is_cancelled()) else {
            return Ok(false);
        };
        // What can't be read now fails where it would be sent.
        let Ok(payload) = self.wanted(&step.id, desired).await? else { return Ok(false) };
        self.intend(step, desired, payload).await.map(|()| true)
    }
}
