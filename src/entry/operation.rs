//! Entries of one operation on one policy, from its intent to its verdict.
//!
//! ```text
//! intent ──► location ──► effect ──► verdict
//!    └──────► waiting ◄──┘   any number of times, while its end is not known
//!
//! abandoned (an effect) ──► late   where its job is seen to end after all
//! ```

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::digest::{Digest, FileHash};
use crate::direction::Assessment;
use crate::drift::Cause;
use crate::outcome::{ProbeResult, Verification};
use crate::payload::Payload;
use crate::policy::PolicyId;

/// What is asked of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Bring a policy live.
    Deploy,
    /// Bring what was verified last live again, in place of what let something harmful through.
    Rollback,
    /// Take a policy away.
    Remove,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Remove => "remove",
        })
    }
}

/// Where a policy came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The file, relative to the policy directory.
    pub file: Arc<str>,
    /// The hash of the file's bytes.
    pub file_hash: FileHash,
    /// The git commit that last touched it, where that is known.
    #[serde(flatten)]
    pub commit: Option<Arc<Commit>>,
}

/// A git commit, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// Its hash.
    pub revision: Arc<str>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Arc<str>>,
    /// When it was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
    /// The first line of its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_subject: Option<Arc<str>>,
    /// Whether the file was changed since, so that what it says is not what was committed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dirty: bool,
    /// The allowed key that signed it, where signatures are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<Arc<str>>,
}

impl Origin {
    /// The commit that last touched the file, by its hash.
    pub fn revision(&self) -> Option<&str> {
        Some(&self.commit.as_ref()?.revision)
    }

    /// The commit that the file is from; nothing where the file was changed since.
    pub fn clean_revision(&self) -> Option<&str> {
        Some(&self.commit.as_ref().filter(|commit| !commit.dirty)?.revision)
    }
}

/// `operation.intent`: goes to disk before the first byte of the submit leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// Which policy.
    #[serde(flatten)]
    pub id: PolicyId,
    /// What is asked.
    pub operation: Operation,
    /// Why.
    pub cause: Cause,
    /// What it will be.
    pub digest: Digest,
    /// What it was, where something was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_digest: Option<Digest>,
    /// Where it came from.
    #[serde(flatten)]
    pub origin: Origin,
    /// Whether it guards better or worse than what it was, where something was; older entries don't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment: Option<Assessment>,
    /// Why its document accepts that it is weaker, where it is and the document does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_weakening: Option<Arc<str>>,
    /// Made with this intent; the same across all its retries and restarts.
    pub idempotency_key: Uuid,
    /// On every request and entry of this operation.
    pub correlation_id: Uuid,
    /// What is sent: the evidence, a retry's body, a rollback's source. Every intent of a ledger has it; an outline of one
    /// leaves it out, and so do those who need none of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
}

/// `operation.location`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Which policy.
    #[serde(flatten)]
    pub id: PolicyId,
    /// Of which operation.
    pub correlation_id: Uuid,
    /// The job's id: the last segment of its location, or what the body said.
    pub job_id: String,
    /// Where the job is asked.
    pub location: Url,
    /// Requests that the submit took.
    pub attempts: u32,
    /// From the first of them to the answer, in milliseconds.
    pub submit_ms: u64,
}

/// Why an operation is left open by a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitReason {
    /// The job is past its deadline.
    Overdue,
    /// No answer to the submit: it may have been taken.
    InDoubt,
    /// The job could not be asked.
    Unavailable,
    /// The tenant forgot the job; it is submitted again under the same key, once.
    LostJob,
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overdue => "overdue",
            Self::InDoubt => "in doubt",
            Self::Unavailable => "unavailable",
            Self::LostJob => "lost job",
        })
    }
}

/// `operation.waiting`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Which policy.
    #[serde(flatten)]
    pub id: PolicyId,
    /// Of which operation.
    pub correlation_id: Uuid,
    /// Why it is left open.
    pub reason: WaitReason,
    /// Its job, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// What was seen last.
    pub error: String,
    /// Requests that it took.
    pub attempts: u32,
}

/// What an operation ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectOutcome {
    /// The tenant has it.
    Done,
    /// It did not come about; later passes try again as a new intent, at growing distances.
    Failed,
    /// The tenant refuses it; not sent again until the policy changes or somebody asks for it.
    Rejected,
    /// Its end will not be known; the newest digest goes instead.
    Abandoned,
}

impl fmt::Display for EffectOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Abandoned => "abandoned",
        })
    }
}

/// `operation.effect`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Which policy.
    #[serde(flatten)]
    pub id: PolicyId,
    /// Of which operation.
    pub correlation_id: Uuid,
    /// What it was about.
    pub digest: Digest,
    /// What it ended in.
    pub outcome: EffectOutcome,
    /// Its job, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The tenant's own id of the policy, where it said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<String>,
    /// Requests that it took, the submit's and the polls'.
    pub attempts: u32,
    /// From the intent to here, in milliseconds of the wall clock.
    pub duration_ms: u64,
    /// In the tenant's words, where it did not come about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What became of the job of an abandoned operation, where it is learnt after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LateOutcome {
    /// It ended well, and what it was about is live, maybe over something newer.
    Done,
    /// It ended without effect.
    Failed,
    /// The tenant forgot it.
    Lost,
    /// It was asked as long as the tenant remembers keys, and had not ended; it is asked no more.
    Unwatched,
}

impl fmt::Display for LateOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Lost => "lost job",
            Self::Unwatched => "unwatched",
        })
    }
}

/// `operation.late`: the end of a job whose operation was abandoned before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Late {
    /// Which policy.
    #[serde(flatten)]
    pub id: PolicyId,
    /// Of which operation.
    pub correlation_id: Uuid,
    /// What it was about.
    pub digest: Digest,
    /// What became of it.
    pub outcome: LateOutcome,
    /// Its job.
    pub job_id: String,
    /// The tenant's own id of the policy, where it said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<String>,
    /// In the tenant's words, where it ended without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Whom a verdict speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The policy itself was probed.
    Policy,
    /// Its tenant was, once for all its policies of a pass.
    Tenant,
}

/// `policy.verdict`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Which policy.
    #[serde(flatten)]
    pub id: PolicyId,
    /// Of the operation that brought it live.
    pub correlation_id: Uuid,
    /// What was live.
    pub digest: Digest,
    /// What was probed.
    pub scope: Scope,
    /// What it comes to.
    pub verification: Verification,
    /// Probes that said what they should, out of all.
    pub success_rate: f64,
    /// Each probe.
    pub probes: Vec<ProbeResult>,
}
