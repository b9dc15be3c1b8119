//! What the log tells of a plan, each thing once, and that an approved one is begun.

use std::collections::BTreeMap;

use tracing::{info, warn};

use super::Reconciler;
use crate::deploy::StepError;
use crate::digest::PlanDigest;
use crate::entry::{Event, PlanReleased};
use crate::ledger::LedgerError;
use crate::plan::Plan;
use crate::plan::guard::Weakening;
use crate::plan::review::ApprovedPlan;
use crate::policy::TenantName;
use crate::remote::WriteTenant;
use crate::report::{DriftReport, warn_of_weakening};

/// What was told of the last pass.
#[derive(Debug, Default)]
pub(super) struct Told {
    report: Option<DriftReport>,
    held: BTreeMap<TenantName, PlanDigest>,
}

impl<T: WriteTenant> Reconciler<T> {
    /// Tells what a plan says. What stays so for long is told when it changes, and counted in the metrics meanwhile.
    pub(super) fn tell(&mut self, plan: &Plan) {
        let report = DriftReport::of(plan);
        if let Some(report) = report.as_ref().filter(|report| self.told.report.as_ref() != Some(*report)) {
            report.log();
        }
        for (tenant, held) in &plan.held_whole {
            if self.told.held.get(tenant) == Some(&held.digest) {
                continue;
            }
            let (digest, changes, why) = (held.digest, held.changes.len(), &held.why);
            warn!(
                name: "plan.held", tenant = %tenant, digest = %digest, changes, why,
                "tenant {tenant}: its whole plan is held: {why}; chatward approve {digest} lets exactly that through",
            );
        }
        let held = plan.held_whole.iter().map(|(tenant, held)| (tenant.clone(), held.digest)).collect();
        self.told = Told { report, held };
        if self.settings.guard.weakening != Weakening::Allow {
            warn_of_weakening(plan);
        }
    }

    /// Uses an approval up, before the first of its changes is begun. Whether there still is one: it may have become too old.
    pub(super) async fn release(
        &self,
        tenant: &TenantName,
        approved: ApprovedPlan,
    ) -> Result<bool, StepError> {
        let ApprovedPlan { digest, changes } = approved;
        let released = PlanReleased { tenant: tenant.clone(), digest, changes };
        match self.ledger.append(Event::PlanReleased(released)).await {
            Ok(_) => {}
            Err(LedgerError::Illegal(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        info!(
            name: "plan.released", tenant = %tenant, digest = %digest, changes,
            "tenant {tenant}: the plan {digest} was approved and is let through",
        );
        Ok(true)
    }
}
