//! Simulated CXone tenants: to try chatward on, and to test it against.
//!
//! ```text
//! HTTP ─ front ─► Request ─ model ─► Reply ─ front ─► HTTP, as damaged as a fault wants it
//!                             │
//!                             └─► store: one JSON file, so that a restart finds live what was live
//! ```
//!
//! The [`Model`] is a state machine that is given the time, and can be driven without HTTP just as well. [`Sandbox`]
//! puts it behind an address. Both keep a log of all requests, and let tests look into what is live.
//!
//! The tenant `default` is served at the root, and every tenant under `/tenants/NAME`, as [`Sandbox::endpoints`] says.
//! A tenant comes into being with its first request. Any client is let in; `wrong-client`, `wrong-secret` and
//! `wrong-scope` are refused. This is a model of the wire that chatward speaks, strict where a real tenant may be lax:
//! it says nothing about what a production tenant does.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::policy::TenantName;

mod check;
mod events;
mod fault;
mod flight;
mod front;
mod hash;
mod jobs;
mod keys;
mod log;
mod model;
mod options;
mod page;
mod pace;
mod policies;
mod probes;
mod store;
mod time;
mod token;
mod webhooks;
mod wire;

pub use fault::{Fault, FaultError, ScenarioError};
use flight::Flights;
pub use model::Model;
pub use options::Options;
use store::Store;
pub use webhooks::Webhook;
pub use wire::{Delivery, Endpoint, MAX_BODY, Recorded, Reply, Request, Response};

/// Why there is no sandbox, or no longer one.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The store can't be read or written.
    #[error("can't keep the sandbox in {}: {source}", path.display().to_string().escape_debug())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The address can't be served any more.
    #[error("the sandbox can't serve: {0}")]
    Serve(#[source] io::Error),
}

/// Where a tenant is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where tokens are given.
    pub token_url: Url,
    /// What the paths of the API are appended to; it has a path of its own, without a slash at its end.
    pub base_url: Url,
    /// The webchat endpoint; `{policy}` in it stands for a policy's name.
    pub chat_endpoint: String,
}

/// A handle on simulated tenants; all its clones are the same tenants.
#[derive(Clone)]
pub struct Sandbox {
    model: Arc<Mutex<Model>>,
    store: Option<Arc<Mutex<Store>>>,
    flights: Flights,
    /// Something may have to be told to webhooks.
    news: Arc<Notify>,
}

impl fmt::Debug for Sandbox {
    // Not the model: it holds tokens, and bodies with secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Tenants as the store left them, or with nothing live.
    ///
    /// # Errors
    /// Where the store can't be read.
    pub fn open(options: Options) -> Result<Self, SandboxError> {
        let Some(path) = options.store.clone() else {
            return Ok(Self::new(Model::new(options), None));
        };
        let opened = Store::open(path.clone()).and_then(|(store, stored)| {
            let model = match stored {
                Some(json) => Model::restore(options, &json)?,
                None => Model::new(options),
            };
            Ok((model, store))
        });
        let (model, store) = opened.map_err(|source| SandboxError::Store { path, source })?;
        Ok(Self::new(model, Some(store)))
    }

    fn new(model: Model, store: Option<Store>) -> Self {
        let store = store.map(|store| Arc::new(Mutex::new(store)));
        Self { model: Arc::new(Mutex::new(model)), store, flights: Flights::default(), news: Arc::default() }
    }

    /// Serves until `stop` is cancelled. Requests under way are answered or cut then.
    ///
    /// # Errors
    /// Where the listener fails for good.
    pub async fn serve(&self, listener: TcpListener, stop: CancellationToken) -> Result<(), SandboxError> {
        let (sandbox, news, stopped) = (self.clone(), Arc::clone(&self.news), stop.clone());
        let delivering = tokio::spawn(async move { events::deliver(sandbox, &news, stopped).await });
        let served = front::serve(self.clone(), listener, stop).await.map_err(SandboxError::Serve);
        delivering.abort();
        served
    }

    /// Where a tenant is reached behind a front at that address.
    pub fn endpoints(address: SocketAddr, tenant: &TenantName) -> Endpoints {
        // Made anew from address and port: an IPv6 scope has no place in a URL.
        let base = format!("http://{}/tenants/{tenant}", SocketAddr::new(address.ip(), address.port()));
        Endpoints {
            token_url: url_of(&format!("{base}/oauth/token")),
            base_url: url_of(&base),
            chat_endpoint: format!("{base}/chat/{{policy}}"),
        }
    }

    /// The requests so far, oldest first: the last 100,000, of no more than 64 MiB of bodies.
    pub fn requests(&self) -> Vec<Recorded> {
        self.model().requests()
    }

    /// The most requests that were under way at once.
    pub fn most_in_flight(&self) -> usize {
        self.flights.most()
    }

    /// The payloads that are live now, by `metadata.policyName`.
    pub fn live(&self, tenant: &TenantName) -> BTreeMap<String, Value> {
        self.model().live(Timestamp::now(), tenant)
    }

    /// Changes a live policy behind everybody's back. Whether there is one.
    pub fn tamper(&self, tenant: &TenantName, policy: &str, edit: impl FnOnce(&mut Value)) -> bool {
        let found = self.model().tamper(Timestamp::now(), tenant, policy, edit);
        self.news.notify_one();
        self.keep_or_say();
        found
    }

    /// Removes a live policy behind everybody's back. Whether there was one.
    pub fn remove(&self, tenant: &TenantName, policy: &str) -> bool {
        let found = self.model().remove(Timestamp::now(), tenant, policy);
        self.news.notify_one();
        self.keep_or_say();
        found
    }

    /// The webhooks of a tenant, in the order of their registration.
    pub fn webhooks(&self, tenant: &TenantName) -> Vec<Webhook> {
        self.model().webhooks(tenant)
    }

    /// From now on these faults, counted from 0. Jobs that are under way keep their ends.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.model().set_faults(faults);
    }

    /// Answers one request, once what it changed is on disk.
    async fn answer(&self, request: &Request) -> Reply {
        let (reply, changed) = {
            let mut model = self.model();
            let before = model.changes();
            let reply = model.handle(Timestamp::now(), request);
            self.news.notify_one();
            (reply, model.changes() > before)
        };
        if !changed || self.store.is_none() {
            return reply;
        }
        let sandbox = self.clone();
        match tokio::task::spawn_blocking(move || sandbox.keep_or_say()).await {
            Ok(true) => reply,
            _ => Response::problem(500, "Not stored", "the change is made, but not on disk").into(),
        }
    }

    /// As [`Sandbox::keep`]; a failure goes to the log. Whether there was none.
    fn keep_or_say(&self) -> bool {
        let kept = self.keep();
        kept.inspect_err(|error| tracing::error!(%error, "the sandbox's state is not on disk")).is_ok()
    }

    /// Brings every change so far to disk. Blocks.
    fn keep(&self) -> Result<(), SandboxError> {
        let Some(store) = &self.store else { return Ok(()) };
        let changes = self.model().changes();
        let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
        let whole_model = || {
            let mut model = self.model();
            let json = model.to_json().map_err(io::Error::other)?;
            Ok((json, model.changes()))
        };
        let kept = store.keep(changes, whole_model);
        kept.map_err(|source| SandboxError::Store { path: store.path().to_owned(), source })
    }

    /// The model, also where a test's edit panicked within it.
    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::expect_used, reason = "an IP address, a port and a DNS label are always a URL")]
fn url_of(text: &str) -> Url {
    Url::parse(text).expect("a URL made of an address")
}

#[cfg(test)]
mod tests;
