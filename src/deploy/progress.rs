//! Telling how far a pass is, to whoever wants to know.

use std::sync::Arc;
use std::time::Duration;

use super::StepResult;
use crate::live::LiveView;
use crate::plan::Plan;
use crate::policy::TenantName;
use crate::snapshot::Snapshot;

/// A part of a pass whose time is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Reading what changed of the directory.
    Snapshot,
    /// Making the plan, with the commits that it is from.
    Plan,
    /// Carrying it out at all tenants.
    Deploy,
}

impl Stage {
    /// Its name, as metrics and logs have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Plan => "plan",
            Self::Deploy => "deploy",
        }
    }
}

/// Whoever wants to know how far a pass is.
pub trait Progress: Send + Sync {
    /// So many steps are about to be taken.
    fn begin(&self, _steps: usize) {}
    /// One has ended.
    fn ended(&self, _result: &StepResult) {}
    /// Whether it has to be told of everything once, since it shows what it was never told of.
    fn knows_nothing(&self) -> bool {
        false
    }
    /// This is what is about to be done, and what it was made from: once everything is known, what can differ from before.
    fn planned(&self, _snapshot: &Arc<Snapshot>, _plan: &Arc<Plan>) {}
    /// This is what tenants have, as far as that is known.
    fn seen(&self, _live: &Arc<LiveView>) {}
    /// A tenant can be worked with.
    fn connected(&self, _tenant: &TenantName) {}
    /// So long a stage of the pass took.
    fn stage(&self, _stage: Stage, _took: Duration) {}
}

/// Nobody does.
impl Progress for () {}
