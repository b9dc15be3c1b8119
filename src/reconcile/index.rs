//! What a pass leaves for the next one, so that it need not look at everything again.

use std::collections::BTreeMap;

use super::Reconciler;
use crate::deploy::StepError;
use crate::policy::TenantName;
use crate::remote::WriteTenant;
use crate::source::Source;
use crate::state::Suspensions;

impl<T: WriteTenant> Reconciler<T> {
    /// Writes the index, so that the next run need not read what this one did.
    ///
    /// # Errors
    /// Only where chatward contradicts itself; an index that can't be written is done without.
    pub async fn keep_index(&self) -> Result<(), StepError> {
        self.of_source(Source::save).await
    }

    /// Keeps what was settled: what this pass put on record is about nothing but what its plan named. Not where somebody
    /// asked meanwhile to leave something alone, which the plan could not know.
    pub(super) async fn carry_on(
        &self,
        planned_with: &BTreeMap<TenantName, Suspensions>,
    ) -> Result<(), StepError> {
        let head = self.ledger.read(|state| (state.suspensions == *planned_with).then_some(state.head.hash));
        let Some(head) = head else { return Ok(()) };
        self.of_source(move |source| source.carry_on(head)).await
    }
}
