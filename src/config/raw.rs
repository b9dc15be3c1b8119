//! The settings file as it is written. Nothing here has a default or a meaning yet; [`super::resolve()`] gives both.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::drift::OnDrift;
use crate::outcome::Expected;
use crate::policy::TenantName;
use crate::signature::Scheme;

mod common;
mod observe;
mod window;

pub use common::{Audit, Guard, Source};
pub use observe::Observe;
pub use window::Window;

/// The whole file. Unknown keys are errors everywhere.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The policy directory.
    pub policies: Option<PathBuf>,
    /// The state directory.
    pub state: Option<PathBuf>,
    /// Between full passes.
    #[serde(default, deserialize_with = "duration")]
    pub interval: Option<Duration>,
    /// Whether policies whose file is gone are removed.
    pub prune: Option<bool>,
    /// Where the daemon answers: an address with a port, or `off`.
    pub listen: Option<String>,
    /// What a pass is asked for with.
    pub listen_token: Option<SecretRef>,
    /// When the daemon is ready.
    #[serde(default)]
    pub ready: Ready,
    /// What is measured.
    #[serde(default)]
    pub metrics: Metrics,
    /// Every tenant.
    #[serde(default)]
    pub tenants: Vec<Tenant>,
    /// How much one pass may change.
    #[serde(default)]
    pub guard: Guard,
    /// What policies may come from.
    #[serde(default)]
    pub source: Source,
    /// How the ledger is written.
    #[serde(default)]
    pub audit: Audit,
}

/// `ready`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// How old the last pass without a failure may be.
    #[serde(default, deserialize_with = "duration")]
    pub max_staleness: Option<Duration>,
}

/// `metrics`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Whether each policy has metrics of its own.
    #[serde(default)]
    pub per_policy: bool,
}

/// One of `tenants`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Its name.
    pub name: TenantName,
    /// Where the defaults of the wire come from.
    pub preset: Option<String>,
    /// Its organisation.
    pub org_id: Option<String>,
    /// Of its API.
    pub base_url: Option<String>,
    /// Of its token endpoint.
    pub token_url: Option<String>,
    /// Who we are there.
    pub client_id: Option<Text>,
    /// And how we prove it.
    pub client_secret: Option<SecretRef>,
    /// How both are sent: `post` or `basic`.
    pub client_auth: Option<ClientAuth>,
    /// How a token is asked for.
    #[serde(default)]
    pub grant: Grant,
    /// The access key that a token is asked for with, of the grant `password`.
    pub access_key_id: Option<Text>,
    /// And how it is proved.
    pub access_key_secret: Option<SecretRef>,
    /// What the token is for.
    pub scope: Option<String>,
    /// Whether plain HTTP is let through to hosts other than loopback.
    pub allow_plain_http: Option<bool>,
    /// How much at once.
    #[serde(default)]
    pub limits: Limits,
    /// How jobs are waited for.
    #[serde(default)]
    pub job: Job,
    /// When the tenant is left alone for a while.
    #[serde(default)]
    pub breaker: Breaker,
    /// How what is live is probed.
    pub verify: Option<Verify>,
    /// Where the tenant delivers its events to.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
    /// How it is seen what the tenant really has.
    #[serde(default)]
    pub live: Live,
    /// How the tenant's deliveries are signed.
    pub receive: Option<Receive>,
    /// The pages that are looked at as a browser receives them.
    #[serde(default)]
    pub observe: Vec<Observe>,
    /// When changes may begin, or may not.
    #[serde(default)]
    pub windows: Vec<Window>,
    /// Words of the wire that differ from the preset's.
    #[serde(default)]
    pub wire: Wire,
    /// How long a key is honoured.
    #[serde(default)]
    pub idempotency: Idempotency,
}

/// `live`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// How often the tenant is asked what it has: a duration, or `off`.
    pub interval: Option<String>,
    /// What is done about what somebody changed there.
    #[serde(default)]
    pub on_drift: OnDrift,
    /// How long after a correction the next one waits.
    #[serde(default, deserialize_with = "duration")]
    pub back_off: Option<Duration>,
    /// JSON pointers of what the tenant may change at will.
    #[serde(default)]
    pub ignore: Vec<String>,
}

/// `receive`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receive {
    /// One, or two while one replaces the other.
    pub secrets: Vec<SecretRef>,
    /// `cxone` or `standard`.
    #[serde(default)]
    pub scheme: Scheme,
    /// The header with the signature.
    pub signature_header: Option<String>,
    /// The header with the time.
    pub timestamp_header: Option<String>,
    /// How far a delivery's time may be from ours.
    #[serde(default, deserialize_with = "duration")]
    pub tolerance: Option<Duration>,
    /// Whether one without a time is taken.
    #[serde(default)]
    pub without_timestamp: bool,
}

/// How credentials are sent (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// In the form.
    #[default]
    Post,
    /// By HTTP basic authentication.
    Basic,
}

