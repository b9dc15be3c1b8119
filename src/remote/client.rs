//! A tenant over HTTP: every call is one operation, tried until it is clear what came of it.
//!
//! [`HttpTenant::call`] is the whole story of an operation: a token, a request, what the reply means, what follows.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::sleep;
use tracing::Instrument;
use url::Url;
use uuid::Uuid;

use super::address::{below, segment};
use super::answer::{Settled, Unread, settle, status_of};
use super::auth::{Source, Token, Tokens};
use super::http::{Authorization, Body, Exchange, Http, Request};
use super::job;
use super::retry::{Decision, Tries};
use super::transport::{Network, Transport};
use super::tuning::Tuning;
use super::words::Secrets;
use super::{JobState, LivePolicy, Meter, Next, ReadTenant, Submitted, Under, WriteTenant};
use crate::breaker::BreakerState;
use crate::config::wire::Wire;
use crate::config::{Probe, Tenant, Verify, Webhook};
use crate::outcome::{Answer, Class, Endpoint, Failure, Fault, ProbeResult};
use crate::policy::{PolicyName, TenantName};
use crate::state::Job;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Why there can be no client for a tenant.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Settings that are needed to reach it are not there.
    #[error("tenant {tenant} can't be reached without {}", .missing.join(", "))]
    Missing {
        /// The tenant.
        tenant: TenantName,
        /// Each with what would give it.
        missing: Vec<String>,
    },
    /// A word of its wire can't be used.
    #[error("tenant {tenant}: {what} can't be used")]
    Unusable {
        /// The tenant.
        tenant: TenantName,
        /// The setting.
        what: String,
    },
    /// There is no HTTP client, because TLS can't be set up.
    #[error("there can be no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A tenant over HTTP.
pub struct HttpTenant {
    pub(super) base: Url,
    pub(super) wire: Wire,
    pub(super) verify: Option<Verify>,
    pub(super) http: Http,
    pub(super) correlation_header: HeaderName,
    policies: Url,
    webhooks: Url,
    idempotency_header: HeaderName,
    tokens: Arc<Tokens>,
    source: Source,
    secrets: Secrets,
    tuning: Tuning,
}

/// One operation at one endpoint.
pub(super) struct Call<'a> {
    pub endpoint: Endpoint,
    pub method: Method,
    pub url: Url,
    /// JSON, the same on every try.
    pub body: Option<&'a [u8]>,
    /// The idempotency key, of a write alone.
    pub key: Option<Uuid>,
    pub correlation: Uuid,
    /// Whether an earlier call may have been taken.
    pub again: bool,
}

impl<'a> Call<'a> {
    pub fn get(endpoint: Endpoint, url: Url, correlation: Uuid) -> Self {
        Self { endpoint, method: Method::GET, url, body: None, key: None, correlation, again: false }
    }
}

impl HttpTenant {
    /// A client for a tenant.
    ///
    /// # Errors
    /// Names what is missing in its settings.
    pub fn new(tenant: &Tenant, tokens: &Arc<Tokens>) -> Result<Self, RemoteError> {
        Self::tuned(tenant, tokens, Tuning::default())
    }

    /// Tells a meter of every request.
    #[must_use]
    pub fn metered(mut self, meter: Arc<dyn Meter>) -> Self {
        self.http.meter = meter;
        self
    }

    /// A client with a patience of its own.
    ///
    /// # Errors
    /// Names what is missing in its settings.
    pub fn tuned(tenant: &Tenant, tokens: &Arc<Tokens>, tuning: Tuning) -> Result<Self, RemoteError> {
        let network = |base: &Url| Ok(Arc::new(Network::new(base, tuning.timeouts)?) as _);
        Self::connected(tenant, tokens, tuning, network)
    }

    /// A client whose requests are carried by something else than the network.
    ///
    /// # Errors
    /// Names what is missing in its settings.
    pub fn over(
        transport: Arc<dyn Transport>,
        tenant: &Tenant,
        tokens: &Arc<Tokens>,
        tuning: Tuning,
    ) -> Result<Self, RemoteError> {
        Self::connected(tenant, tokens, tuning, |_| Ok(transport))
    }

