//! `listen`, `listen_token`, `ready` and `metrics`: where the daemon answers, to whom, and how much it says.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

use super::raw;
use super::resolve::secret;
use super::{ConfigError, Lookup};

/// The environment variable of the token that a pass is asked for with; `…_FILE` names a file with it.
const TOKEN: &str = "CHATWARD_LISTEN_TOKEN";

/// Where the daemon answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// Here.
    At(SocketAddr),
    /// Nowhere.
    Off,
}

impl Default for Listen {
    fn default() -> Self {
        Self::At(SocketAddr::from((Ipv4Addr::LOCALHOST, 8686)))
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            _ => text.parse().map(Self::At).map_err(|_| {
                format!("{text:?} is no address with a port, such as 127.0.0.1:8686 or [::]:8686; `off` answers nowhere")
            }),
        }
    }
}

/// How the daemon answers.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// Where.
    pub listen: Listen,
    /// What a pass is asked for with. Needed where others than this machine can ask.
    pub token: Option<SecretString>,
    /// How old the last pass without a failure may be before the daemon says that it is not ready; for ever if not set.
    pub max_staleness: Option<Duration>,
    /// Whether each policy has metrics of its own.
    pub per_policy_metrics: bool,
}

impl Server {
    pub(super) fn resolve(
        raw: &raw::File,
        flag: Option<Listen>,
        lookup: &Lookup<'_>,
        missing: &mut Vec<String>,
    ) -> Result<Self, ConfigError> {
        let address = raw.listen.as_deref().map(str::parse).transpose();
        let address = address.map_err(|why: String| ConfigError::new(format!("listen: {why}")))?;
        let written = raw.listen_token.as_ref();
        let token = match lookup.text(TOKEN).map_err(|why| ConfigError::new(format!("{TOKEN}: {why}")))? {
            Some(token) => Some(token),
            None => written.map(|it| secret("listen_token", it, lookup, missing)).transpose()?.flatten(),
        };
        if raw.ready.max_staleness.is_some_and(|age| age < Duration::from_secs(1)) {
            return Err(ConfigError::new("ready.max_staleness is at least 1s"));
        }
        Ok(Self {
            listen: flag.or(address).unwrap_or_default(),
            token,
            max_staleness: raw.ready.max_staleness,
            per_policy_metrics: raw.metrics.per_policy,
        })
    }
}
