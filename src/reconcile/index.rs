//! What a pass leaves for the next one, so that it need not look at everything again.

use super::Reconciler;
use crate::deploy::StepError;
use crate::remote::WriteTenant;
use crate::source::Source;

impl<T: WriteTenant> Reconciler<T> {
    /// Writes the index, so that the next run need not read what this one did.
    ///
    /// # Errors
    /// Only where chatward contradicts itself; an index that can't be written is done without.
    pub async fn keep_index(&self) -> Result<(), StepError> {
        self.of_source(Source::save).await
    }

    /// Keeps what was settled: what this pass put on record is about nothing but what its plan named.
    pub(super) async fn carry_on(&self) -> Result<(), StepError> {
        let head = self.ledger.read(|state| state.head.hash);
        self.of_source(move |source| source.carry_on(head)).await
    }
}
