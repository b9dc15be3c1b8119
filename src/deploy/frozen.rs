//! What is suspended, or waits for a change window: nothing begins there, also where that came after the plan was made.

use super::Deployer;
use crate::outcome::Outcome;
use crate::plan::{Action, Step};
use crate::policy::PolicyId;
use crate::remote::WriteTenant;

impl<T: WriteTenant> Deployer<'_, T> {
    /// Whether somebody has asked to leave a policy alone by now.
    pub(super) fn is_suspended(&self, id: &PolicyId) -> bool {
        let now = self.host.now();
        self.ledger.read(|state| state.suspensions_of(id, now).next().is_some())
    }

    /// Whether a step would begin what is suspended by now, or something while no change window is open any more.
    pub(super) fn must_not_begin(&self, step: &Step) -> bool {
        matches!(step.action, Action::Create | Action::Update | Action::Remove) && !self.may_begin(&step.id)
    }

    /// Whether a change of a policy may begin now.
    pub(super) fn may_begin(&self, id: &PolicyId) -> bool {
        self.settings.windows.is_open(self.host.now()) && !self.is_suspended(id)
    }

    /// Whether its policy is suspended, as far as the plan knew or by now.
    pub(super) fn is_left_alone(&self, step: &Step) -> bool {
        step.suspended || self.is_suspended(&step.id)
    }
}

/// What becomes of an operation whose request may not have arrived, or whose job is lost, while its policy is suspended.
pub(super) fn not_resent() -> Outcome {
    Outcome::Waiting("not sent again while its policy is suspended".to_owned())
}
