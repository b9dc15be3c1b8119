//! One pass: source, validate, drift, plan, guard, deploy, verify, on record.
//!
//! `chatward apply` makes one, the daemon one after another; `chatward plan` is [`look`], which stops before doing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::config::Settings;
use crate::deploy::pace::Pace;
use crate::deploy::{Progress, Stage, StepError};
use crate::drift::Live;
use crate::entry::{Bound, Event};
use crate::hints;
use crate::host::Host;
use crate::ledger::Ledger;
use crate::live::LiveView;
use crate::plan::{Action, Decided, Plan, Retry, provenance};
use crate::policy::{PolicyId, TenantName};
use crate::remote::WriteTenant;
use crate::snapshot::Snapshot;
use crate::source::{Payloads, Scope, Settled, Source, watch};

mod holds;
mod index;
mod live;
mod look;
mod report;
mod suspensions;
mod telling;
mod tenant;
mod work;

use live::Lives;
pub use live::Looks;
pub use look::{Sight, check_bindings, look, source, terms};
use look::{settled, trace};
pub use report::{Report, Survey};
use telling::Told;

/// What a tenant of the settings is, against what the ledger binds it to.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// They differ.
    #[error(
        "tenant {tenant} is {configured}, but the state was made for {bound}; if that is meant, --rebind takes the new \
         one and forgets what was applied to the old"
    )]
    Differs {
        /// Which.
        tenant: TenantName,
        /// What the settings say.
        configured: String,
        /// What the ledger says.
        bound: String,
    },
    /// The ledger fails.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Makes passes.
pub struct Reconciler<T> {
    settings: Settings,
    source: Arc<Mutex<Source>>,
    payloads: Payloads,
    ledger: Arc<Ledger>,
    tenants: BTreeMap<TenantName, T>,
    paces: BTreeMap<TenantName, Pace>,
    host: Host,
    /// What was told of the last pass.
    told: Told,
    /// What was said to be suspended.
    suspended: suspensions::Told,
    /// How often in a row each tenant could not be worked with.
    failed: Mutex<BTreeMap<TenantName, u32>>,
    looks: Looks,
    lives: Mutex<Lives>,
    /// What the last plan knew of live.
    planned: Arc<LiveView>,
}

