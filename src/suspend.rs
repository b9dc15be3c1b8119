//! Leaving a tenant or a policy alone, as somebody asks for it: put on record, and answered with what that means.
//!
//! `chatward suspend` and `chatward resume` end here, by way of the daemon where one writes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Settings;
use crate::entry::{Event, Requester, Resumed, Suspended, Target};
use crate::ledger::{Ledger, LedgerError};
use crate::policy::{PolicyName, TenantName};
use crate::suspension::{self, Term, TermError};

/// How many of one tenant's policies can be suspended one by one.
const MAX_POLICIES: usize = 1_000;

/// What somebody asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// Which tenant.
    pub tenant: TenantName,
    /// Which of its policies; all of them, if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PolicyName>,
    /// Until when: a time of RFC 3339, or how long from now.
    pub until: String,
    /// Why.
    pub reason: String,
    /// Who asks, as they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Requester>,
}

/// That somebody wants no more of that.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// Which tenant.
    pub tenant: TenantName,
    /// Which of its policies; what was asked for the tenant as a whole, if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PolicyName>,
    /// Who asks, as they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Requester>,
}

/// Why nothing of it is done.
#[derive(Debug, thiserror::Error)]
pub enum SuspendError {
    /// There is no such tenant.
    #[error("tenant {0} is not in the settings")]
    UnknownTenant(TenantName),
    /// Its end or its reason can't be used.
    #[error("{0}; give --until a time such as 2026-12-01T00:00Z or a duration such as 2h, and --reason why")]
    Term(#[from] TermError),
    /// There are very many already.
    #[error("{MAX_POLICIES} policies of tenant {0} are suspended already; suspend the tenant")]
    TooMany(TenantName),
    /// There is nothing to end.
    #[error("{0} is not suspended by anybody{1}")]
    NotSuspended(Target, &'static str),
    /// The ledger fails.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

fn target(tenant: &TenantName, name: Option<&PolicyName>) -> Target {
    let (tenant, name) = (tenant.clone(), name.cloned());
    match name {
        Some(name) => Target::Policy(crate::policy::PolicyId { tenant, name }),
        None => Target::Tenant { tenant },
    }
}

/// Whoever did not say.
fn requester(by: Option<&Requester>) -> Requester {
    by.map_or_else(|| Requester::new("unknown", "unknown"), Requester::bounded)
}

/// Whether the settings have that tenant.
///
/// # Errors
/// Where they have not.
pub fn check(settings: &Settings, tenant: &TenantName) -> Result<(), SuspendError> {
    match settings.tenants.contains_key(tenant) {
        true => Ok(()),
        false => Err(SuspendError::UnknownTenant(tenant.clone())),
    }
}

/// Puts on record that something is left alone, and says what that means.
///
/// # Errors
/// Where it can't be, or the ledger fails.
pub async fn suspend(ledger: &Ledger, asked: &Suspend, now: Timestamp) -> Result<String, SuspendError> {
    let term = Term::new(suspension::until(&asked.until, now)?, &asked.reason)?;
    let target = target(&asked.tenant, asked.name.as_ref());
    let known = ledger.read(|state| {
        let of_tenant = state.suspensions.get(&asked.tenant);
        let full = of_tenant.is_some_and(|known| known.policies.len() >= MAX_POLICIES);
        let again = state.suspended().any(|(other, _)| other == target);
        if full && !again && asked.name.is_some() {
            return Err(SuspendError::TooMany(asked.tenant.clone()));
        }
        Ok(target.policy().is_none_or(|id| state.policy(id).is_some()))
    })?;
    let until = term.until.strftime("%FT%TZ");
    let unknown = if known { "" } else { " Nothing of that name was deployed so far." };
    let said = format!(
        "Suspended: {target} until {until}. Nothing is sent for it until then, or until `chatward resume {target}`.{unknown}"
    );
    let by = requester(asked.by.as_ref());
    ledger.append(Event::Suspended(Suspended { target, term, by })).await?;
    Ok(said)
}

/// Puts on record that it is left alone no longer, and says what that means.
///
/// # Errors
/// Where it is not, or the ledger fails.
pub async fn resume(ledger: &Ledger, asked: &Resume) -> Result<String, SuspendError> {
    let target = target(&asked.tenant, asked.name.as_ref());
    let (own, whole) = ledger.read(|state| {
        let whole = state.suspensions.get(&asked.tenant).is_some_and(|known| known.all.is_some());
        (state.suspended().any(|(other, _)| other == target), whole)
    });
    let policy = asked.name.is_some();
    if !own {
        let hint = match (policy, whole) {
            (true, true) => "; its whole tenant is",
            (true, false) => "; where its document does, take `chatward.dev/suspend` out of that",
            (false, _) => "",
        };
        return Err(SuspendError::NotSuspended(target, hint));
    }
    let still = if policy && whole { " Its whole tenant is still suspended." } else { "" };
    let said = format!("Resumed: {target}. The next pass does what is pending.{still}");
    ledger.append(Event::Resumed(Resumed { target, by: Some(requester(asked.by.as_ref())) })).await?;
    Ok(said)
}
