//! `receive`: how the events that a tenant delivers are signed.

use std::time::Duration;

use super::raw;
use super::resolve::secret;
use super::{ConfigError, Lookup};
use crate::signature::{Rules, Scheme};

/// How far a delivery's time may be from ours.
const TOLERANCE: Duration = Duration::from_secs(300);
const MAX_TOLERANCE: Duration = Duration::from_secs(3600);
/// One, and the one that replaces it.
const MAX_SECRETS: usize = 2;

/// How a tenant's deliveries are taken.
#[derive(Debug, Clone)]
pub struct Receive {
    /// What they have to be like.
    pub rules: Rules,
    /// The header with the signature.
    pub signature_header: String,
    /// The header with the time.
    pub timestamp_header: String,
}

impl Receive {
    pub(super) fn resolve(
        raw: &raw::Receive,
        lookup: &Lookup<'_>,
        missing: &mut Vec<String>,
    ) -> Result<Option<Self>, ConfigError> {
        if raw.secrets.is_empty() || raw.secrets.len() > MAX_SECRETS {
            return Err(ConfigError::new("receive.secrets: one, or two while one replaces the other"));
        }
        let mut secrets = Vec::new();
        for reference in &raw.secrets {
            secrets.extend(secret("receive.secrets", reference, lookup, missing)?);
        }
        let tolerance = raw.tolerance.unwrap_or(TOLERANCE);
        if tolerance.is_zero() || tolerance > MAX_TOLERANCE {
            return Err(ConfigError::new("receive.tolerance: more than 0s, and at most 1h"));
        }
        let (signature, timestamp) = match raw.scheme {
            Scheme::Cxone => ("X-CXone-Signature", "X-CXone-Timestamp"),
            Scheme::Standard => ("webhook-signature", "webhook-timestamp"),
        };
        let rules =
            Rules { scheme: raw.scheme, secrets, tolerance, without_timestamp: raw.without_timestamp };
        Ok((!rules.secrets.is_empty()).then(|| Self {
            rules,
            signature_header: raw.signature_header.clone().unwrap_or_else(|| signature.to_owned()),
            timestamp_header: raw.timestamp_header.clone().unwrap_or_else(|| timestamp.to_owned()),
        }))
    }
}
