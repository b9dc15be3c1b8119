//! The simulated tenants: a state machine that takes the time and a request, and gives the answer.
//!
//! No clock, no connection, no randomness but a seeded one: the same requests at the same times give the same answers.
//! Every request is first measured against the tenant's pace, then meets the [`Faults`], then its endpoint.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::events::Outbox;
use super::fault::{Fault, Faults};
use super::jobs::{Change, Jobs};
use super::keys::{Keys, Seen};
use super::log::Log;
use super::options::Options;
use super::pace::Bucket;
use super::token::Tokens;
use super::webhooks::Webhook;
use super::wire::{Endpoint, MAX_BODY, Recorded, Reply, Request, Response, Route, Target};
use super::{check, probes};
use crate::policy::TenantName;

/// The most tenants; requests of others are answered with 503.
pub(super) const MAX_TENANTS: usize = 1000;
/// The longest idempotency key, in bytes.
const MAX_KEY: usize = 255;

/// All simulated tenants.
pub struct Model {
    pub(super) options: Options,
    pub(super) faults: Faults,
    pub(super) rng: fastrand::Rng,
    pub(super) state: State,
    pub(super) changes: u64,
    pub(super) outbox: Outbox,
    tokens: Tokens,
    log: Log,
}

/// What outlives the process.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    seed: u64,
    pub tenants: BTreeMap<TenantName, Tenant>,
    pub jobs: Jobs,
    keys: Keys,
}

/// One tenant.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Tenant {
    /// By name.
    pub live: BTreeMap<String, Live>,
    /// In the order of their registration.
    pub webhooks: Vec<Webhook>,
    #[serde(skip)]
    bucket: Bucket,
}

/// One live policy.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Live {
    pub policy_id: String,
    pub policy: Value,
}

/// A request that was let in, with what its endpoint needs to answer it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub now: Timestamp,
    pub tenant: &'a TenantName,
    pub request: &'a Request,
}

/// An answer, and whether it holds for all repetitions of the request.
pub(super) struct Done {
    pub response: Response,
    pub lasting: bool,
}

impl From<Response> for Done {
    fn from(response: Response) -> Self {
        Self { lasting: response.is_success(), response }
    }
}

impl Model {
    /// Tenants with nothing live.
    pub fn new(options: Options) -> Self {
        let state = State { seed: options.seed, ..State::default() };
        Self::with(options, state)
    }

    /// The tenants as [`Model::to_json`] stored them. Their tokens are gone.
    ///
    /// # Errors
    /// Where the text is not a stored model.
    pub fn restore(options: Options, json: &[u8]) -> serde_json::Result<Self> {
        Ok(Self::with(options, serde_json::from_slice(json)?))
    }

    fn with(mut options: Options, state: State) -> Self {
        Self {
            faults: Faults::new(std::mem::take(&mut options.faults)),
            rng: fastrand::Rng::with_seed(state.seed),
            options,
            state,
            changes: 0,
            outbox: Outbox::default(),
            tokens: Tokens::default(),
            log: Log::default(),
        }
    }

    /// What outlives the process, as JSON.
    ///
    /// # Errors
    /// None that is known: a model always has a JSON form.
    pub fn to_json(&mut self) -> serde_json::Result<Vec<u8>> {
        self.state.seed = self.rng.get_seed();
        serde_json::to_vec(&self.state)
    }

    /// How many changes there were that have to outlive the process.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Answers a request that was read at that time.
    pub fn handle(&mut self, now: Timestamp, request: &Request) -> Reply {
        let route = Route::of(&request.path);
        let endpoint = route.target.endpoint(&request.method);
        self.settle(now);
        let reply = self.reply(now, request, &route, endpoint);
        self.log.push(Recorded {
            at: now,
            tenant: route.tenant,
            endpoint,
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            status: reply.status(),
        });
        reply
    }

    /// The requests so far, oldest first: the last 100,000, of no more than 64 MiB of bodies.
    pub fn requests(&self) -> Vec<Recorded> {
        self.log.all()
    }

    /// The payloads that are live at that time, by policy.
    pub fn live(&mut self, now: Timestamp, tenant: &TenantName) -> BTreeMap<String, Value> {
        self.settle(now);
        let live = self.state.tenants.get(tenant).into_iter().flat_map(|tenant| &tenant.live);
        live.map(|(name, live)| (name.clone(), live.policy.clone())).collect()
    }

