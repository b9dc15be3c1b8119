//! What a pass would do, and what it did.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::deploy::StepResult;
use crate::drift::Live;
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::Snapshot;
use crate::state::Suspensions;

/// What one pass did.
#[derive(Debug)]
pub struct Report {
    /// What it set out to do.
    pub plan: Arc<Plan>,
    /// What became of each step that was begun.
    pub results: Vec<StepResult>,
    /// Tenants that could not be worked with, and webhooks that could not be registered.
    pub failures: BTreeMap<TenantName, Failure>,
    /// The snapshot that it was made from.
    pub snapshot: Arc<Snapshot>,
    /// Whether it saw something that it did not know when it was planned.
    pub look_again: bool,
}

impl Report {
    /// Whether nothing failed.
    pub fn is_success(&self) -> bool {
        let done = |result: &StepResult| matches!(result.outcome, Outcome::Done | Outcome::Waiting(_));
        self.failures.is_empty() && self.results.iter().all(done)
    }
}

/// What a pass would do.
#[derive(Debug)]
pub struct Survey {
    /// What it is made from.
    pub snapshot: Arc<Snapshot>,
    /// What it is.
    pub plan: Arc<Plan>,
    /// What is known not to be live as it was brought there.
    pub(super) known: BTreeMap<PolicyId, Live>,
    /// What somebody had left alone when it was made.
    pub(super) suspensions: BTreeMap<TenantName, Suspensions>,
}
