//! Lives of one process after another: a ledger is opened, passes are made, and it ends in one way or another.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use chatward::config::{self, Lookup, Overrides, Settings};
use chatward::deploy::{Progress, StepError};
use chatward::ledger::{self, Ledger, LedgerError};
use chatward::plan::{Action, Retry};
use chatward::reconcile::{BindError, Reconciler, Report};
use chatward::remote::{HttpTenant, Tokens, Tuning};
use chatward::sandbox::Sandbox;
use chatward::source::Scope;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::directory::Directory;
use super::disk::{Mounted, SimulatedDisk};
use super::invariants::{Invariant, Witness};
use super::tenants::Tenants;
use super::weather::Probes;
use super::world::{Moment, World, wall_clock};
use super::{Sabotage, Violation};

/// How long one pass waits for a job.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// After so many passes of the calm all has to be as it was asked for.
const PATIENCE: usize = 12;
/// Between two passes of the calm: longer than any back-off.
const REST: Duration = Duration::from_secs(3_700);

/// What a run is played with.
pub struct Stage {
    pub world: Arc<World>,
    pub directory: Arc<Directory>,
    pub disk: Arc<SimulatedDisk>,
    pub tenants: Arc<Tenants>,
}

/// How something that a process did came to its end.
enum Ended<T> {
    /// By itself.
    Finished(T),
    /// With its process.
    Died,
}

/// Somebody who has to be told of everything.
struct Ignorant;

impl Progress for Ignorant {
    fn knows_nothing(&self) -> bool {
        true
    }
}

/// Leads one run from the first life to the last.
pub async fn lead(world: &Arc<World>) -> Result<(), Violation> {
    let directory = Directory::new(world);
    let stage = Stage {
        world: Arc::clone(world),
        disk: SimulatedDisk::new(world),
        tenants: Tenants::new(world),
        directory,
    };
    for _ in 0..world.weather.lives {
        stage.live().await?;
        if world.weather.power && world.one_in(2) {
            stage.disk.cut_power();
        }
    }
    stage.calm().await
}

