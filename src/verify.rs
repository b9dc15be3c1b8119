//! Probing what is live: whether the webchat endpoint stops what the policy says that it stops.
//!
//! With `{policy}` in the endpoint each policy is probed on its own, after its deploy. Without it the verdicts are the
//! tenant's: probed once after the last deploy of a pass, written beside every policy of that pass, and never a reason
//! to roll one back.

use futures_util::future::join_all;
use tracing::{Instrument as _, info, warn};
use uuid::Uuid;

use crate::config::{OnFailure, Tenant, Verify};
use crate::entry::{Event, Scope, Verdict};
use crate::ledger::{Ledger, LedgerError};
use crate::outcome::{self, ProbeResult, Verification, calls_for_rollback, success_rate};
use crate::policy::{PolicyId, PolicyName};
use crate::remote::ReadTenant;
use crate::spans;
use crate::state::Applied;

/// How many probes are named in the log one by one.
const MAX_LISTED: usize = 6;

/// Probes what is live at one tenant.
pub struct Verifier<'a, T> {
    /// Where verdicts are put on record.
    pub ledger: &'a Ledger,
    /// The tenant's settings.
    pub settings: &'a Tenant,
    /// The tenant.
    pub remote: &'a T,
}

/// What probing one policy on its own showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// What it comes to.
    pub verification: Verification,
    /// Whether it is grounds for a roll-back, and the settings ask for one.
    pub rolls_back: bool,
}

impl<T: ReadTenant> Verifier<'_, T> {
    /// Probes one policy, where the endpoint knows policies.
    ///
    /// # Errors
    /// Only where the ledger fails.
    pub async fn policy(&self, id: &PolicyId) -> Result<Option<Judgement>, LedgerError> {
        let verify = self.settings.verify.as_ref().filter(|verify| verify.per_policy());
        let (Some(verify), Some(applied)) = (verify, self.applied(id)) else { return Ok(None) };
        let results = self.probe(verify, Some(&id.name), applied.correlation_id).await;
        let verification = self.judge(id, &applied, Scope::Policy, verify, &results).await?;
        let rolls_back =
            verify.on_failure == OnFailure::Rollback && calls_for_rollback(&results, verify.required);
        Ok(Some(Judgement { verification, rolls_back }))
    }

    /// The settings of an endpoint that knows no policies, so that the tenant is probed as a whole.
    fn tenant_wide(&self) -> Option<&Verify> {
        self.settings.verify.as_ref().filter(|verify| !verify.per_policy())
    }

    /// Whether the tenant is probed as a whole.
    pub fn is_tenant_wide(&self) -> bool {
        self.tenant_wide().is_some()
    }

    /// Probes the tenant once: what it shows. Nothing where each policy is probed on its own.
    pub async fn tenant(&self, correlation: Uuid) -> Vec<ProbeResult> {
        match self.tenant_wide() {
            Some(verify) => self.probe(verify, None, correlation).await,
            None => Vec::new(),
        }
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
        let (Some(verify), Some(applied)) = (self.tenant_wide(), self.applied(id)) else { return Ok(None) };
        let span = spans::verdict(id, applied.correlation_id, applied.digest);
        let judged = self.judge(id, &applied, Scope::Tenant, verify, results).instrument(span);
        judged.await.map(Some)
    }

    async fn probe(
        &self,
        verify: &Verify,
        policy: Option<&PolicyName>,
        correlation: Uuid,
    ) -> Vec<ProbeResult> {
        join_all(verify.probes.iter().map(|probe| self.remote.probe(policy, probe, correlation))).await
    }

    async fn judge(
        &self,
        id: &PolicyId,
        applied: &Applied,
        scope: Scope,
        verify: &Verify,
        results: &[ProbeResult],
    ) -> Result<Verification, LedgerError> {
        let verification = Verification::of(results, verify.required);
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
        let each = listed(results);
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

/// All probes for the log; where there are many, those that came to what they should are only counted.
fn listed(results: &[ProbeResult]) -> String {
    let all = results.len() <= MAX_LISTED;
    let mut lines: Vec<String> = results.iter().filter(|result| all || !result.is_met()).map(line).collect();
    let rest = results.len() - lines.len();
    if rest > 0 {
        lines.push(format!("{rest} as expected"));
    }
    lines.join(", ")
}

/// One probe in the log; what is not as it should be stands out.
fn line(result: &ProbeResult) -> String {
    let verdict = match (result.verdict, result.is_missed()) {
        (outcome::Verdict::Blocked, false) => "blocked",
        (outcome::Verdict::Blocked, true) => "BLOCKED",
        (outcome::Verdict::Allowed, false) => "allowed",
        (outcome::Verdict::Allowed, true) => "ALLOWED",
        (outcome::Verdict::Inconclusive, _) => "inconclusive",
    };
    format!("{} {verdict} in {} ms", result.name, result.latency_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Expected;

    #[test]
    fn many_probes_are_told_by_what_is_not_as_it_should_be() {
        let result = |expected, verdict| ProbeResult { name: "p".into(), expected, verdict, latency_ms: 7 };
        let fine = result(Expected::Blocked, outcome::Verdict::Blocked);
        let through = result(Expected::Blocked, outcome::Verdict::Allowed);
        let stopped = result(Expected::Allowed, outcome::Verdict::Blocked);
        let few = [fine.clone(), through.clone(), stopped.clone()];
        assert_eq!(listed(&few), "p blocked in 7 ms, p ALLOWED in 7 ms, p BLOCKED in 7 ms");
        let many = [vec![fine; 9], vec![through, stopped]].concat();
        assert_eq!(listed(&many), "p ALLOWED in 7 ms, p BLOCKED in 7 ms, 9 as expected");
    }
}
