//! What waits for a change window: nothing begins outside of one, and what has begun goes on.

use std::collections::BTreeMap;

use super::review::PlannedChange;
use super::{HeldItem, Plan, Step};
use crate::entry::HoldReason;
use crate::plan::Action;
use crate::policy::TenantName;
use crate::window::Closed;

/// Holds every change of a tenant at which none may begin now. What is under way is carried to its end, a roll-back of what
/// lets something harmful through is part of that, and probing goes on; but nothing newer follows.
pub(super) fn apply(plan: &mut Plan, closed: &BTreeMap<TenantName, Closed>) {
    if closed.is_empty() {
        return;
    }
    for step in std::mem::take(&mut plan.steps) {
        match (closed.get(&step.id.tenant), step.action) {
            (None, _) => plan.steps.push(step),
            (Some(_), Action::Resume | Action::Verify | Action::Watch) => {
                plan.steps.push(Step { desired: None, ..step });
            }
            (Some(Closed { opens, detail }), Action::Create | Action::Update | Action::Remove) => {
                plan.waiting.push(PlannedChange::of(&step));
                let held = HeldItem::of(step, HoldReason::Window, detail.clone());
                plan.held.push(HeldItem { until: *opens, ..held });
            }
        }
    }
}
