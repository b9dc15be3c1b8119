//! Settings, resolved once: what the file, the environment and the flags say, with every default filled in.
//!
//! [`raw`] has the shapes of the file, [`wire`] the words of the wire. Nothing here reads anything: the environment and
//! files with secrets come in through [`Lookup`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::breaker;
use crate::entry::Binding;
use crate::plan::guard::Guard;
use crate::policy::TenantName;
use crate::window::Windows;

mod audit;
mod live;
mod observe;
mod probe;
mod receive;
pub mod raw;
mod resolve;
mod server;
mod windows;
pub mod wire;

pub use live::Live;
pub use observe::Page;
pub use probe::{Probe, STANDARD_PROBES};
pub use raw::{ClientAuth, Grant, OnFailure};
pub use receive::Receive;
pub use resolve::resolve;
pub use server::{Listen, Server};
use wire::Wire;

/// Everything that is set.
#[derive(Debug)]
pub struct Settings {
    /// The policy directory.
    pub policies: PathBuf,
    /// The state directory.
    pub state: PathBuf,
    /// Between full passes, even without an event.
    pub interval: Duration,
    /// Whether policies whose file is gone are removed.
    pub prune: bool,
    /// How much one pass may change.
    pub guard: Guard,
    /// Who may sign the commits that policies are from; nothing where none need be signed.
    pub signers: Option<Signers>,
    /// How the daemon answers.
    pub server: Server,
    /// Secrets of the ledger and the daemon that can't be had here, each with what would give it. Who writes needs them.
    pub missing: Vec<String>,
    /// How the ledger is written.
    pub audit: Audit,
    /// By name; never empty.
    pub tenants: BTreeMap<TenantName, Tenant>,
}

/// How the ledger is written.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// The private key that signs every entry, in PEM, if one does.
    pub signing_key: Option<SecretString>,
    /// How many bytes a file of it holds before the next is begun; nothing for the usual.
    pub segment_bytes: Option<u64>,
}

/// Who may sign the commits that policies are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// SSH keys, as `ssh-keygen` reads them (`ALLOWED SIGNERS` in its manual).
    pub ssh_file: Option<PathBuf>,
    /// Fingerprints of PGP keys, which are in the keyring of whoever runs chatward.
    pub pgp_keys: Vec<String>,
}

/// One tenant.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its name.
    pub name: TenantName,
    /// Where the words of its wire come from.
    pub preset: String,
    /// Its organisation.
    pub organisation: Option<String>,
    /// Its API, where that is known.
    pub base_url: Option<Url>,
    /// Its token endpoint.
    pub token_url: Url,
    /// Who we are there, where that is known.
    pub credentials: Option<Credentials>,
    /// What is missing before the tenant can be reached, each with what would give it.
    pub missing: Vec<String>,
    /// What the token is for.
    pub scope: String,
    /// How much at once.
    pub limits: Limits,
    /// How jobs are waited for.
    pub job: Job,
    /// When it is left alone for a while.
    pub breaker: breaker::Rules,
    /// How what is live is probed, if it is.
    pub verify: Option<Verify>,
    /// Where it delivers its events to.
    pub webhooks: Vec<Webhook>,
    /// How it is seen what it really has.
    pub live: Live,
    /// How what it delivers here is signed; nothing is taken where that is not set.
    pub receive: Option<Receive>,
    /// The pages that are looked at as a browser receives them.
    pub observe: Vec<Page>,
    /// When changes may begin there.
    pub windows: Windows,
    /// The words of its wire.
    pub wire: Wire,
    /// How long after its intent a submit may be repeated under its key.
    pub key_lifetime: Duration,
    /// Whether it is simulated.
    pub sandbox: bool,
}

impl Tenant {
    /// What the ledger binds it to; nothing while its API is not known.
    pub fn binding(&self) -> Option<Binding> {
        let organisation = self.organisation.clone();
        if self.sandbox {
            // A simulated tenant listens on another port each time, and is the same tenant.
            let sandbox = "sandbox".to_owned();
            return Some(Binding { preset: sandbox.clone(), origin: sandbox, organisation });
        }
        let origin = self.base_url.as_ref()?.origin().ascii_serialization();
        Some(Binding { preset: self.preset.clone(), origin, organisation })
    }
}

