//! How much of a tenant one pass may change: beyond it, nothing of that tenant is touched.
//!
//! The guard is against the mass mistake (a bad merge, a wrong directory), so creating is not counted and small tenants
//! are not hindered: 10 changes and 1 removal always pass, and never do more than 10 removals. What it holds goes through
//! all the same where somebody approved exactly that, by its digest.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::review::{ApprovedPlan, HeldPlan};
use super::{Action, HeldItem, Plan, Step};
use crate::digest::PlanDigest;
use crate::direction::Assessment;
use crate::entry::{Binding, HoldReason};
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

/// A number of policies, or a share of the applied ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So many.
    Count(usize),
    /// That share.
    Share(Percent),
}

impl Limit {
    fn of(self, total: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Share(share) => share.of(total),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(usize),
            Text(String),
        }
        let wrong = || de::Error::custom("it is a number of policies, or a share from 0% to 100%");
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::Number(count) => Ok(Self::Count(count)),
            Written::Text(text) => text.parse().map(Self::Share).map_err(|_| wrong()),
        }
    }
}

/// How much one pass may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Updates.
    pub max_changes: Percent,
    /// Removals.
    pub max_removals: Percent,
    /// Updates that weaken their policies, or may; as many as come, where it is not set.
    pub max_weakening: Option<Limit>,
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
            max_weakening: None,
            weakening: Weakening::default(),
        }
    }
}

/// What is known of a tenant while its part of a plan is judged.
pub struct Standing<'a> {
    /// How many policies it has.
    pub applied: usize,
    /// What it is, where that is known.
    pub binding: Option<&'a Binding>,
    /// Which plan somebody approved.
    pub approved: Option<PlanDigest>,
}

/// What is counted of a tenant's part of a plan.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    updates: usize,
    removals: usize,
    /// Updates that weaken, or may.
    weaker: usize,
}

impl Counts {
    fn add(&mut self, step: &Step) {
        let weakens = step.assessment.as_ref().is_some_and(|it| it.direction.weakens());
        match step.action {
            Action::Update => {
                self.updates += 1;
                self.weaker += usize::from(weakens);
            }
            Action::Remove => self.removals += 1,
            Action::Create | Action::Resume | Action::Verify | Action::Watch => {}
        }
    }
}

/// Why a tenant's part of a plan is held, if it is.
fn verdict(guard: &Guard, applied: usize, counts: Counts) -> Option<String> {
    let Counts { updates, removals, weaker } = counts;
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
    match guard.max_weakening {
        Some(limit) if weaker > limit.of(applied) => Some(format!(
            "{weaker} of {applied} policies would be weaker, over guard.max_weakening ({limit})"
        )),
        _ => None,
    }
}

/// Holds what the guard does not let through: first each change that weakens, then every tenant whose part of the plan is
/// over the guard. Operations that are under way go on. `stands` says what is known of a tenant.
pub fn apply<'a>(plan: &mut Plan, stands: impl Fn(&TenantName) -> Standing<'a>, guard: &Guard) {
    if guard.weakening == Weakening::Hold {
        hold_weakening(plan);
    }
    let mut counts: BTreeMap<TenantName, Counts> = BTreeMap::new();
    for step in &plan.steps {
        counts.entry(step.id.tenant.clone()).or_default().add(step);
    }
    for (tenant, counts) in counts {
        if counts.updates + counts.removals == 0 {
            continue;
        }
        let standing = stands(&tenant);
        if let Some(why) = verdict(guard, standing.applied, counts) {
            hold(plan, tenant, why, &standing);
        }
    }
}

fn hold(plan: &mut Plan, tenant: TenantName, why: String, standing: &Standing<'_>) {
    let whole = HeldPlan::of(plan, &tenant, standing.binding, why);
    if standing.approved == Some(whole.digest) {
        let approved = ApprovedPlan { digest: whole.digest, changes: whole.changes.len() };
        plan.approved.insert(tenant, approved);
        return;
    }
    plan.hold_tenant(&tenant, &whole.why);
    plan.held_whole.insert(tenant, whole);
}

impl Plan {
    /// Holds whatever would be begun at a tenant. What is under way there is carried to its end, and nothing newer follows.
    pub(super) fn hold_tenant(&mut self, tenant: &TenantName, why: &str) {
        let stays = |step: &Step| step.id.tenant != *tenant || !step.action.begins();
        let (mut steps, held): (Vec<Step>, Vec<Step>) =
            std::mem::take(&mut self.steps).into_iter().partition(stays);
        let under_way = |step: &&mut Step| step.id.tenant == *tenant && step.action == Action::Resume;
        steps.iter_mut().filter(under_way).for_each(|step| step.desired = None);
        self.steps = steps;
        self.held.extend(held.into_iter().map(|step| HeldItem::of(step, HoldReason::Guard, why.to_owned())));
    }
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
            let counts = Counts { updates: *updates, removals: *removals, weaker: *updates };
            let held = verdict(&guard, *applied, counts);
            assert_eq!(held.is_none(), *passes, "{applied} {updates} {removals}: {held:?}");
        }
    }

    #[test]
    fn what_weakens_is_counted_once_a_limit_is_set() {
        let share = |percent| Some(Limit::Share(Percent::new(percent)));
        let rows: &[(Option<Limit>, usize, bool)] = &[
            (None, 10, true),
            (Some(Limit::Count(0)), 0, true),
            (Some(Limit::Count(0)), 1, false),
            (Some(Limit::Count(3)), 3, true),
            (Some(Limit::Count(3)), 4, false),
            (share(10), 2, true),
            (share(10), 3, false),
        ];
        for (max_weakening, weaker, passes) in rows {
            let guard = Guard { max_weakening: *max_weakening, ..Guard::default() };
            let held = verdict(&guard, 20, Counts { updates: 10, removals: 0, weaker: *weaker });
            assert_eq!(held.is_none(), *passes, "{max_weakening:?} {weaker}: {held:?}");
        }
    }

    #[test]
    fn a_limit_is_a_number_or_a_share() {
        let read = |text: &str| serde_json::from_str::<Limit>(text).map_err(|error| error.to_string());
        assert_eq!(read("3"), Ok(Limit::Count(3)));
        assert_eq!(read("\"10%\""), Ok(Limit::Share(Percent::new(10))));
        for bad in ["-1", "1.5", "\"3\"", "\"101%\"", "[]"] {
            assert!(read(bad).is_err_and(|why| why.contains("a number of policies, or a share")), "{bad}");
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