    fn connected(
        tenant: &Tenant,
        tokens: &Arc<Tokens>,
        tuning: Tuning,
        transport: impl FnOnce(&Url) -> Result<Arc<dyn Transport>, RemoteError>,
    ) -> Result<Self, RemoteError> {
        let name = || tenant.name.clone();
        let (base, credentials) = match (&tenant.base_url, &tenant.credentials) {
            (Some(base), Some(credentials)) if tenant.missing.is_empty() => {
                (base.clone(), credentials.clone())
            }
            _ => return Err(RemoteError::Missing { tenant: name(), missing: tenant.missing.clone() }),
        };
        let unusable = |what: &str| RemoteError::Unusable { tenant: name(), what: what.to_owned() };
        let path = |path: &str| below(&base, path).ok_or_else(|| unusable(path));
        let header = |text: &str| text.parse::<HeaderName>().map_err(|_| unusable(text));
        let wire = tenant.wire.clone();
        let webhook_secrets = tenant.webhooks.iter().map(|webhook| webhook.secret.clone());
        let key_secret = credentials.access_key.as_ref().map(|key| key.secret.clone());
        let own_secrets = [credentials.client_secret.clone()].into_iter().chain(key_secret);
        let secrets = Secrets::new(webhook_secrets.chain(own_secrets));
        Ok(Self {
            policies: path(&wire.policies_path)?,
            webhooks: path(&wire.webhooks_path)?,
            correlation_header: header(&wire.correlation_header)?,
            idempotency_header: header(&wire.idempotency_header)?,
            http: Http::new(tenant, transport(&base)?, &tuning),
            source: Source {
                url: tenant.token_url.clone(),
                credentials,
                organisation: tenant.organisation.clone(),
                scope: tenant.scope.clone(),
                fields: (wire.fields.access_token.clone(), wire.fields.expires_in.clone()),
                secrets: secrets.clone(),
                tuning,
            },
            tokens: Arc::clone(tokens),
            verify: tenant.verify.clone(),
            base,
            wire,
            secrets,
            tuning,
        })
    }

    /// Tries one operation until it is clear what came of it. `read` makes a success of an answer, or says why it is
    /// none. Gives that and the number of requests.
    pub(super) async fn call<T>(
        &self,
        call: &Call<'_>,
        read: impl Fn(&Answer, &Secrets) -> Result<T, Unread>,
    ) -> Result<(T, u32), Failure> {
        self.tried(call, read).instrument(span(call.endpoint, call.correlation)).await
    }

    async fn tried<T>(
        &self,
        call: &Call<'_>,
        read: impl Fn(&Answer, &Secrets) -> Result<T, Unread>,
    ) -> Result<(T, u32), Failure> {
        let mut tries = Tries::of(call.again);
        let mut refused = None;
        loop {
            // Asked for anew on every try: the last one may have expired in a long pause.
            let token = self.token(refused.as_ref()).await.map_err(|failure| {
                let attempts = if tries.count == 0 { failure.attempts } else { tries.count };
                Failure::new(tries.ending_in(failure.fault), failure.message, attempts)
            })?;
            let failure = |fault, why: &str, attempts| {
                Failure::new(fault, format!("{}: {why}", call.endpoint), attempts)
            };
            let exchange = self.http.send(self.request(call, &token, tries.count + 1)).await;
            let Exchange { reply, permit, .. } = exchange.map_err(|refused| {
                failure(tries.ending_in(Fault::Unavailable), &refused.to_string(), tries.count)
            })?;
            let secrets = self.secrets.and(&token.secret);
            let settled = settle(call.endpoint, reply, |answer| read(answer, &secrets));
            if let Some(permit) = permit {
                permit.leave(&settled, |reply| format!("{}: {}", call.endpoint, secrets.of_reply(reply)));
            }
            let (reply, class) = match settled {
                Settled::Read(value) => return Ok((value, tries.count + 1)),
                Settled::Ended(fault, why) => {
                    return Err(failure(fault, &secrets.shown(&why), tries.count + 1));
                }
                // What only reads can be asked again at will, whatever became of it.
                Settled::Open(reply, Class::InDoubt) if call.key.is_none() => (reply, Class::Transient(None)),
                Settled::Open(reply, class) => (reply, class),
            };
            match tries.decide(class, status_of(&reply), &self.tuning.pace, (self.tuning.jitter)()) {
                Decision::Again(pause) => sleep(pause).await,
                Decision::NewToken => refused = Some(token),
                Decision::GiveUp(Fault::InDoubt) if class != Class::InDoubt => {
                    let why = format!("{}; an earlier try may have been taken", secrets.of_reply(&reply));
                    return Err(failure(Fault::InDoubt, &why, tries.count));
                }
                Decision::GiveUp(fault) => {
                    return Err(failure(fault, &secrets.of_reply(&reply), tries.count));
                }
            }
        }
    }

    /// A token that was not refused.
    pub(super) async fn token(&self, refused: Option<&Token>) -> Result<Token, Failure> {
        self.tokens.token(&self.source, &self.http, refused).await
    }

    fn request<'a>(&self, call: &Call<'_>, token: &'a Token, attempt: u32) -> Request<'a> {
        let mut headers = self.headers(call.correlation);
        if let Some(key) = call.key {
            headers.insert(self.idempotency_header.clone(), value(key));
        }
        Request {
            endpoint: call.endpoint,
            attempt,
            method: call.method.clone(),
            url: call.url.clone(),
            authorization: Authorization::Bearer(&token.secret),
            headers,
            body: call.body.map_or(Body::None, |body| Body::Json(body.to_vec())),
        }
    }

