//! What is left alone, by its document or by hand: nothing is submitted for it, and what would be is listed.
//!
//! What is under way is still seen to its end: a job that the tenant took is asked, and what is live is probed. But nothing
//! is sent, for it or in its place: no retry of a submit that may not have arrived, no roll-back, no correction.

use jiff::Timestamp;
use serde::Serialize;

use super::draft::Decision;
use super::{Action, HeldItem, Step};
use crate::entry::{HoldReason, Requester, Subject, Target};
use crate::policy::PolicyId;
use crate::printable::printable;
use crate::snapshot::Desired;
use crate::state::State;
use crate::suspension::{MAX_REASON, Term};

/// Why a policy is left alone, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Suspension {
    /// Until when, and why.
    #[serde(flatten)]
    pub term: Term,
    /// Since when, as far as that is known.
    pub since: Timestamp,
    /// Who says so.
    pub by: SuspendedBy,
}

/// Who says that a policy is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SuspendedBy {
    /// Its document.
    Document,
    /// Somebody, for it or for its whole tenant.
    Request {
        /// What was asked for.
        #[serde(flatten)]
        target: Target,
        /// By whom.
        #[serde(flatten)]
        requester: Requester,
    },
}

impl Suspension {
    /// What has a policy left alone at that time: of several, the one that lasts longest.
    pub fn of(id: &PolicyId, desired: Option<&Desired>, state: &State, now: Timestamp) -> Option<Self> {
        let asked = state.suspensions_of(id, now).map(|(target, asked)| Self {
            term: asked.term.clone(),
            since: asked.since,
            by: SuspendedBy::Request { target, requester: asked.by.clone() },
        });
        let written = desired.and_then(|desired| desired.suspended.as_deref());
        let written = written.filter(|term| term.until > now).map(|term| {
            // A document does not say since when; the hold that began with it does.
            let hold = state.holds.get(&Subject::Policy(id.clone()));
            let since =
                hold.filter(|hold| hold.reason == HoldReason::Suspended).map_or(now, |hold| hold.since);
            Self { term: term.clone(), since, by: SuspendedBy::Document }
        });
        asked.chain(written).max_by_key(|suspension| suspension.term.until)
    }

    /// The same for people, in one bounded line.
    pub fn detail(&self) -> String {
        let reason = printable(&self.term.reason, MAX_REASON);
        let until = self.term.until.strftime("%FT%TZ");
        match &self.by {
            SuspendedBy::Document => format!("by its document until {until}: {reason}"),
            SuspendedBy::Request { target: Target::Policy(_), requester } => {
                format!("by {requester} until {until}: {reason}")
            }
            SuspendedBy::Request { target: Target::Tenant { .. }, requester } => {
                format!("with its whole tenant by {requester} until {until}: {reason}")
            }
        }
    }
}

/// What becomes of a decision about a policy that is left alone: what is held, and what still goes on beside that.
pub(super) fn suspend(
    decision: Decision,
    suspension: Suspension,
    quiet: impl FnOnce() -> HeldItem,
    has_job: bool,
) -> (Option<Step>, Option<HeldItem>) {
    let detail = suspension.detail();
    let (step, item) = match decision {
        Decision::Nothing => return (None, None),
        Decision::InSync => (None, quiet()),
        // A fight outlasts this: it is told to end by other means.
        Decision::Held(item) if item.reason == HoldReason::Fight => (None, *item),
        Decision::Held(item) => (None, HeldItem { reason: HoldReason::Suspended, detail, ..*item }),
        Decision::Step(step) => {
            let goes_on = match step.action {
                Action::Resume => has_job,
                Action::Verify | Action::Watch => true,
                Action::Create | Action::Update | Action::Remove => false,
            };
            let held = HeldItem::of((*step).clone(), HoldReason::Suspended, detail);
            (goes_on.then_some(Step { desired: None, suspended: true, ..*step }), held)
        }
    };
    let until = Some(suspension.term.until);
    (step, Some(HeldItem { until, suspension: Some(Box::new(suspension)), ..item }))
}