/// How a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// By the client for itself (RFC 6749 §4.4).
    #[default]
    ClientCredentials,
    /// By the client for an access key (RFC 6749 §4.3).
    Password,
}

/// A text, here or elsewhere.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// Here.
    Plain(String),
    /// Elsewhere.
    Ref(SecretRef),
}

/// Where a secret is. It is never written in the settings themselves.
#[derive(Debug, Clone)]
pub enum SecretRef {
    /// In this environment variable, or in the file that `NAME_FILE` names.
    Env(String),
    /// In this file; white space around it is dropped.
    File(PathBuf),
}

impl<'de> Deserialize<'de> for SecretRef {
    /// By hand, so that no error repeats a secret that was written where its place should be.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, deny_unknown_fields)]
        enum Shape {
            Env { env: String },
            File { file: PathBuf },
        }
        match Shape::deserialize(deserializer) {
            Ok(Shape::Env { env }) => Ok(Self::Env(env)),
            Ok(Shape::File { file }) => Ok(Self::File(file)),
            Err(_) => Err(de::Error::custom(
                "a secret is never written in the settings: write either { env: NAME } or { file: PATH }",
            )),
        }
    }
}

/// `limits`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests in flight to the tenant.
    pub requests_in_flight: Option<usize>,
    /// Jobs in flight at the tenant.
    pub jobs_in_flight: Option<usize>,
    /// Requests to the tenant in a second.
    pub requests_per_second: Option<u32>,
}

/// `job`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// How long one pass waits for a job.
    #[serde(default, deserialize_with = "duration")]
    pub deadline: Option<Duration>,
    /// Before the first poll; doubled after each.
    #[serde(default, deserialize_with = "duration")]
    pub base_delay: Option<Duration>,
    /// The longest between two polls.
    #[serde(default, deserialize_with = "duration")]
    pub max_delay: Option<Duration>,
    /// From when on a job is slow.
    #[serde(default, deserialize_with = "duration")]
    pub slow_after: Option<Duration>,
}

/// `breaker`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// So many failures, or slow jobs, in a row open it.
    pub failures: Option<u32>,
    /// How long it is open at first.
    #[serde(default, deserialize_with = "duration")]
    pub open: Option<Duration>,
    /// The longest that it is open.
    #[serde(default, deserialize_with = "duration")]
    pub max_open: Option<Duration>,
}

/// `idempotency`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idempotency {
    /// How long after its intent a submit may be repeated under its key.
    #[serde(default, deserialize_with = "duration")]
    pub lifetime: Option<Duration>,
}

/// `verify`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The webchat endpoint; with `{policy}` in it, each policy is probed on its own.
    pub endpoint: String,
    /// Whether `X-Content-Type-Options: nosniff` counts as blocked.
    pub nosniff_is_blocked: Option<bool>,
    /// Origins that get the bearer with a probe.
    #[serde(default)]
    pub send_token_to: Vec<String>,
    /// Probes besides the standard ones.
    #[serde(default)]
    pub probes: Vec<Probe>,
    /// The success rate under which what was missed makes a policy degraded.
    pub required: Option<f64>,
    /// What follows where a policy lets something harmful through.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// One of `verify.probes`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Its name.
    pub name: String,
    /// What is sent.
    pub payload: String,
    /// What it should come to.
    pub expect: Expected,
}

/// What follows where a policy lets something harmful through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It is shown as degraded.
    #[default]
    Degrade,
    /// What was verified last is deployed in its place, too.
    Rollback,
}

/// One of `webhooks`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its name at the tenant.
    pub name: Option<String>,
    /// Where it delivers to.
    pub url: String,
    /// What it signs with.
    pub secret: SecretRef,
    /// What it delivers.
    pub events: Option<Vec<String>>,
}

/// `wire`: every word of the contract that a tenant may have another for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// Path of the policies.
    pub policies_path: Option<String>,
    /// Path of a job whose submit named no location; `{id}` stands for its id.
    pub job_path: Option<String>,
    /// Path of the webhooks.
    pub webhooks_path: Option<String>,
    /// Path of a probe below the webchat endpoint.
    pub probe_path: Option<String>,
    /// Header of the correlation id.
    pub correlation_header: Option<String>,
    /// Header of the idempotency key.
    pub idempotency_header: Option<String>,
    /// Words for a job that has ended well.
    pub done_words: Option<Vec<String>>,
    /// Words for a job that has ended otherwise.
    pub failed_words: Option<Vec<String>>,
    /// Names of members of answers, by ours: `status`, `errorMessage`, `policyId`, `jobId`, `accessToken`, `expiresIn`,
    /// `webhookId`, `items`, `next`, `policy`.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map(Some).map_err(|error| {
        de::Error::custom(format!("{text:?} is not a duration such as 500ms, 30s or 5m: {error}"))
    })
}
