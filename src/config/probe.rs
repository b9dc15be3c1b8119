//! What a webchat endpoint is tried with: the standard probes, and those that a tenant adds.

use std::collections::BTreeSet;

use super::{ConfigError, raw};
use crate::outcome::Expected;

/// The probes that every policy is tried with: name and payload. Each must be blocked.
pub const STANDARD_PROBES: [(&str, &str); 3] = [
    ("script-injection", "<script>alert(1)</script>"),
    ("event-handler-injection", "<img src=x onerror=alert(1)>"),
    ("data-uri-execution", "javascript:alert(1)"),
];

/// The most probes that a tenant may add.
const MAX_PROBES: usize = 50;
const MAX_PAYLOAD: usize = 8 * 1024;
const MAX_NAME: usize = 100;

/// What is tried against a webchat endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Its name.
    pub name: String,
    /// What is sent as `testInput`.
    pub payload: String,
    /// What it should come to.
    pub expected: Expected,
}

impl Probe {
    /// [`STANDARD_PROBES`] as values.
    pub fn standard() -> Vec<Self> {
        let probe = |(name, payload): (&str, &str)| Self {
            name: name.to_owned(),
            payload: payload.to_owned(),
            expected: Expected::Blocked,
        };
        STANDARD_PROBES.map(probe).to_vec()
    }
}

/// The standard probes, and these after them.
pub(super) fn probes_of(raw: &[raw::Probe]) -> Result<Vec<Probe>, ConfigError> {
    let error = |why: String| ConfigError::new(format!("verify.probes: {why}"));
    if raw.len() > MAX_PROBES {
        return Err(error(format!("at most {MAX_PROBES} besides the standard ones, not {}", raw.len())));
    }
    let mut probes = Probe::standard();
    let mut names: BTreeSet<&str> = STANDARD_PROBES.iter().map(|(name, _)| *name).collect();
    for raw::Probe { name, payload, expect } in raw {
        if name.trim().is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
            let shown: String = name.escape_debug().take(MAX_NAME).collect();
            return Err(error(format!(
                "a name has 1 to {MAX_NAME} bytes, none of them control, unlike \"{shown}\""
            )));
        }
        if payload.len() > MAX_PAYLOAD {
            return Err(error(format!("the payload of {name:?} has over {MAX_PAYLOAD} bytes")));
        }
        if !names.insert(name) {
            return Err(error(format!("there are two with the name {name:?}")));
        }
        probes.push(Probe { name: name.clone(), payload: payload.clone(), expected: *expect });
    }
    Ok(probes)
}