impl<T: WriteTenant> Reconciler<T> {
    /// Binds every tenant that the ledger does not know yet, and with `rebind` those that are another now.
    ///
    /// # Errors
    /// Where a tenant is another than the ledger knows, and where the ledger fails.
    pub async fn new(
        settings: Settings,
        ledger: Ledger,
        tenants: BTreeMap<TenantName, T>,
        host: Host,
        rebind: bool,
    ) -> Result<Self, BindError> {
        if !rebind {
            ledger.read(|state| check_bindings(&settings, state))?;
        }
        for tenant in settings.tenants.values() {
            let bound = ledger.read(|state| state.tenants.get(&tenant.name).map(|t| t.binding.clone()));
            let Some(binding) = tenant.binding().filter(|binding| Some(binding) != bound.as_ref()) else {
                continue;
            };
            let event = Event::Bound(Bound { tenant: tenant.name.clone(), binding });
            ledger.append(event).await.map_err(StepError::from)?;
        }
        let source = source(&settings);
        let payloads = source.payloads();
        let source = Arc::new(Mutex::new(source));
        let mut learnt = hints::load(&settings.state);
        let pace = |name: &TenantName| (name.clone(), Pace::new(learnt.remove(name).unwrap_or_default()));
        let paces = tenants.keys().map(pace).collect();
        let ledger = Arc::new(ledger);
        let (told, suspended, failed, looks, lives, planned) = Default::default();
        Ok(Self {
            settings,
            source,
            payloads,
            ledger,
            tenants,
            paces,
            host,
            told,
            suspended,
            failed,
            looks,
            lives,
            planned,
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The ledger.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// One pass, over what can have changed where a scope tells that.
    ///
    /// # Errors
    /// Only where the ledger fails: nothing may happen that it can't tell.
    pub async fn pass(
        &mut self,
        (retry, scope): (Retry, &Scope),
        stops: (&CancellationToken, &CancellationToken),
        progress: &dyn Progress,
    ) -> Result<Report, StepError> {
        let survey = self.survey((retry, scope), progress).await?;
        self.carry_out(survey, stops, progress).await
    }

    /// The first half of a pass: what would be done, and nothing done.
    ///
    /// # Errors
    /// Only where the ledger fails.
    pub async fn survey(
        &mut self,
        (retry, scope): (Retry, &Scope),
        progress: &dyn Progress,
    ) -> Result<Survey, StepError> {
        self.end_suspensions().await?;
        let suspensions = self.ledger.read(|state| state.suspensions.clone());
        let before = self.differences(&self.planned);
        self.planned = Arc::new(self.view());
        progress.seen(&self.planned);
        let known = self.differences(&self.planned);
        let (snapshot, plan) = self.look_twice((retry, scope), known != before, progress).await?;
        Ok(Survey { snapshot, plan: Arc::new(plan), known, suspensions })
    }

    /// The other half.
    ///
    /// # Errors
    /// Only where the ledger fails.
    pub async fn carry_out(
        &mut self,
        Survey { snapshot, plan, known, suspensions }: Survey,
        stops: (&CancellationToken, &CancellationToken),
        progress: &dyn Progress,
    ) -> Result<Report, StepError> {
        progress.planned(&snapshot, &plan);
        self.record_holds(&plan).await?;
        self.tell_suspensions(&plan);
        self.tell(&plan);
        progress.begin(plan.steps.len());
        let started = Instant::now();
        let this = &*self;
        let works = this.tenants.iter().map(|(name, remote)| this.work(name, remote, &plan, stops, progress));
        let (mut results, mut failures) = (Vec::new(), BTreeMap::new());
        for (name, work) in this.tenants.keys().zip(join_all(works).await) {
            let (taken, failure) = work?;
            results.extend(taken);
            failures.extend(failure.map(|failure| (name.clone(), failure)));
        }
        progress.stage(Stage::Deploy, started.elapsed());
        self.keep_hints();
        self.ledger.checkpoint(false)?;
        self.carry_on(&suspensions).await?;
        let look_again = self.differences(&self.view()) != known;
        Ok(Report { plan, results, failures, snapshot, look_again })
    }

    /// What a view of live shows not to be there as it was brought live.
    fn differences(&self, view: &LiveView) -> BTreeMap<PolicyId, Live> {
        self.ledger.read(|state| view.differences(state))
    }

    /// Keeps how long jobs take, if this pass learnt of it. Without that file the next start learns anew.
    fn keep_hints(&self) {
        // Every tenant is asked: each tells its news once.
        if self.paces.values().filter(|pace| pace.take_news()).count() == 0 {
            return;
        }
        let learnt = self.paces.iter().map(|(name, pace)| (name.clone(), pace.durations()));
        if let Err(error) = hints::save(&self.settings.state, learnt.collect()) {
            warn!(name: "hints.unsaved", error = %error, "how long jobs take is not kept: {error}");
        }
    }

    /// Looks, and where something would be removed looks once more after a while: only a removal that both see counts.
    async fn look_twice(
        &self,
        (retry, scope): (Retry, &Scope),
        all: bool,
        progress: &dyn Progress,
    ) -> Result<(Arc<Snapshot>, Plan), StepError> {
        let (snapshot, plan) = self.look((retry, scope), all || progress.knows_nothing(), progress).await?;
        if plan.count(Action::Remove) == 0 {
            return Ok((snapshot, plan));
        }
        let first: BTreeSet<PolicyId> = removals(&plan).cloned().collect();
        tokio::time::sleep(watch::QUIET * 2).await;
        let (snapshot, mut plan) = self.look((retry, &Scope::Everything), true, progress).await?;
        plan.steps.retain(|step| step.action != Action::Remove || first.contains(&step.id));
        plan.hold_parts();
        Ok((snapshot, plan))
    }

    /// One look: at what can differ from the plan before where that is known, at everything where `all` of it is asked for.
    async fn look(
        &self,
        (retry, scope): (Retry, &Scope),
        all: bool,
        progress: &dyn Progress,
    ) -> Result<(Arc<Snapshot>, Plan), StepError> {
        let started = Instant::now();
        // This process alone writes the ledger, so what was settled holds as long as it was carried on.
        let (head, terms) = (self.ledger.read(|state| state.head.hash), terms(&self.settings));
        let holds = move |known: &Settled| !all && known.head == head && known.terms == terms;
        let scope = scope.clone();
        let snapshot = self.of_source(move |source| source.sight(&scope, holds)).await?;
        debug!(name: "snapshot.taken", "the policy directory was looked at");
        progress.stage(Stage::Snapshot, started.elapsed());
        let started = Instant::now();
        let (mut plan, files, settled) = self.ledger.read(|state| {
            let Decided { plan, in_sync } = self.sight(retry, |sight| sight.decide(&snapshot, state));
            let files = provenance::files(&plan, state);
            // A part is made of what held at that head: what is on record since may be about what is not in it.
            let holds = snapshot.part.is_none() || state.head.hash == head;
            let settled = holds.then(|| settled(&plan, in_sync, terms, state.head.hash)).flatten();
            (plan, files, settled)
        });
        self.of_source(move |source| source.settle(settled)).await?;
        debug!(name: "plan.made", steps = plan.steps.len(), "{plan}");
        if !files.is_empty() {
            let commits = self.of_source(move |source| source.commits(&files)).await?;
            debug!(name: "commits.told", commits = commits.len(), "git was asked what the files are from");
            self.ledger.read(|state| trace(&mut plan, state, &self.settings, &commits));
        }
        progress.stage(Stage::Plan, started.elapsed());
        Ok((snapshot, plan))
    }

    fn sight<R>(&self, retry: Retry, look: impl FnOnce(&Sight<'_>) -> R) -> R {
        look(&Sight {
            settings: &self.settings,
            live: &self.planned,
            retry,
            host: &self.host,
            payload_at: &|at| self.ledger.payload_at(at),
            payload_of: &|id, desired| self.payloads.get(id, desired).ok(),
        })
    }

    /// Asks the source, where reading files keeps nobody else waiting.
    async fn of_source<R: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Source) -> R + Send + 'static,
    ) -> Result<R, StepError> {
        let source = Arc::clone(&self.source);
        let asked = move || ask(&mut source.lock().unwrap_or_else(PoisonError::into_inner));
        self.host.wait_for(asked).await.map_err(|_| StepError::Internal("the source panicked"))
    }
}

fn removals(plan: &Plan) -> impl Iterator<Item = &PolicyId> {
    plan.steps.iter().filter(|step| step.action == Action::Remove).map(|step| &step.id)
}
