//! How much of a tenant one pass may change: beyond it, nothing of that tenant is touched.
//!
//! The guard is against the mass mistake (a bad merge, a wrong directory), so creating is not counted and small tenants
//! are not hindered: 10 changes and 1 removal always pass, and never do more than 10 removals.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::{Action, HeldItem, Plan, Step};
use crate::direction::Assessment;
use crate::entry::HoldReason;
use crate::policy::{ACCEPT_WEAKENING, TenantName};
use crate::printable::printable;

const ALWAYS_CHANGES: usize = 10;
const ALWAYS_REMOVALS: usize = 1;
const NEVER_REMOVALS: usize = 10;

/// A share of a tenant's applied policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u8);

impl Percent {
    /// That many in a hundred.
    pub const fn new(percent: u8) -> Self {
        Self(if percent > 100 { 100 } else { percent })
    }

    fn of(self, total: usize) -> usize {
        total * usize::from(self.0) / 100
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// A text that is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a share is written from 0% to 100%")]
pub struct PercentError;

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        let digits = text.strip_suffix('%').ok_or(PercentError)?;
        let percent = digits.parse().map_err(|_| PercentError)?;
        if percent > 100 { Err(PercentError) } else { Ok(Self(percent)) }
    }
}

/// How much one pass may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Updates.
    pub max_changes: Percent,
    /// Removals.
    pub max_removals: Percent,
    /// What becomes of a change that weakens its policy.
    pub weakening: Weakening,
}

/// What becomes of a change that weakens its policy, or may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weakening {
    /// It goes through.
    Allow,
    /// It goes through, and the log warns of it.
    #[default]
    Warn,
    /// It is held, unless its document accepts it.
    Hold,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            max_changes: Percent::new(50),
            max_removals: Percent::new(30),
            weakening: Weakening::default(),
        }
    }
}

/// Why a tenant's part of a plan is held, if it is.
fn verdict(guard: &Guard, applied: usize, updates: usize, removals: usize) -> Option<String> {
    let changes_limit = guard.max_changes.of(applied).max(ALWAYS_CHANGES);
    let removals_limit = guard.max_removals.of(applied).clamp(ALWAYS_REMOVALS, NEVER_REMOVALS);
    if updates > changes_limit {
        let limit = guard.max_changes;
        return Some(format!(
            "{updates} of {applied} policies would change, over guard.max_changes ({limit})"
        ));
    }
    if removals > removals_limit {
        let limit = guard.max_removals;
        return Some(format!(
            "{removals} of {applied} policies would be removed, over guard.max_removals ({limit}, at most {NEVER_REMOVALS})"
        ));
    }
    None
}

/// Holds what the guard does not let through: first each change that weakens, then every tenant whose part of the plan is
/// over the guard. Operations that are under way go on. `applied` says how many policies a tenant has.
pub fn apply(plan: &mut Plan, applied: impl Fn(&TenantName) -> usize, guard: &Guard) {
    if guard.weakening == Weakening::Hold {
        hold_weakening(plan);
    }
    let mut counts: BTreeMap<TenantName, (usize, usize)> = BTreeMap::new();
    for step in &plan.steps {
        let (updates, removals) = counts.entry(step.id.tenant.clone()).or_default();
        *updates += usize::from(step.action == Action::Update);
        *removals += usize::from(step.action == Action::Remove);
    }
    for (tenant, (updates, removals)) in counts {
        if updates + removals == 0 {
            continue;
        }
        if let Some(why) = verdict(guard, applied(&tenant), updates, removals) {
            hold(plan, &tenant, &why);
        }
    }
}

fn hold(plan: &mut Plan, tenant: &TenantName, why: &str) {
    let stays = |step: &Step| {
        step.id.tenant != *tenant || matches!(step.action, Action::Resume | Action::Verify | Action::Watch)
    };
    let (steps, held) = std::mem::take(&mut plan.steps).into_iter().partition(stays);
    plan.steps = steps;
    plan.held.extend(held.into_iter().map(|step| HeldItem::of(step, HoldReason::Guard, why.to_owned())));
}

/// Holds every change that weakens its policy without its document's consent. A removal has no document that could give it,
/// and has its own guards. What is open goes on, but leads to nothing weaker.
fn hold_weakening(plan: &mut Plan) {
    let mut steps = Vec::with_capacity(plan.steps.len());
    for mut step in std::mem::take(&mut plan.steps) {
        match unaccepted(&step).map(|weaker| weaker.summary()) {
            Some(why) if step.action == Action::Update => {
                let detail = format!(
                    "it would be weaker: {}; to accept that, annotate the document with {ACCEPT_WEAKENING}: \"REASON\"",
                    printable(&why, MAX_WHY)
                );
                plan.held.push(HeldItem::of(step, HoldReason::Weakening, detail));
                continue;
            }
            Some(_) if step.action == Action::Resume => step.desired = None,
            _ => {}
        }
        steps.push(step);
    }
    plan.steps = steps;
}

/// The longest list of reasons in a hold's detail, so that the way out is still on its line.
const MAX_WHY: usize = 300;

/// What a step weakens, where its document does not accept that.
fn unaccepted(step: &Step) -> Option<&Assessment> {
    let weaker = step.assessment.as_ref().filter(|assessment| assessment.direction.weakens());
    weaker.filter(|_| step.accepted_weakening().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_changes_pass_and_mass_changes_do_not() {
        let guard = Guard::default();
        let rows: &[(usize, usize, usize, bool)] = &[
            // applied, updates, removals, passes
            (0, 0, 0, true),
            (3, 3, 0, true),
            (10, 10, 0, true),
            (12, 11, 0, false),
            (100, 50, 0, true),
            (100, 51, 0, false),
            (1, 0, 1, true),
            (3, 0, 2, false),
            (20, 0, 6, true),
            (20, 0, 7, false),
            (1000, 0, 10, true),
            (1000, 0, 11, false),
        ];
        for (applied, updates, removals, passes) in rows {
            let held = verdict(&guard, *applied, *updates, *removals);
            assert_eq!(held.is_none(), *passes, "{applied} {updates} {removals}: {held:?}");
        }
    }

    #[test]
    fn shares_read_as_they_print() {
        assert_eq!("50%".parse(), Ok(Percent::new(50)));
        assert_eq!(Percent::new(50).to_string(), "50%");
        for bad in ["50", "101%", "-1%", "%", "half"] {
            assert_eq!(bad.parse::<Percent>(), Err(PercentError), "{bad}");
        }
    }
}
