//! What a pass does at one tenant: connect, register webhooks, take the steps, ask what it has.

use tokio_util::sync::CancellationToken;

use super::Reconciler;
use crate::config::Tenant;
use crate::deploy::{Deployer, Progress, StepError, StepResult};
use crate::outcome::Failure;
use crate::plan::review::ApprovedPlan;
use crate::plan::{Plan, Step};
use crate::policy::TenantName;
use crate::remote::WriteTenant;
use crate::webhook::{self, Registrar};

/// All that is to be done at one tenant.
struct Work<'a> {
    steps: Vec<&'a Step>,
    webhooks: Vec<webhook::Due<'a>>,
    /// Whether it is asked what it has.
    look: bool,
    /// What of it only an approval lets through.
    approved: Option<ApprovedPlan>,
}

impl<T: WriteTenant> Reconciler<T> {
    /// All that a pass does at one tenant: nothing at all where nothing is to be done.
    pub(super) async fn work(
        &self,
        name: &TenantName,
        remote: &T,
        plan: &Plan,
        (drain, stop): (&CancellationToken, &CancellationToken),
        progress: &dyn Progress,
    ) -> Result<(Vec<StepResult>, Option<Failure>), StepError> {
        let Some(tenant) = self.settings.tenants.get(name) else { return Ok(Default::default()) };
        let work = Work {
            steps: plan.steps.iter().filter(|step| step.id.tenant == *name).collect(),
            webhooks: self.ledger.read(|state| match state.is_suspended(name, self.host.now()) {
                true => Ok(Vec::new()),
                false => webhook::due(tenant, state),
            })?,
            look: self.is_live_due(tenant),
            approved: plan.approved.get(name).copied(),
        };
        if (work.steps.is_empty() && work.webhooks.is_empty() && !work.look) || drain.is_cancelled() {
            return Ok(Default::default());
        }
        let worked = self.work_at(tenant, remote, work, (drain, stop), progress).await?;
        self.record_breaker(name, remote).await?;
        Ok(worked)
    }

    async fn work_at(
        &self,
        tenant: &Tenant,
        remote: &T,
        Work { steps, webhooks, look, approved }: Work<'_>,
        (drain, stop): (&CancellationToken, &CancellationToken),
        progress: &dyn Progress,
    ) -> Result<(Vec<StepResult>, Option<Failure>), StepError> {
        let prepared = tokio::select! {
            biased;
            prepared = self.prepare(tenant, remote, webhooks) => prepared?,
            () = stop.cancelled() => return Ok(Default::default()),
        };
        let failed = match prepared {
            Ok(failed) => {
                progress.connected(&tenant.name);
                failed
            }
            Err(failure) => return Ok((Vec::new(), Some(failure))),
        };
        let Some(pace) = self.paces.get(&tenant.name) else { return Ok(Default::default()) };
        // While nothing would be begun, an approval is not used up.
        let begins = !drain.is_cancelled() && remote.breaker().open_until(self.host.now()).is_none();
        if let Some(approved) = approved.filter(|_| begins)
            && !self.release(&tenant.name, approved).await?
        {
            return Ok((Vec::new(), failed));
        }
        let deployer = Deployer::new(
            &self.ledger,
            tenant,
            (remote, pace, &self.payloads),
            &self.host,
            (drain, stop),
            progress,
        );
        let results = deployer.run(&steps).await?;
        if look && !drain.is_cancelled() {
            tokio::select! {
                biased;
                () = self.look_at(tenant, remote) => {}
                () = stop.cancelled() => {}
            }
        }
        Ok((results, failed))
    }

    /// Connects, and registers webhooks: what must be there before a step is taken, and what can fail beside one.
    async fn prepare(
        &self,
        tenant: &Tenant,
        remote: &T,
        webhooks: Vec<webhook::Due<'_>>,
    ) -> Result<Result<Option<Failure>, Failure>, StepError> {
        if let Err(failure) = self.connect(tenant, remote).await? {
            return Ok(Err(failure));
        }
        let mut failed = None;
        let registrar = Registrar { ledger: &self.ledger, remote, host: &self.host, tenant };
        for due in webhooks {
            failed = registrar.settle(due).await?.err().or(failed);
        }
        Ok(Ok(failed))
    }
}
