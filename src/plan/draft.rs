//! What is decided about one policy: nothing, a step, or that it is held.

use jiff::{SignedDuration, Timestamp};

use super::change::{Change, changes};
use super::{Action, HeldItem, Retry, Step, Terms, due};
use crate::direction::Assessment;
use crate::drift::{Cause, Live, OnDrift, drift};
use crate::entry::{HoldReason, Subject};
use crate::outcome::Verification;
use crate::policy::PolicyId;
use crate::printable::printable;
use crate::snapshot::{Desired, Snapshot};
use crate::state::{PolicyState, Setback};

/// How often within [`FIGHT_WINDOW`] a policy is changed back; then somebody means it.
pub const MAX_CORRECTIONS: usize = 3;
const FIGHT_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What is decided about one policy.
pub(super) enum Decision {
    InSync,
    Nothing,
    Step(Box<Step>),
    Held(Box<HeldItem>),
}

/// What is known of one policy while it is decided on.
pub(super) struct Draft<'a> {
    pub(super) id: &'a PolicyId,
    pub(super) policy: &'a PolicyState,
    pub(super) desired: Option<&'a Desired>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) terms: &'a Terms<'a>,
    /// Whether it is held because it was fought over.
    pub(super) frozen: bool,
}

impl Draft<'_> {
    pub(super) fn decide(&self, unusable: bool) -> Decision {
        let applied = self.policy.applied.as_ref();
        // An operation whose end is not known comes first, whatever the file says now.
        if self.policy.open.is_some() && self.terms.tenants.contains(&self.id.tenant) {
            let desired = self.desired.map(|desired| desired.digest);
            return self.step(Action::Resume, drift(desired, applied.map(|a| a.digest), Live::Unknown));
        }
        if unusable {
            return Decision::Nothing;
        }
        // An older job ended over what was wanted: that is brought live once more.
        if self.policy.overtaken.is_some() && self.desired.is_some() {
            return self.wanted(Cause::Live);
        }
        let digest = self.desired.map(|desired| desired.digest);
        let live = self.terms.live.get(self.id).copied().unwrap_or_default();
        match drift(digest, applied.map(|applied| applied.digest), live) {
            None if self.is_to_verify() => self.step(Action::Verify, None),
            None if self.is_watched() => self.step(Action::Watch, None),
            None if applied.is_none() => Decision::Nothing,
            None => Decision::InSync,
            Some(Cause::Removed) => self.removed(),
            Some(cause @ (Cause::Live | Cause::Missing)) if digest == applied.map(|a| a.digest) => {
                self.changed_there(cause)
            }
            Some(cause) => self.wanted(cause),
        }
    }

    /// Whether what is live is probed again. It could not be probed before; or it never was, or was and is not rolled
    /// back although it can be, since the pass was cut off or the settings did not ask for it then.
    fn is_to_verify(&self) -> bool {
        let tenant = &self.id.tenant;
        match self.policy.applied.as_ref().map(|applied| applied.verification) {
            Some(Verification::Unverified) => true,
            Some(Verification::NotConfigured) => self.terms.probed.contains(tenant),
            Some(Verification::Degraded) => {
                self.terms.rollback.contains(tenant) && self.policy.fallback().is_some()
            }
            Some(Verification::Verified) | None => false,
        }
    }

    /// Whether an abandoned job may still end.
    fn is_watched(&self) -> bool {
        !self.policy.abandoned.is_empty() && self.terms.tenants.contains(&self.id.tenant)
    }

    /// Somebody changed the tenant: told or changed back, but not for ever.
    fn changed_there(&self, cause: Cause) -> Decision {
        let by = (self.terms.changed_by)(self.id).map(|by| format!(" by {by}")).unwrap_or_default();
        if !self.is_corrected() {
            let detail = format!("the tenant was changed{by}; it is only reported");
            return self.hold(HoldReason::ReportOnly, Some(cause), detail);
        }
        let recent = |time: &&Timestamp| self.terms.now.duration_since(**time) < FIGHT_WINDOW;
        let fought = self.policy.corrections.iter().filter(recent).count() >= MAX_CORRECTIONS;
        if (fought || self.frozen) && self.terms.retry != Retry::Rejected {
            let detail = format!(
                "it was changed{by} once more after {MAX_CORRECTIONS} corrections within an hour; nothing is done about it \
                 any more until apply --retry",
            );
            return self.hold(HoldReason::Fight, Some(cause), detail);
        }
        match self.rests_until(self.policy.corrections.iter().filter(recent).count()) {
            Some(until) => {
                let detail =
                    format!("it was changed{by} once more; changed back after {}", until.strftime("%FT%TZ"));
                let held = self.held(HoldReason::BackOff, Some(cause), detail);
                Decision::Held(Box::new(HeldItem { until: Some(until), ..held }))
            }
            None => self.wanted(cause),
        }
    }

    /// Until when the next correction waits, after so many of late. One that is still to come was recorded before the clock
    /// was set back: nobody waits for that.
    fn rests_until(&self, corrections: usize) -> Option<Timestamp> {
        let last = *self.policy.corrections.last()?;
        let doublings = u32::try_from(corrections.checked_sub(1)?).ok()?.min(16);
        let pause = (self.terms.back_off)(&self.id.tenant).saturating_mul(1 << doublings);
        let until = last.saturating_add(pause).ok()?;
        (self.terms.retry == Retry::Due && (last..until).contains(&self.terms.now)).then_some(until)
    }

    /// Whether what somebody changed at the tenant is changed back: as the document says, or else the tenant's settings.
    fn is_corrected(&self) -> bool {
        match self.desired.and_then(|desired| desired.on_drift) {
            Some(on_drift) => on_drift == OnDrift::Correct,
            None => self.terms.corrected.contains(&self.id.tenant),
        }
    }

    fn wanted(&self, cause: Cause) -> Decision {
        let desired = self.desired.map(|desired| desired.digest);
        if desired == self.policy.rolled_back && desired.is_some() && self.terms.retry != Retry::Rejected {
            let detail = "it let a probe through and was rolled back; it is sent again once its file changes, or by apply --retry"
                .to_owned();
            return self.hold(HoldReason::RolledBack, Some(cause), detail);
        }
        let setback = self.policy.setback.as_ref();
        let same = setback.filter(|setback| self.desired.is_some_and(|want| want.digest == setback.digest));
        if let Some((reason, detail)) = same.and_then(|setback| self.set_back(setback)) {
            return self.hold(reason, Some(cause), detail);
        }
        let action = if self.policy.applied.is_some() { Action::Update } else { Action::Create };
        self.step(action, Some(cause))
    }

    fn set_back(&self, setback: &Setback) -> Option<(HoldReason, String)> {
        if setback.rejected {
            let detail = format!("the tenant refused it: {}", printable(&setback.error, 200));
            return (self.terms.retry != Retry::Rejected).then_some((HoldReason::Rejected, detail));
        }
        let due = due(setback);
        // A failure that is still to come was recorded before the clock was set back: nobody waits for that.
        let waits = self.terms.retry == Retry::Due && (setback.time..due).contains(&self.terms.now);
        waits.then(|| {
            let detail = format!(
                "attempt {} failed: {}; tried again after {}",
                setback.count,
                printable(&setback.error, 200),
                due.strftime("%FT%TZ"),
            );
            (HoldReason::BackOff, detail)
        })
    }

    fn removed(&self) -> Decision {
        let cause = Some(Cause::Removed);
        if !self.terms.tenants.contains(&self.id.tenant) {
            let detail = format!("tenant {} is not in the settings", self.id.tenant);
            return self.hold(HoldReason::UnknownTenant, cause, detail);
        }
        if let Some(why) = &self.snapshot.void {
            return self.hold(HoldReason::Guard, cause, format!("nothing is removed because {why}"));
        }
        if let Some(hider) = self.snapshot.could_hide(self.id) {
            let detail = format!("its file is gone, but it could be in {}: {}", hider.subject, hider.detail);
            return self.hold(HoldReason::Invalid, cause, detail);
        }
        if !self.terms.prune {
            let detail = "its file is gone; it stays live, since pruning is off".to_owned();
            return self.hold(HoldReason::PruneOff, cause, detail);
        }
        self.step(Action::Remove, cause)
    }

    fn step(&self, action: Action, cause: Option<Cause>) -> Decision {
        Decision::Step(Box::new(Step {
            id: self.id.clone(),
            action,
            cause,
            applied: self.policy.applied.as_ref().map(|applied| applied.digest),
            live: match self.terms.live.get(self.id) {
                Some(Live::Has(digest)) => Some(*digest),
                _ => None,
            },
            desired: self.desired.cloned(),
            changes: self.changes(),
            assessment: self.assessment(action),
            suspended: false,
        }))
    }

    fn hold(&self, reason: HoldReason, cause: Option<Cause>, detail: String) -> Decision {
        Decision::Held(Box::new(self.held(reason, cause, detail)))
    }

    pub(super) fn held(&self, reason: HoldReason, cause: Option<Cause>, detail: String) -> HeldItem {
        HeldItem {
            subject: Subject::Policy(self.id.clone()),
            reason,
            detail,
            cause,
            digest: self.desired.map(|desired| desired.digest),
            origin: self.desired.map(|desired| desired.origin.clone()),
            changes: self.changes(),
            assessment: self.assessment(Action::Update),
            until: None,
            suspension: None,
        }
    }

    /// What would change, where something is applied and something else is wanted.
    fn changes(&self) -> Vec<Change> {
        let (Some(applied), Some(desired)) = (&self.policy.applied, self.desired) else { return Vec::new() };
        if applied.digest == desired.digest {
            return Vec::new();
        }
        let old = (self.terms.payload_at)(applied.intent);
        let new = (self.terms.payload_of)(self.id, desired);
        old.zip(new).map(|(old, new)| changes(&old, &new)).unwrap_or_default()
    }

    /// Whether what is wanted guards better or worse than what is applied. Where an operation is open, what it is about may
    /// be applied by the time that something follows it: the answer is then good for both.
    fn assessment(&self, action: Action) -> Option<Assessment> {
        let applied = self.policy.applied.as_ref().map(|applied| (applied.digest, applied.intent));
        if action == Action::Remove {
            return applied.map(|_| Assessment::of_removal());
        }
        let desired = self.desired?;
        let open = self.policy.open.as_ref().map(|open| (open.digest, open.intent));
        let before = applied.into_iter().chain(open).filter(|(digest, _)| *digest != desired.digest);
        let assessments = before.map(|(_, intent)| {
            let (old, new) = ((self.terms.payload_at)(intent), (self.terms.payload_of)(self.id, desired));
            let known = old.zip(new).map(|(old, new)| Assessment::of(&old, &new));
            known.unwrap_or_else(Assessment::of_unknown)
        });
        assessments.reduce(Assessment::or)
    }
}
