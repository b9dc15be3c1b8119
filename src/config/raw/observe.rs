//! `observe` of a tenant as it is written.

use std::time::Duration;

use serde::Deserialize;

use crate::policy::PolicyName;

/// One of `observe`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observe {
    /// The page.
    pub url: String,
    /// The policy that it should come with.
    pub policy: PolicyName,
    /// The longest between two looks.
    #[serde(default, deserialize_with = "super::duration")]
    pub every: Option<Duration>,
}
