//! What has to hold, whatever happened.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chatward::digest::Digest;
use chatward::entry::{EffectOutcome, Entry, Event, HoldReason, Operation, Subject};
use chatward::ledger;
use chatward::policy::PolicyId;
use chatward::reconcile::{Reconciler, Report};
use chatward::remote::HttpTenant;
use chatward::state::{PolicyState, State};

use super::Violation;
use super::directory::Wanted;
use super::life::{DEADLINE, Stage};
use super::tenants::{Begun, Ending};
use super::weather::Probes;

/// What has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// The ledger can be opened after whatever happened, and goes on.
    Opens,
    /// Every policy whose file is valid ends live with its digest.
    Live,
    /// Nothing was sent more often than was needed.
    Once,
    /// Nothing was removed, or brought live, that was not asked for.
    Asked,
    /// The chain verifies.
    Chain,
    /// The ledger tells every effect that the tenants saw.
    Told,
    /// No policy is stuck.
    Ends,
    /// State and tenant agree, or the state says that it does not know.
    Agrees,
    /// Where all is as it should be nothing is sent.
    Rests,
}

impl Invariant {
    pub fn broken(self, what: impl fmt::Display) -> Violation {
        Violation { invariant: self, what: what.to_string() }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opens => "the ledger can't be used",
            Self::Live => "not live as its file says",
            Self::Once => "sent more often than needed",
            Self::Asked => "done without being asked for",
            Self::Chain => "the audit chain does not verify",
            Self::Told => "the ledger does not tell what a tenant saw",
            Self::Ends => "stuck",
            Self::Agrees => "state and tenant differ, and the state does not say so",
            Self::Rests => "something is sent although nothing is to be done",
        })
    }
}

/// Looks at a stage.
pub struct Witness<'a> {
    pub stage: &'a Stage,
}

/// What the ledger tells of one operation.
#[derive(Default)]
struct Told {
    intent: Option<(PolicyId, Operation, Digest, String)>,
    outcome: Option<EffectOutcome>,
}