impl Stage {
    fn witness(&self) -> Witness<'_> {
        Witness { stage: self }
    }

    /// One life in the storm.
    async fn live(&self) -> Result<(), Violation> {
        let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
        let Some(mut reconciler) = self.start(&drain, &stop).await? else { return Ok(()) };
        for _ in 0..1 + self.world.below(12) {
            if drain.is_cancelled() {
                break;
            }
            self.world.count(|course| course.passes += 1);
            let pass = Box::pin(reconciler.pass((Retry::Due, &Scope::Everything), (&drain, &stop), &()));
            match self.step(&drain, &stop, pass).await {
                Ended::Died => return Ok(()),
                Ended::Finished(report) => {
                    if self.or_failed(report)?.is_none() {
                        return Ok(());
                    }
                }
            }
            self.witness().at_rest(&reconciler)?;
            let rest = Duration::from_secs(self.world.pick(&[0, 1, 10, 70, 300]));
            if let Ended::Died = self.step(&drain, &stop, sleep(rest)).await {
                return Ok(());
            }
        }
        let leave = async {
            reconciler.keep_index().await?;
            Ok(reconciler.ledger().checkpoint(true)?)
        };
        if let Ended::Finished(left) = self.step(&drain, &stop, leave).await {
            self.or_failed(left)?;
        }
        Ok(())
    }

    /// The last life, in which nothing goes wrong.
    async fn calm(&self) -> Result<(), Violation> {
        self.world.calm_down();
        self.directory.bring_back();
        let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
        let Some(mut reconciler) = self.start(&drain, &stop).await? else {
            return Err(Invariant::Opens.broken("it can't be opened in the calm"));
        };
        let mut pass = 0;
        loop {
            // Once somebody asks for what was refused to be sent again: it is not refused any more.
            let retry = if pass == 2 { Retry::Rejected } else { Retry::Due };
            let report = reconciler.pass((retry, &Scope::Everything), (&drain, &stop), &()).await;
            let report = report.map_err(|error| Invariant::Opens.broken(error))?;
            sleep(REST).await;
            pass += 1;
            if pass > 3 && self.is_settled(&report) && self.all_have_ended() {
                break;
            }
            if pass == PATIENCE {
                return Err(
                    Invariant::Ends.broken(format!("{:?}, held {:?}", report.plan.steps, report.plan.held))
                );
            }
        }
        if self.world.sabotage == Some(Sabotage::Removal) {
            let _ = self.directory.ids().iter().any(|id| self.tenants.lose(id));
        }
        let requests = self.world.requests();
        let report = reconciler.pass((Retry::Due, &Scope::Everything), (&drain, &stop), &Ignorant).await;
        let report = report.map_err(|error| Invariant::Opens.broken(error))?;
        let after = self.world.requests();
        if after > requests && report.plan.steps.is_empty() {
            return Err(Invariant::Rests.broken(format!("{} requests", after - requests)));
        }
        self.witness().in_the_end(&reconciler, &report)
    }

    /// Whether a pass found nothing to be done any more, but to watch what may still end, or what is not offered.
    fn is_settled(&self, report: &Report) -> bool {
        let rests = |action| match action {
            Action::Watch => true,
            Action::Remove => !self.world.weather.reads,
            _ => false,
        };
        report.failures.is_empty() && report.plan.steps.iter().all(|step| rests(step.action))
    }

    /// Whether every job that ever ends has done so.
    fn all_have_ended(&self) -> bool {
        self.tenants.last_end().is_none_or(|end| end < self.world.true_now())
    }

    /// A process starts: nothing, where it does not get that far.
    async fn start(
        &self,
        drain: &CancellationToken,
        stop: &CancellationToken,
    ) -> Result<Option<Reconciler<HttpTenant>>, Violation> {
        self.tenants.begin_life(self.world.begin_life());
        let host = self.world.host();
        let disk = Arc::new(Mounted(Arc::clone(&self.disk)));
        let settings = settings(&self.world, &self.directory);
        let options = ledger::Options { segment_bytes: self.world.weather.segment, key: None };
        let opened = Ledger::open_on(disk, &settings.state, Arc::clone(&host.clock), options);
        let Some(ledger) = self.or_failed(opened.map_err(StepError::from))? else { return Ok(None) };
        let tokens = Arc::new(Tokens::default());
        let tuning = Tuning { now: wall_clock, ..Tuning::default() };
        let remotes = settings.tenants.iter().map(|(name, tenant)| {
            let remote = HttpTenant::over(Arc::clone(&self.tenants) as _, tenant, &tokens, tuning).unwrap();
            (name.clone(), remote)
        });
        let remotes: BTreeMap<_, _> = remotes.collect();
        let new = Box::pin(Reconciler::new(settings, ledger, remotes, host, false));
        match self.step(drain, stop, new).await {
            Ended::Died => Ok(None),
            Ended::Finished(new) => self.or_failed(new.map_err(|error| match error {
                BindError::Step(error) => error,
                BindError::Differs { .. } => StepError::Internal("another tenant"),
            })),
        }
    }

    /// What came of something that only a failing ledger ends. Nothing, where the process died or its disk failed.
    fn or_failed<T>(&self, result: Result<T, StepError>) -> Result<Option<T>, Violation> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(StepError::Ledger(LedgerError::Io { .. } | LedgerError::Stopped(_)))
                if self.world.is_dead() || self.world.disk_failed() =>
            {
                Ok(None)
            }
            Err(error) => Err(Invariant::Opens.broken(error)),
        }
    }

    /// Lets something happen moment by moment, with all that a moment may bring.
    async fn step<T>(
        &self,
        drain: &CancellationToken,
        stop: &CancellationToken,
        what: impl Future<Output = T>,
    ) -> Ended<T> {
        let mut what = pin!(what);
        poll_fn(|context| {
            match self.world.moment(drain, stop) {
                Moment::Death => return Poll::Ready(Ended::Died),
                Moment::Edit => self.directory.edit(),
                Moment::Calm => {}
            }
            match what.as_mut().poll(context) {
                _ if self.world.is_dead() => Poll::Ready(Ended::Died),
                Poll::Ready(done) => Poll::Ready(Ended::Finished(done)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

fn settings(world: &Arc<World>, directory: &Directory) -> Settings {
    let mut text = String::from("tenants:\n");
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    for name in directory.tenants() {
        let at = Sandbox::endpoints(address, &name);
        let verify = match world.weather.probes {
            Probes::None => String::new(),
            Probes::Tenant => format!("verify: {{ endpoint: '{}/chat' }}", at.base_url),
            Probes::Policy => format!("verify: {{ endpoint: '{}' }}", at.chat_endpoint),
            Probes::Rollback => {
                format!("verify: {{ endpoint: '{}', on_failure: rollback }}", at.chat_endpoint)
            }
        };
        let (base_url, token_url, jobs) = (at.base_url, at.token_url, world.weather.jobs);
        text += &format!(
            "  - {{ name: {name}, base_url: '{base_url}', token_url: '{token_url}', client_id: simulated, \
             client_secret: {{ env: SECRET }}, limits: {{ jobs_in_flight: {jobs} }}, \
             job: {{ deadline: {}s }}, {verify} }}\n",
            DEADLINE.as_secs(),
        );
    }
    let env = |name: &str| (name == "SECRET").then(|| "simulated-secret".to_owned());
    let file = |_: &Path| Err("no files here".to_owned());
    let overrides = Overrides {
        policies: Some(world.policies()),
        state: Some(world.state()),
        prune: world.weather.prune,
        ..Overrides::default()
    };
    config::resolve(Some(&text), overrides, &Lookup { env: &env, file: &file }).unwrap()
}
