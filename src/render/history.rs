//! What was deployed of one policy, a line each; and what lies between two of them.

use std::fmt;

use super::columns::{Cell, table};
use super::plan::direction;
use super::{GREEN, PLAIN, RED, changes, counted, short_revision, shown};
use crate::direction::Assessment;
use crate::entry::EffectOutcome;
use crate::plan::change::Change;
use crate::render::audit::deployments::Deployment;

/// Every operation on a policy, oldest first.
pub fn text(deployments: &[Deployment]) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let heading = ["TIME", "OPERATION", "DIGEST", "OUTCOME", "TOOK", "DIRECTION", "REVISION", "AUTHOR"];
        write!(f, "{}", table(heading, deployments.iter().map(row).collect()))?;
        writeln!(f, "\n{}", counted(deployments.len(), "operation", "operations"))
    })
}

fn row(deployment: &Deployment) -> [Cell; 8] {
    let (outcome, style) = match deployment.outcome {
        Some(EffectOutcome::Done) => ("done".to_owned(), GREEN),
        Some(other) => (other.to_string(), RED),
        None => ("under way".to_owned(), PLAIN),
    };
    let took = deployment.duration_ms.map(|ms| format!("{:.1} s", ms as f64 / 1000.0));
    [
        Cell::new(deployment.deployment_timestamp.strftime("%FT%TZ").to_string()),
        Cell::new(deployment.operation.to_string()),
        Cell::new(deployment.policy_hash.short()),
        Cell::styled(style, outcome),
        Cell::new(took.unwrap_or_default()),
        Cell::new(deployment.direction.map(|it| it.to_string()).unwrap_or_default()),
        Cell::new(deployment.revision.as_deref().map(short_revision).unwrap_or_default()),
        Cell::new(deployment.author.as_deref().map(shown).unwrap_or_default()),
    ]
}

/// What changes between two payloads, and which way that goes.
pub fn difference(changed: &[Change], assessment: &Assessment) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        if changed.is_empty() {
            return writeln!(f, "no difference");
        }
        changes(f, changed)?;
        direction(f, Some(assessment), None)
    })
}
