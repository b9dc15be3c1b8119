//! What tenants say they have, against what the ledger says was brought live there.
//!
//! A listing is compared once, when it is read, and only what differs is kept. It says nothing of a policy that was worked on
//! since it was asked for. What a tenant adds, reorders or leaves out because it is empty is no difference; a directive
//! more or less always is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::digest::{Digest, canonical_json};
use crate::drift::Live;
use crate::payload::Payload;
use crate::policy::{PolicyId, PolicyName, TenantName};
use crate::printable::printable;
use crate::remote::LivePolicy;
use crate::state::{PolicyState, Position, State, TenantState};

/// The longest name of whoever changed something there, in characters.
const MAX_NAME: usize = 100;
/// Where the order of a list means nothing.
const SETS: [&str; 2] = ["/securityProfile/xssProtection/filterRules", "/securityProfile/botDetection/rules"];
/// Where every member counts, whoever added it.
const DIRECTIVES: &str = "/securityProfile/contentSecurityPolicy/directives";

/// What is known of all tenants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveView {
    /// Of those that were asked.
    pub tenants: BTreeMap<TenantName, TenantLive>,
}

/// What one tenant said it has.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantLive {
    /// When it was asked.
    pub time: Timestamp,
    answer: Answer,
    /// What the ledger reached to then: what was meant later may not be in the answer yet.
    last: Position,
    /// Policies that were being worked on then.
    open: BTreeSet<PolicyName>,
}

#[derive(Debug, Clone, PartialEq)]
enum Answer {
    /// None.
    Unknown,
    /// It can't be asked.
    NotOffered,
    /// What differs from what was applied.
    Differs(BTreeMap<PolicyName, Difference>),
}

#[derive(Debug, Clone, PartialEq)]
struct Difference {
    live: Live,
    by: Option<Arc<str>>,
}

/// A tenant that is about to be asked, and what was brought live there: its answer is compared with that, and with nothing
/// that comes later.
#[derive(Debug, Clone)]
pub struct Asking {
    seen: TenantLive,
    applied: BTreeMap<PolicyName, (Digest, Position)>,
}

impl TenantLive {
    /// Nothing is known, as of now.
    pub fn unknown(time: Timestamp) -> Self {
        Self { time, answer: Answer::Unknown, last: Position::default(), open: BTreeSet::new() }
    }

    /// It can't be asked.
    pub fn not_offered(time: Timestamp) -> Self {
        Self { answer: Answer::NotOffered, ..Self::unknown(time) }
    }

    /// Whatever of it is worked on from now on, the tenant's answer says nothing of.
    pub fn ask(time: Timestamp, state: &State, tenant: &TenantName) -> Asking {
        let policies = || state.tenants.get(tenant).into_iter().flat_map(|tenant| &tenant.policies);
        let open = policies().filter(|(_, policy)| policy.open.is_some()).map(|(name, _)| name.clone());
        let applied = policies().filter_map(|(name, policy)| {
            let applied = policy.applied.as_ref()?;
            Some((name.clone(), (applied.digest, applied.intent)))
        });
        let seen = Self { last: state.last, open: open.collect(), ..Self::unknown(time) };
        Asking { applied: applied.collect(), seen }
    }

    fn of(&self, name: &PolicyName, policy: Option<&PolicyState>) -> Live {
        let applied = policy.and_then(|policy| policy.applied.as_ref());
        let stale = applied.is_some_and(|applied| applied.intent > self.last) || self.open.contains(name);
        match &self.answer {
            Answer::NotOffered => Live::NotOffered,
            Answer::Unknown => Live::Unknown,
            Answer::Differs(_) if stale => Live::Unknown,
            Answer::Differs(differs) => match (differs.get(name), applied) {
                (Some(difference), _) => difference.live,
                (None, Some(applied)) => Live::Has(applied.digest),
                (None, None) => Live::Unknown,
            },
        }
    }
}

impl Asking {
    /// What the tenant answered. `payload_at` reads the payload of an earlier intent, and `ignore` has JSON pointers (RFC
    /// 6901) of what the tenant may change at will.
    ///
    /// Takes as long as the listing is: some 20 ms for 1,000 policies.
    pub fn answered(
        self,
        listing: &[LivePolicy],
        payload_at: impl Fn(Position) -> Option<Payload>,
        ignore: &[String],
    ) -> TenantLive {
        let named = listing.iter().filter_map(|policy| Some((policy.name.as_ref()?, policy)));
        let listed: BTreeMap<&PolicyName, &LivePolicy> = named.collect();
        let mut differs = BTreeMap::new();
        for (name, policy) in &listed {
            if let Some(live) = difference(policy, self.applied.get(*name), &payload_at, ignore) {
                let by = policy.payload.pointer("/metadata/updatedBy").and_then(Value::as_str);
                let by = by.map(|by| printable(by, MAX_NAME).into());
                differs.insert((*name).clone(), Difference { live, by });
            }
        }
        let gone = self.applied.keys().filter(|name| !listed.contains_key(name));
        differs.extend(gone.map(|name| (name.clone(), Difference { live: Live::Absent, by: None })));
        TenantLive { answer: Answer::Differs(differs), ..self.seen }
    }
}

