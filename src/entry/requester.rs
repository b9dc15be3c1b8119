//! Who asked for something by hand.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::printable::printable;

/// The longest name of a user or a host, in characters.
const MAX_NAME: usize = 100;

/// Who asked for something by hand, as they say themselves: for whoever reads the audit, no proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The user.
    pub user: String,
    /// The user's machine.
    pub host: String,
}

impl Requester {
    /// A user at a machine, in one bounded line each.
    pub fn new(user: &str, host: &str) -> Self {
        let bounded = |name: &str| printable(name.trim(), MAX_NAME);
        Self { user: bounded(user), host: bounded(host) }
    }

    /// The same, in one bounded line each, whoever said it.
    #[must_use]
    pub fn bounded(&self) -> Self {
        Self::new(&self.user, &self.host)
    }
}

impl fmt::Display for Requester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.host)
    }
}
