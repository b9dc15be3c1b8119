//! The endpoints of policies and their jobs.

use serde_json::{Value, json};

use super::check;
use super::fault::Ending;
use super::hash::hash_of;
use super::jobs::{Change, NewJob};
use super::model::{Call, Done, Live, Model};
use super::wire::Response;
use crate::policy::TenantName;

/// The most live policies of a tenant; a further one is answered with 422.
const MAX_LIVE: usize = 10_000;

impl Model {
    /// `POST …/security-policies`: a job that brings the policy live.
    pub(super) fn submit(&mut self, call: Call<'_>) -> Done {
        let (name, payload) = match check::submission(call.request) {
            Ok(accepted) => accepted,
            Err(refusal) => return refusal.into(),
        };
        let live = self.state.tenants.get(call.tenant).map(|tenant| &tenant.live);
        if live.is_some_and(|live| live.len() >= MAX_LIVE && !live.contains_key(name.as_str())) {
            return Response::problem(422, "Too many policies", format!("at most {MAX_LIVE}")).into();
        }
        let policy_id = policy_id(call.tenant, name.as_str());
        self.begin(call, name.as_str().to_owned(), policy_id, Change::Put(payload), "security-policies/jobs/")
    }

    /// `DELETE …/security-policies/{policyId}`: a job that removes it.
    pub(super) fn delete(&mut self, call: Call<'_>, id: &str) -> Done {
        match self.find_live(call.tenant, id).map(|(name, _)| name.to_owned()) {
            Some(name) => self.begin(call, name, id.to_owned(), Change::Remove, "jobs/"),
            None => no_such_policy().into(),
        }
    }

    /// `GET …/security-policies/jobs/{id}`.
    pub(super) fn job(&self, call: Call<'_>, id: &str) -> Response {
        match self.state.jobs.get(call.tenant, id) {
            Some(job) => job.answer(),
            None => Response::problem(404, "Not found", "there is no such job"),
        }
    }

    /// `GET …/security-policies?limit=…&cursor=…`: by name; the cursor is the last name of the page before.
    pub(super) fn list(&self, call: Call<'_>) -> Response {
        let (limit, cursor) = match page(call, self.options.page_size) {
            Ok(page) => page,
            Err(refusal) => return refusal,
        };
        let live = self.state.tenants.get(call.tenant).into_iter().flat_map(|tenant| &tenant.live);
        let mut rest = live.skip_while(|(name, _)| cursor.as_ref().is_some_and(|cursor| *name <= cursor));
        let page: Vec<(&String, &Live)> = rest.by_ref().take(limit).collect();
        let items: Vec<Value> = page.iter().map(|(_, live)| shown(live)).collect();
        let mut body = json!({ "items": items });
        if let (Some(_), Some((last, _))) = (rest.next(), page.last()) {
            body["next"] = json!(const_hex::encode(last));
        }
        Response::json(200, &body)
    }

    /// `GET …/security-policies/{policyId}`.
    pub(super) fn get(&self, call: Call<'_>, id: &str) -> Response {
        match self.find_live(call.tenant, id) {
            Some((_, live)) => Response::json(200, &shown(live)),
            None => no_such_policy(),
        }
    }

    /// The live policy of that id, with its name.
    pub(super) fn find_live(&self, tenant: &TenantName, id: &str) -> Option<(&str, &Live)> {
        let live = &self.state.tenants.get(tenant)?.live;
        live.iter().find(|(_, live)| live.policy_id == id).map(|(name, live)| (name.as_str(), live))
    }

    /// Begins a job. Its `Location` is relative to the request's path.
    fn begin(
        &mut self,
        call: Call<'_>,
        policy: String,
        policy_id: String,
        change: Change,
        location: &str,
    ) -> Done {
        if self.state.jobs.is_full() {
            return Response::problem(503, "Too many jobs", "try again when some have ended").into();
        }
        let id = self.new_id("job");
        let response =
            Response::json(202, &json!({ "jobId": id })).with("location", format!("{location}{id}"));
        let (ending, duration) = self.faults.on_job(call.tenant, &policy);
        if ending == Ending::Lost {
            return Done { response, lasting: false };
        }
        let job = NewJob { id, tenant: call.tenant.clone(), policy, policy_id, change };
        self.state.jobs.begin(call.now, job, ending, duration.unwrap_or(self.options.job_duration));
        self.changes += 1;
        response.into()
    }
}

/// A policy's id: the same for the same name, for ever.
fn policy_id(tenant: &TenantName, name: &str) -> String {
    let hash = hash_of(&[tenant.as_str().as_bytes(), name.as_bytes()]);
    format!("pol-{}", &hash[..16])
}

fn shown(live: &Live) -> Value {
    json!({ "policyId": live.policy_id, "policy": live.policy })
}

fn no_such_policy() -> Response {
    Response::problem(404, "Not found", "no policy of that id is live")
}

/// Limit and cursor of a list.
fn page(call: Call<'_>, page_size: usize) -> Result<(usize, Option<String>), Response> {
    let bad = |detail: &str| Response::problem(400, "Bad request", detail);
    let limit = match call.request.parameter("limit") {
        None => page_size,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if limit > 0 => limit.min(page_size),
            _ => return Err(bad("limit has to be a whole number, at least 1")),
        },
    };
    let cursor = match call.request.parameter("cursor") {
        None => None,
        Some(text) => {
            let name = const_hex::decode(text).ok().and_then(|name| String::from_utf8(name).ok());
            Some(name.ok_or_else(|| bad("cursor has to be one that a list gave"))?)
        }
    };
    Ok((limit.max(1), cursor))
}