impl LiveView {
    /// What is known of one policy.
    pub fn of(&self, id: &PolicyId, policy: Option<&PolicyState>) -> Live {
        self.tenants.get(&id.tenant).map_or(Live::Unknown, |tenant| tenant.of(&id.name, policy))
    }

    /// When that was.
    pub fn time(&self, tenant: &TenantName) -> Option<Timestamp> {
        self.tenants
            .get(tenant)
            .filter(|tenant| matches!(tenant.answer, Answer::Differs(_)))
            .map(|it| it.time)
    }

    /// Who changed a policy there, where the tenant says.
    pub fn changed_by(&self, id: &PolicyId) -> Option<&Arc<str>> {
        match &self.tenants.get(&id.tenant)?.answer {
            Answer::Differs(differs) => differs.get(&id.name)?.by.as_ref(),
            Answer::Unknown | Answer::NotOffered => None,
        }
    }

    /// Every policy that is known not to be there as it was brought live.
    pub fn differences(&self, state: &State) -> BTreeMap<PolicyId, Live> {
        let mut all = BTreeMap::new();
        for (name, tenant) in &self.tenants {
            let Answer::Differs(differs) = &tenant.answer else { continue };
            let known: Option<&TenantState> = state.tenants.get(name);
            for policy in differs.keys() {
                let live = tenant.of(policy, known.and_then(|known| known.policies.get(policy)));
                if !matches!(live, Live::Unknown | Live::NotOffered) {
                    all.insert(PolicyId { tenant: name.clone(), name: policy.clone() }, live);
                }
            }
        }
        all
    }
}

/// How a listed policy differs from what was applied; nothing where it does not.
fn difference(
    policy: &LivePolicy,
    applied: Option<&(Digest, Position)>,
    payload_at: impl Fn(Position) -> Option<Payload>,
    ignore: &[String],
) -> Option<Live> {
    let digest = digest_of(&policy.payload);
    let Some((applied, intent)) = applied else { return Some(Live::Has(digest)) };
    if digest == *applied {
        return None;
    }
    let ours = payload_at(*intent).and_then(|payload| serde_json::to_value(payload).ok());
    let alike = ours.is_some_and(|ours| is_alike(&ours, &policy.payload, ignore));
    (!alike).then_some(Live::Has(digest))
}

/// The digest of a live payload; of one that is not shaped like ours, a digest that none of ours has.
pub fn digest_of(payload: &Value) -> Digest {
    let ours =
        serde_json::from_value::<Payload>(payload.clone()).ok().and_then(|payload| payload.digest().ok());
    ours.unwrap_or_else(|| Digest::of(&canonical_json(payload).unwrap_or_default()))
}

/// Whether a live payload says what ours says.
fn is_alike(ours: &Value, live: &Value, ignore: &[String]) -> bool {
    let normal = |value: &Value| {
        let mut value = value.clone();
        for pointer in ignore.iter().map(String::as_str).chain(["/metadata"]) {
            if let Some(ignored) = value.pointer_mut(pointer) {
                ignored.take();
            }
        }
        normalise(&mut value, "");
        value
    };
    covers(&normal(live), &normal(ours), "")
}

/// Brings a value to a form in which what means the same is the same.
fn normalise(value: &mut Value, at: &str) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                normalise(member, &format!("{at}/{name}"));
            }
            // What is not said is on, and said in every other way it is what is said.
            if at.starts_with(SETS[1]) && !members.contains_key("enabled") {
                members.insert("enabled".to_owned(), Value::Bool(true));
            }
            members.retain(|_, member| !is_empty(member));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| normalise(item, &format!("{at}/-")));
            if SETS.contains(&at) {
                items.sort_by_key(ToString::to_string);
            }
        }
        Value::String(text) if at.starts_with(DIRECTIVES) => {
            let sources: BTreeSet<&str> = text.split_ascii_whitespace().collect();
            *text = sources.into_iter().collect::<Vec<_>>().join(" ");
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a live value has everything of ours, and among directives nothing else.
fn covers(live: &Value, ours: &Value, at: &str) -> bool {
    match (live, ours) {
        (Value::Object(live), Value::Object(ours)) => {
            let all = ours.iter().all(|(name, value)| {
                live.get(name).is_some_and(|live| covers(live, value, &format!("{at}/{name}")))
            });
            all && (at != DIRECTIVES || live.len() == ours.len())
        }
        (Value::Array(live), Value::Array(ours)) => {
            live.len() == ours.len() && live.iter().zip(ours).all(|(live, ours)| covers(live, ours, at))
        }
        (live, ours) => live == ours,
    }
}

#[cfg(test)]
mod tests;