    /// Changes a live policy behind everybody's back; whether there is one.
    pub fn tamper(
        &mut self,
        now: Timestamp,
        tenant: &TenantName,
        policy: &str,
        edit: impl FnOnce(&mut Value),
    ) -> bool {
        self.settle(now);
        let live = self.state.tenants.get_mut(tenant).and_then(|tenant| tenant.live.get_mut(policy));
        let found = live.map(|live| edit(&mut live.policy)).is_some();
        self.changes += u64::from(found);
        if found {
            self.tell(tenant, policy);
        }
        found
    }

    /// Removes a live policy behind everybody's back; whether there was one.
    pub fn remove(&mut self, now: Timestamp, tenant: &TenantName, policy: &str) -> bool {
        self.settle(now);
        let state = self.state.tenants.get_mut(tenant);
        let found = state.is_some_and(|tenant| tenant.live.remove(policy).is_some());
        self.changes += u64::from(found);
        if found {
            self.tell(tenant, policy);
        }
        found
    }

    /// The webhooks of a tenant, in the order of their registration.
    pub fn webhooks(&self, tenant: &TenantName) -> Vec<Webhook> {
        self.state.tenants.get(tenant).map(|tenant| tenant.webhooks.clone()).unwrap_or_default()
    }

    /// From now on these faults, counted from 0. Jobs that are under way keep their ends.
    pub fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = Faults::new(faults);
    }

    /// Brings about what the jobs that have ended were for.
    fn settle(&mut self, now: Timestamp) {
        for due in self.state.jobs.settle(now) {
            let tenant = self.state.tenants.entry(due.tenant.clone()).or_default();
            match due.change {
                Change::Put(policy) => {
                    tenant.live.insert(due.policy.clone(), Live { policy_id: due.policy_id, policy });
                }
                Change::Remove => {
                    tenant.live.remove(&due.policy);
                }
            }
            self.tell(&due.tenant, &due.policy);
        }
    }

    /// Tells the tenant's webhooks that a policy changed.
    fn tell(&mut self, tenant: &TenantName, policy: &str) {
        if let Some(state) = self.state.tenants.get(tenant) {
            self.outbox.changed(&state.webhooks, tenant, policy);
        }
    }

    fn reply(&mut self, now: Timestamp, request: &Request, route: &Route, endpoint: Endpoint) -> Reply {
        if let Err(refusal) = self.receive(now, request, route) {
            return refusal.into();
        }
        let policy = self.policy_of(request, route);
        let fired = self.faults.on_request(endpoint, &route.tenant, policy.as_deref());
        let reply = match fired.iter().find(|fault| fault.replaces()) {
            None => self.answer(now, request, route, endpoint).into(),
            Some(fault) => {
                if fault.is_applied() {
                    self.answer(now, request, route, endpoint);
                }
                fault.instead(endpoint)
            }
        };
        fired.iter().fold(reply, |reply, fault| fault.alter(now, reply))
    }

    /// Takes a request in, if there is room for it.
    fn receive(&mut self, now: Timestamp, request: &Request, route: &Route) -> Result<(), Response> {
        if request.body.len() > MAX_BODY {
            return Err(Response::problem(413, "Body too long", format!("at most {MAX_BODY} bytes")));
        }
        if route.target == Target::Nothing {
            return Ok(());
        }
        let tenants = &mut self.state.tenants;
        if tenants.len() >= MAX_TENANTS && !tenants.contains_key(&route.tenant) {
            return Err(Response::problem(503, "Too many tenants", format!("at most {MAX_TENANTS}")));
        }
        let tenant = tenants.entry(route.tenant.clone()).or_default();
        match self.options.requests_per_second.map_or(Ok(()), |rate| tenant.bucket.take(now, rate)) {
            Ok(()) => Ok(()),
            Err(seconds) => Err(Response::problem(429, "Too many requests", "the tenant's pace is limited")
                .with("retry-after", seconds.to_string())),
        }
    }

    /// The policy that a request is about, where a fault asks for it.
    fn policy_of(&self, request: &Request, route: &Route) -> Option<String> {
        if !self.faults.ask_for_policy() {
            return None;
        }
        match &route.target {
            Target::Policies => check::policy_name(&request.body),
            Target::Policy(id) => self.find_live(&route.tenant, id).map(|(name, _)| name.to_owned()),
            Target::Job(id) => self.state.jobs.get(&route.tenant, id).map(|job| job.policy.clone()),
            Target::Probe(policy) => policy.clone(),
            Target::Page(policy) => Some(policy.clone()),
            Target::Token | Target::Webhooks | Target::Webhook(_) | Target::Nothing => None,
        }
    }

    fn answer(
        &mut self,
        now: Timestamp,
        request: &Request,
        Route { tenant, target }: &Route,
        endpoint: Endpoint,
    ) -> Response {
        let call = Call { now, tenant, request };
        match endpoint {
            Endpoint::Other => return not_here(target),
            Endpoint::Token => {
                let lifetime = self.options.token_lifetime;
                return self.tokens.grant(now, tenant, request, lifetime, &mut self.rng);
            }
            Endpoint::Probe => return self.probe(call, target),
            Endpoint::Page => return self.page(call, target),
            _ => {}
        }
        if let Err(refusal) = self.admit(call) {
            return refusal;
        }
        match (endpoint, target) {
            (Endpoint::Submit, _) => self.once(call, Self::submit),
            (Endpoint::RegisterWebhook, _) => self.once(call, Self::register_webhook),
            (Endpoint::Job, Target::Job(id)) => self.job(call, id),
            _ if !self.options.reads => not_offered(endpoint),
            (Endpoint::List, _) => self.list(call),
            (Endpoint::Get, Target::Policy(id)) => self.get(call, id),
            (Endpoint::Delete, Target::Policy(id)) => self.once(call, |model, call| model.delete(call, id)),
            (Endpoint::ListWebhooks, _) => self.list_webhooks(call),
            (Endpoint::DeleteWebhook, Target::Webhook(id)) => self.delete_webhook(call, id),
            _ => not_here(target),
        }
    }

    /// What every request to the API has to bring.
    fn admit(&self, Call { now, tenant, request }: Call<'_>) -> Result<(), Response> {
        if !self.tokens.admit(now, tenant, request) {
            return Err(Response::problem(401, "Unauthorized", "no valid token of this tenant")
                .with("www-authenticate", "Bearer error=\"invalid_token\""));
        }
        let bad = |detail: &str| Err(Response::problem(400, "Bad request", detail));
        let correlation = request.header("x-cxone-correlation-id");
        if correlation.is_none_or(|id| uuid::Uuid::try_parse(id).is_err()) {
            return bad("X-CXone-Correlation-ID has to be a UUID");
        }
        match request.header("idempotency-key") {
            Some(key) if key.is_empty() || key.len() > MAX_KEY => {
                bad("Idempotency-Key has to have 1 to 255 characters")
            }
            _ => Ok(()),
        }
    }

    /// Does what is asked, once for its `Idempotency-Key`.
    fn once(&mut self, call: Call<'_>, act: impl FnOnce(&mut Self, Call<'_>) -> Done) -> Response {
        let Call { now, tenant, request } = call;
        let key = request.header("idempotency-key").filter(|_| self.options.idempotency);
        let Some(key) = key else { return act(self, call).response };
        match self.state.keys.look_up(now, tenant, key, request) {
            Seen::Same(answer) => answer,
            Seen::Other => {
                let detail = "the Idempotency-Key came with another request before";
                Response::problem(409, "Conflict", detail)
            }
            Seen::New => {
                let done = act(self, call);
                if done.lasting {
                    self.state.keys.remember(now, tenant, key, request, &done.response);
                }
                done.response
            }
        }
    }

    fn probe(&self, call: Call<'_>, target: &Target) -> Response {
        let input = match check::probe_input(call.request) {
            Ok(input) => input,
            Err(refusal) => return refusal,
        };
        let live = self.state.tenants.get(call.tenant).map(|tenant| &tenant.live);
        let asked = live.into_iter().flatten().filter(|(name, _)| match target {
            Target::Probe(Some(policy)) => policy == *name,
            _ => true,
        });
        let policies: Vec<&Value> = asked.map(|(_, live)| &live.policy).collect();
        match policies.is_empty() {
            true => Response::problem(404, "Not found", "no such policy is live"),
            false => probes::probe(policies, &input),
        }
    }

    /// A new id: the prefix and 16 hexadecimal digits.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        format!("{prefix}-{:016x}", self.rng.u64(..))
    }
}

pub(super) fn not_here(target: &Target) -> Response {
    let methods: Vec<&str> = target.methods().iter().map(|(name, _)| *name).collect();
    if methods.is_empty() {
        return Response::problem(404, "Not found", "there is nothing under this path");
    }
    Response::problem(405, "Method not allowed", "the path doesn't know this method")
        .with("allow", methods.join(", "))
}

fn not_offered(endpoint: Endpoint) -> Response {
    let allow = if matches!(endpoint, Endpoint::List | Endpoint::ListWebhooks) { "POST" } else { "" };
    Response::problem(405, "Method not allowed", "this tenant offers no reads and no deletes")
        .with("allow", allow)
}

#[cfg(test)]
mod tests;
