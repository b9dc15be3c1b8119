//! Probing what is live: whether the webchat endpoint stops what the policy says that it stops.
//!
//! With `{policy}` in the endpoint each policy is probed on its own, after its deploy. Without it the verdicts are the
//! tenant's: probed once after the last deploy of a pass, and written beside every policy of that pass.

use futures_util::future::join_all;
use tracing::{info, warn};
use uuid::Uuid;

use crate::config::Tenant;
use crate::entry::{Event, Scope, Verdict};
use crate::ledger::{Ledger, LedgerError};
use crate::outcome::{self, ProbeResult, Verification, success_rate};
use crate::policy::{PolicyId, PolicyName};
use crate::remote::{ReadTenant, standard_probes};
use crate::state::Applied;

/// Probes what is live at one tenant.
pub struct Verifier<'a, T> {
    /// Where verdicts are put on record.
    pub ledger: &'a Ledger,
    /// The tenant's settings.
    pub settings: &'a Tenant,
    /// The tenant.
    pub remote: &'a T,
}

impl<T: ReadTenant> Verifier<'_, T> {
    /// Probes one policy, where the endpoint knows policies.
    ///
    /// # Errors
    /// Only where the ledger fails.
    pub async fn policy(&self, id: &PolicyId) -> Result<Option<Verification>, LedgerError> {
        let per_policy = self.settings.verify.as_ref().is_some_and(|verify| verify.per_policy());
        let Some(applied) = self.applied(id).filter(|_| per_policy) else { return Ok(None) };
        let results = self.probe(Some(&id.name), applied.correlation_id).await;
        self.judge(id, &applied, Scope::Policy, &results).await.map(Some)
    }

    /// Whether the endpoint knows no policies, so that the tenant is probed as a whole.
    pub fn is_tenant_wide(&self) -> bool {
        self.settings.verify.as_ref().is_some_and(|verify| !verify.per_policy())
    }

    /// Probes the tenant once: what it shows.
    pub async fn tenant(&self, correlation: Uuid) -> Vec<ProbeResult> {
        self.probe(None, correlation).await
    }

    /// Puts the tenant's results on record beside one of the policies that were deployed.
    ///
    /// # Errors
    /// Only where the ledger fails.
    pub async fn judge_by_tenant(
        &self,
        id: &PolicyId,
        results: &[ProbeResult],
    ) -> Result<Option<Verification>, LedgerError> {
        let Some(applied) = self.applied(id) else { return Ok(None) };
        self.judge(id, &applied, Scope::Tenant, results).await.map(Some)
    }

    async fn probe(&self, policy: Option<&PolicyName>, correlation: Uuid) -> Vec<ProbeResult> {
        let probes = standard_probes();
        join_all(probes.iter().map(|probe| self.remote.probe(policy, probe, correlation))).await
    }

    async fn judge(
        &self,
        id: &PolicyId,
        applied: &Applied,
        scope: Scope,
        results: &[ProbeResult],
    ) -> Result<Verification, LedgerError> {
        let verification = Verification::of(results);
        let verdict = Verdict {
            id: id.clone(),
            correlation_id: applied.correlation_id,
            digest: applied.digest,
            scope,
            verification,
            success_rate: success_rate(results),
            probes: results.to_vec(),
        };
        let recorded = self.ledger.append(Event::Verdict(verdict)).await?;
        let each: Vec<String> = results.iter().map(line).collect();
        let each = each.join(", ");
        let rate = success_rate(results) * 100.0;
        match verification {
            Verification::Verified | Verification::NotConfigured => info!(
                name: "probe.result", policy = %id, verification = %verification, success_rate = success_rate(results),
                correlation = %applied.correlation_id, entry = recorded.sequence, head = %recorded.hash,
                "verify {id}: {verification}, {rate:.0} % ({each}), entry {}, head {}", recorded.sequence, recorded.hash,
            ),
            Verification::Degraded | Verification::Unverified => warn!(
                name: "probe.result", policy = %id, verification = %verification, success_rate = success_rate(results),
                correlation = %applied.correlation_id, entry = recorded.sequence, head = %recorded.hash,
                "verify {id}: {verification}, {rate:.0} % ({each}), entry {}, head {}", recorded.sequence, recorded.hash,
            ),
        }
        Ok(verification)
    }

    fn applied(&self, id: &PolicyId) -> Option<Applied> {
        self.ledger.read(|state| state.policy(id)?.applied.clone())
    }
}

fn line(result: &ProbeResult) -> String {
    let verdict = match result.verdict {
        outcome::Verdict::Blocked => "blocked",
        outcome::Verdict::Allowed => "ALLOWED",
        outcome::Verdict::Inconclusive => "inconclusive",
    };
    format!("{} {verdict} in {} ms", result.name, result.latency_ms)
}
