//! What the steps of a plan do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Find out how an operation of an earlier pass ended.
    Resume,
    /// Bring live what never was.
    Create,
    /// Bring live what was live with another digest.
    Update,
    /// Take away what is not wanted any more.
    Remove,
    /// Probe again what could not be probed.
    Verify,
    /// Ask whether the job of an abandoned operation ended after all.
    Watch,
}

impl Action {
    /// Whether it begins something at the tenant; the others are about what was begun before.
    pub fn begins(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Remove)
    }

    /// Whether something of the tenant would change.
    pub fn is_change(self) -> bool {
        !matches!(self, Self::Verify | Self::Watch)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resume => "resume",
            Self::Create => "create",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Verify => "verify",
            Self::Watch => "watch",
        })
    }
}