/// Who we are at a tenant.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Known to the tenant's administrators.
    pub client_id: String,
    /// Known to nobody else.
    pub client_secret: SecretString,
    /// How both are sent.
    pub auth: ClientAuth,
    /// The user that the client asks for (RFC 6749 §4.3); nothing where it asks for itself (§4.4).
    pub access_key: Option<AccessKey>,
}

/// An access key: a user of a tenant that is no person.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// Known to the tenant's administrators.
    pub id: String,
    /// Known to nobody else.
    pub secret: SecretString,
}

/// How much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests in flight; at least 1.
    pub requests_in_flight: usize,
    /// Jobs in flight; at least 1.
    pub jobs_in_flight: usize,
    /// Requests in a second, over all endpoints; at least 1. Nothing: as many as the tenant takes.
    pub requests_per_second: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_in_flight: 5, jobs_in_flight: 100, requests_per_second: None }
    }
}

/// How jobs are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// How long one pass waits for a job.
    pub deadline: Duration,
    /// Before the first poll; doubled after each.
    pub base_delay: Duration,
    /// The longest between two polls.
    pub max_delay: Duration,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(270),
            base_delay: Duration::from_secs(2),
            max_delay: Duration::from_secs(30),
        }
    }
}

/// How what is live is probed.
#[derive(Debug, Clone, PartialEq)]
pub struct Verify {
    /// The webchat endpoint, a URL in which `{policy}` may stand.
    pub endpoint: String,
    /// Whether `X-Content-Type-Options: nosniff` counts as blocked.
    pub nosniff_is_blocked: bool,
    /// Origins that get the bearer with a probe.
    pub send_token_to: Vec<url::Origin>,
    /// What is tried: the standard probes, and the tenant's own after them.
    pub probes: Vec<Probe>,
    /// The success rate under which what was missed makes a policy degraded; from 0 to 1.
    pub required: f64,
    /// What follows where a policy lets something harmful through.
    pub on_failure: OnFailure,
}

impl Verify {
    /// The standard probes at an endpoint, with every default.
    pub fn at(endpoint: String) -> Self {
        Self {
            endpoint,
            nosniff_is_blocked: false,
            send_token_to: Vec::new(),
            probes: Probe::standard(),
            required: 1.0,
            on_failure: OnFailure::Degrade,
        }
    }

    /// Whether each policy is probed on its own.
    pub fn per_policy(&self) -> bool {
        self.endpoint.contains("{policy}")
    }
}

/// Where a tenant delivers its events to.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its name at the tenant.
    pub name: String,
    /// Where it delivers to.
    pub url: Url,
    /// What it signs with.
    pub secret: SecretString,
    /// What it delivers.
    pub events: Vec<String>,
}

/// What is given besides the file: flags, and the environment variables that stand for them.
#[derive(Debug, Default, Clone)]
pub struct Overrides {
    /// The policy directory.
    pub policies: Option<PathBuf>,
    /// The state directory.
    pub state: Option<PathBuf>,
    /// Between full passes.
    pub interval: Option<Duration>,
    /// Whether policies whose file is gone are removed.
    pub prune: bool,
    /// Where the daemon answers.
    pub listen: Option<Listen>,
}

/// Where the environment and files with secrets are read.
pub struct Lookup<'a> {
    /// An environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// A file's text; `Err` says why not.
    pub file: &'a dyn Fn(&Path) -> Result<String, String>,
}

impl Lookup<'_> {
    /// A variable, or the file that `NAME_FILE` names. Empty is as good as not set.
    fn text(&self, name: &str) -> Result<Option<SecretString>, ConfigError> {
        if let Some(text) = (self.env)(name).filter(|text| !text.trim().is_empty()) {
            return Ok(Some(text.into()));
        }
        match (self.env)(&format!("{name}_FILE")).filter(|path| !path.is_empty()) {
            Some(path) => self.file(Path::new(&path)).map(Some),
            None => Ok(None),
        }
    }

    fn file(&self, path: &Path) -> Result<SecretString, ConfigError> {
        match (self.file)(path) {
            Ok(text) if text.trim().is_empty() => {
                Err(ConfigError::new(format!("{} is empty", path.display())))
            }
            Ok(text) => Ok(text.trim().to_owned().into()),
            Err(why) => Err(ConfigError::new(format!("{} can't be read: {why}", path.display()))),
        }
    }

    fn plain(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.text(name)?.map(|text| text.expose_secret().trim().to_owned()))
    }
}

/// Why settings can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