    /// The headers of every request but the token's.
    pub(super) fn headers(&self, correlation: Uuid) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([(self.correlation_header.clone(), value(correlation))]);
        headers.extend(traceparent(correlation, fastrand::u64(1..)).map(|value| (TRACEPARENT, value)));
        headers
    }

    /// One of a collection, by its id.
    fn item(&self, collection: &Url, id: &str) -> Result<Url, Failure> {
        let url = segment(id).and_then(|id| below(collection, &format!("/{id}")));
        url.ok_or_else(|| {
            let why = format!("{} can't be an id", self.secrets.shown(id));
            Failure::new(Fault::Internal, why, 0)
        })
    }

    /// Submits or removes: the answers are the same.
    async fn write(
        &self,
        (endpoint, method): (Endpoint, Method),
        url: Url,
        body: Option<&[u8]>,
        Under { key, correlation, again }: Under,
    ) -> Result<Submitted, Failure> {
        let call = Call { endpoint, method, url, body, key: Some(key), correlation, again };
        let read = |answer: &Answer, _: &Secrets| match answer.status {
            404 => Ok(Next::Done { policy_id: None }),
            _ => job::taken(&self.wire, &self.base, &call.url, answer),
        };
        let (next, attempts) = self.call(&call, read).await?;
        Ok(Submitted { attempts, next })
    }
}

impl ReadTenant for HttpTenant {
    async fn connect(&self) -> Result<(), Failure> {
        self.token(None).await.map(drop)
    }

    async fn job(&self, job: &Job, correlation: Uuid) -> Result<JobState, Failure> {
        // The location comes from the ledger; the tenant's address may have changed since.
        if job.location.origin() != self.base.origin() {
            let origin = job.location.origin().ascii_serialization();
            let why = format!("job {} is at another origin, {origin}", self.secrets.shown(&job.id));
            return Err(Failure::new(Fault::RefusedLocation, why, 0));
        }
        let read = |answer: &Answer, secrets: &Secrets| match answer.status {
            404 => Err(Unread::Ended(Fault::LostJob, "the tenant does not know this job".to_owned())),
            _ => job::state(&self.wire, secrets, answer),
        };
        let call = Call::get(Endpoint::Job, job.location.clone(), correlation);
        Ok(self.call(&call, read).await?.0)
    }

    async fn live(&self, correlation: Uuid) -> Result<Vec<LivePolicy>, Failure> {
        self.list_policies(&self.policies, correlation).await
    }

    async fn probe(&self, policy: Option<&PolicyName>, probe: &Probe, correlation: Uuid) -> ProbeResult {
        self.try_probe(policy, probe, correlation).instrument(span(Endpoint::Probe, correlation)).await
    }

    fn breaker(&self) -> BreakerState {
        self.http.circuit.state()
    }

    fn job_ended(&self, took: Duration) {
        self.http.circuit.job_ended(took);
    }

    fn queue(&self) -> Duration {
        self.http.gates.queue()
    }

    async fn find_webhooks(&self, name: &str, correlation: Uuid) -> Result<Vec<String>, Failure> {
        self.find(&self.webhooks, name, correlation).await
    }
}

impl WriteTenant for HttpTenant {
    async fn submit(&self, body: &[u8], under: Under) -> Result<Submitted, Failure> {
        self.write((Endpoint::Submit, Method::POST), self.policies.clone(), Some(body), under).await
    }

    async fn remove(&self, policy_id: &str, under: Under) -> Result<Submitted, Failure> {
        let url = self.item(&self.policies, policy_id)?;
        self.write((Endpoint::Remove, Method::DELETE), url, None, under).await
    }

    async fn register_webhook(
        &self,
        webhook: &Webhook,
        key: Uuid,
        correlation: Uuid,
    ) -> Result<(Option<String>, u32), Failure> {
        self.register(&self.webhooks, webhook, key, correlation).await
    }

    async fn remove_webhook(&self, webhook_id: &str, correlation: Uuid) -> Result<u32, Failure> {
        self.unregister(self.item(&self.webhooks, webhook_id)?, correlation).await
    }
}

/// One call, however often it is tried.
fn span(endpoint: Endpoint, correlation: Uuid) -> tracing::Span {
    tracing::debug_span!("call", %endpoint, %correlation)
}

/// The operation and this request of it as a trace (W3C Trace Context, level 1): the correlation id is the trace, each
/// request a span, and every one is sampled. Nothing for the one id that is no trace.
fn traceparent(correlation: Uuid, span: u64) -> Option<HeaderValue> {
    let text = format!("00-{}-{span:016x}-01", correlation.simple());
    HeaderValue::from_str(&text).ok().filter(|_| !correlation.is_nil())
}

/// A UUID as a header's value: hexadecimal digits and hyphens, which always are one.
fn value(id: Uuid) -> HeaderValue {
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}