impl Witness<'_> {
    /// After a pass that was not cut off: state and tenant agree, or the state says that it does not know.
    pub fn at_rest(&self, reconciler: &Reconciler<HttpTenant>) -> Result<(), Violation> {
        let world = &self.stage.world;
        // Of a tenant that does everything twice, and of a clock that lies, only the end is asked.
        if !world.weather.keys || world.has_jumped() {
            return Ok(());
        }
        reconciler.ledger().read(|state| self.agrees(state))
    }

    /// When all has come to its end.
    pub fn in_the_end(&self, reconciler: &Reconciler<HttpTenant>, report: &Report) -> Result<(), Violation> {
        let state = reconciler.ledger().read(State::clone);
        let path = &self.stage.world.state();
        let proof = ledger::verify(path, &ledger::Terms::default())
            .map_err(|error| Invariant::Chain.broken(error))?;
        if proof.head != state.head {
            return Err(Invariant::Chain.broken("its head is not the state's"));
        }
        let told = self.told()?;
        self.is_told(&told)?;
        self.is_asked(&told)?;
        self.is_once(&told)?;
        self.is_live(&state, report)?;
        self.agrees(&state)
    }

    fn told(&self) -> Result<BTreeMap<String, Told>, Violation> {
        let mut told: BTreeMap<String, Told> = BTreeMap::new();
        let each = |entry: Entry| match entry.event {
            Event::Intent(intent) => {
                let key = intent.idempotency_key.to_string();
                told.entry(intent.correlation_id.to_string()).or_default().intent =
                    Some((intent.id, intent.operation, intent.digest, key));
            }
            Event::Effect(effect) => {
                told.entry(effect.correlation_id.to_string()).or_default().outcome = Some(effect.outcome);
            }
            _ => {}
        };
        let mut each = each;
        ledger::scan(&self.stage.world.state(), &[], |scanned: ledger::Scanned| {
            each(scanned.entry);
            Ok(())
        })
        .map_err(|error| Invariant::Chain.broken(error))?;
        Ok(told)
    }

    /// Every job has its intent, and one that ended well is not told as failed.
    fn is_told(&self, told: &BTreeMap<String, Told>) -> Result<(), Violation> {
        for job in self.stage.tenants.begun() {
            let known =
                told.get(&job.correlation).and_then(|told| Some((told.intent.as_ref()?, told.outcome)));
            let Some(((id, operation, digest, key), outcome)) = known else {
                return Err(Invariant::Told.broken(format!("no intent of {job:?}")));
            };
            let same = match &job.put {
                Some((name, hash)) => {
                    *operation != Operation::Remove && *name == id.name && digest.to_string() == *hash
                }
                None => *operation == Operation::Remove,
            };
            // Under another key it was sent more often than needed, which is told apart.
            if !same || id.tenant != job.tenant || (*key != job.key && self.stage.world.sabotage.is_none()) {
                return Err(Invariant::Told.broken(format!("{job:?} is another than its intent")));
            }
            let failed = matches!(outcome, Some(EffectOutcome::Failed | EffectOutcome::Rejected));
            if failed && job.ending == Ending::Well && self.stage.world.weather.keys {
                return Err(Invariant::Told.broken(format!("{job:?} ended well, and is told as failed")));
            }
        }
        Ok(())
    }

    /// Whatever was removed had its file removed, and whatever was brought live stood in a file.
    fn is_asked(&self, told: &BTreeMap<String, Told>) -> Result<(), Violation> {
        let directory = &self.stage.directory;
        let removals: BTreeSet<&PolicyId> = told
            .values()
            .filter_map(|told| told.intent.as_ref())
            .filter(|(_, operation, ..)| *operation == Operation::Remove)
            .map(|(id, ..)| id)
            .collect();
        if let Some(id) = removals.into_iter().find(|id| !directory.ever_removed(id)) {
            return Err(Invariant::Asked.broken(format!("{id} was removed, and its file never was")));
        }
        for job in self.stage.tenants.begun() {
            let Some((name, digest)) = &job.put else { continue };
            let id = PolicyId::new(job.tenant.clone(), name.clone());
            if !directory.ever_asked(&id, digest) {
                return Err(Invariant::Asked.broken(format!("{digest} of {id} stood in no file")));
            }
        }
        Ok(())
    }

    /// Of two jobs for the same the second was needed: the first was in vain, or something came in between.
    fn is_once(&self, told: &BTreeMap<String, Told>) -> Result<(), Violation> {
        let mut before: BTreeMap<PolicyId, Vec<Begun>> = BTreeMap::new();
        for job in self.stage.tenants.begun() {
            let Some((id, ..)) = told.get(&job.correlation).and_then(|told| told.intent.as_ref()) else {
                continue;
            };
            let earlier = before.entry(id.clone()).or_default();
            if let Some(last) = earlier.last()
                && last.put == job.put
                && !self.was_needed(earlier, last, &job)
            {
                return Err(Invariant::Once.broken(format!("{id}: after {last:?} came {job:?}")));
            }
            earlier.push(job);
        }
        Ok(())
    }

    fn was_needed(&self, earlier: &[Begun], last: &Begun, job: &Begun) -> bool {
        let world = &self.stage.world;
        let same_operation = last.correlation == job.correlation;
        if same_operation {
            // A tenant that does not know keys does again what it is sent again, as it is where the answer did not come, or
            // came to somebody who died of it.
            return !world.weather.keys && (!last.answered || last.life != job.life);
        }
        // It ended badly, or too late to be waited for, or one before it ended after it.
        let was_late = |job: &Begun| job.is_late(DEADLINE);
        last.ending != Ending::Well
            || earlier.iter().any(was_late)
            // It was never known whether it had been taken, and then the clock said that a day had passed.
            || ((!last.answered || last.life != job.life) && world.has_leapt())
            // Such a tenant may have lost the job that it made of what was sent again, and made one of what was sent first.
            || (!world.weather.keys && earlier.iter().any(|it| !it.answered || it.life != job.life))
    }

    fn is_live(&self, state: &State, report: &Report) -> Result<(), Violation> {
        for id in self.stage.directory.ids() {
            if self.may_end_unseen(&id) || self.is_guarded(report, &id) {
                continue;
            }
            let live = self.stage.tenants.live(&id.tenant).get(&id.name).copied();
            let hold = report.plan.held.iter().find(|held| held.subject == Subject::Policy(id.clone()));
            let reason = hold.map(|held| held.reason);
            let applied = state.policy(&id).and_then(|policy| Some(policy.applied.as_ref()?.digest));
            let fine = match self.stage.directory.wanted(&id) {
                Wanted::Digest(digest, weak) => {
                    let rolled_back = weak
                        && self.stage.world.weather.probes == Probes::Rollback
                        && reason == Some(HoldReason::RolledBack);
                    (live == Some(digest) && hold.is_none()) || rolled_back
                }
                // An abandoned job may have ended over it, which is known once the policy is worked on again.
                Wanted::Unknown => live == applied || state.policy(&id).is_some_and(is_unknown),
                // A removal that is not offered is asked for again and again.
                Wanted::Nothing => live.is_none() || !self.stage.world.weather.reads || self.may_stay(reason),
            };
            if !fine {
                let wanted = self.stage.directory.wanted(&id);
                return Err(
                    Invariant::Live.broken(format!("{id}: {wanted:?}, but {live:?} is live, held {hold:?}"))
                );
            }
        }
        Ok(())
    }

    /// Whether the guard holds all of its tenant: so many removals at once are not believed.
    fn is_guarded(&self, report: &Report, id: &PolicyId) -> bool {
        let of_tenant =
            |subject: &Subject| matches!(subject, Subject::Policy(other) if other.tenant == id.tenant);
        let mut held = report.plan.held.iter();
        held.any(|held| held.reason == HoldReason::Guard && of_tenant(&held.subject))
    }

    /// Whether a job of it may have ended without anybody's having had a reason to ask it.
    fn may_end_unseen(&self, id: &PolicyId) -> bool {
        self.may_end_unwatched(id) || self.may_end_unheard_of(id)
    }

    /// Whether a tenant that does not know keys made two jobs of one submit: of the first one nobody heard, so it may end
    /// last. What it brings live is for those who look at what is live, as the daemon does.
    fn may_end_unheard_of(&self, id: &PolicyId) -> bool {
        let begun = self.stage.tenants.begun();
        let of_it = |job: &&Begun| {
            job.tenant == id.tenant && job.put.as_ref().is_none_or(|(name, _)| *name == id.name)
        };
        let mut keys = BTreeSet::new();
        !self.stage.world.weather.keys && begun.iter().filter(of_it).any(|job| !keys.insert(&job.key))
    }

    /// Whether a job of it may have ended after the clock said that it is not worth asking any more: no clock that is a day
    /// ahead can be told from a day that has passed.
    fn may_end_unwatched(&self, id: &PolicyId) -> bool {
        let is_late = |job: &Begun| {
            job.tenant == id.tenant
                && job.put.as_ref().is_none_or(|(name, _)| *name == id.name)
                && (job.is_late(DEADLINE) || !job.answered || job.life < self.stage.tenants.life())
        };
        self.stage.world.has_leapt() && self.stage.tenants.begun().iter().any(is_late)
    }

    /// Whether a policy whose file is gone may stay live.
    fn may_stay(&self, reason: Option<HoldReason>) -> bool {
        let world = &self.stage.world;
        match reason {
            Some(HoldReason::PruneOff) => !world.weather.prune,
            Some(HoldReason::Guard) => true,
            Some(HoldReason::Invalid) => self.stage.directory.is_broken(),
            _ => false,
        }
    }

    /// What the state says is applied is live, or the state says that it does not know.
    fn agrees(&self, state: &State) -> Result<(), Violation> {
        for id in self.stage.directory.ids() {
            if self.may_end_unseen(&id) {
                continue;
            }
            let live = self.stage.tenants.live(&id.tenant).get(&id.name).copied();
            let known = state.policy(&id);
            let applied = known.and_then(|policy| Some(policy.applied.as_ref()?.digest));
            if live != applied && !known.is_some_and(is_unknown) {
                return Err(
                    Invariant::Agrees.broken(format!("{id}: {applied:?} is applied, {live:?} is live"))
                );
            }
        }
        Ok(())
    }
}

fn is_unknown(policy: &PolicyState) -> bool {
    policy.open.is_some() || policy.overtaken.is_some() || !policy.abandoned.is_empty()
}
