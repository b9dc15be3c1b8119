//! The endpoints of webhooks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::check;
use super::model::{Call, Done, Model};
use super::wire::Response;

/// The most webhooks of a tenant; a further one is answered with 422.
const MAX_WEBHOOKS: usize = 100;

/// A registered webhook. Its secret is kept apart, since it would lie in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Given by the tenant.
    pub id: String,
    /// Given by whoever registered it.
    #[serde(default)]
    pub name: Option<String>,
    /// Where events go.
    pub url: String,
    /// Which.
    pub events: Vec<String>,
    /// Whether it is on.
    #[serde(default = "on")]
    pub enabled: bool,
    /// What is sent along.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

fn on() -> bool {
    true
}

impl Model {
    /// `POST …/security-events`.
    pub(super) fn register_webhook(&mut self, call: Call<'_>) -> Done {
        let mut settings = match check::webhook(call.request) {
            Ok(settings) => settings,
            Err(refusal) => return refusal.into(),
        };
        let id = self.new_id("wh");
        settings["id"] = json!(id);
        let secret = settings["secret"].as_str().map(str::to_owned);
        let Ok(webhook) = serde_json::from_value::<Webhook>(settings) else {
            return Response::problem(422, "The webhook is not valid", "its settings can't be read").into();
        };
        let webhooks = &mut self.state.tenants.entry(call.tenant.clone()).or_default().webhooks;
        if webhooks.len() >= MAX_WEBHOOKS {
            return Response::problem(422, "Too many webhooks", format!("at most {MAX_WEBHOOKS}")).into();
        }
        webhooks.push(webhook);
        if let Some(secret) = secret {
            self.outbox.keep_secret(&id, &secret);
        }
        self.changes += 1;
        Response::json(201, &json!({ "id": id })).into()
    }

    /// `GET …/security-events`.
    pub(super) fn list_webhooks(&self, call: Call<'_>) -> Response {
        let items: Vec<Value> = self.webhooks(call.tenant).iter().map(|webhook| json!(webhook)).collect();
        Response::json(200, &json!({ "items": items }))
    }

    /// `DELETE …/security-events/{id}`.
    pub(super) fn delete_webhook(&mut self, call: Call<'_>, id: &str) -> Response {
        let webhooks = &mut self.state.tenants.entry(call.tenant.clone()).or_default().webhooks;
        let before = webhooks.len();
        webhooks.retain(|webhook| webhook.id != id);
        if webhooks.len() == before {
            return Response::problem(404, "Not found", "there is no such webhook");
        }
        self.outbox.forget(id);
        self.changes += 1;
        Response::empty(204)
    }
}
