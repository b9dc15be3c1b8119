//! Desired against applied against live: whether a policy has drifted, and why.
//!
//! A pure table. [`crate::plan`] makes steps of what it says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Why a policy is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It was never brought live.
    New,
    /// Its file changed.
    Source,
    /// Somebody changed the tenant.
    Live,
    /// Its file changed, and somebody changed the tenant.
    Both,
    /// Its file is gone.
    Removed,
    /// The tenant lost it.
    Missing,
    /// The tenant has it, and the ledger does not know how.
    StateLost,
    /// It let something harmful through: the cause of a roll-back, never found by a comparison.
    Degraded,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Source => "source",
            Self::Live => "live",
            Self::Both => "both",
            Self::Removed => "removed",
            Self::Missing => "missing",
            Self::StateLost => "state-lost",
            Self::Degraded => "degraded",
        })
    }
}

/// What is done about what somebody changed at a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDrift {
    /// It is told.
    #[default]
    Report,
    /// What is wanted is brought live again.
    Correct,
}

impl OnDrift {
    /// Both, and how each is written.
    pub const ALL: [(Self, &str); 2] = [(Self::Report, "report"), (Self::Correct, "correct")];

    /// The one that is written like this.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name)| *name == word).map(|(it, _)| it)
    }
}

/// What the tenant says it has of one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Live {
    /// A policy with this digest.
    Has(Digest),
    /// None of that name.
    Absent,
    /// It was not asked, or did not answer. Never "in sync".
    #[default]
    Unknown,
    /// It can't be asked.
    NotOffered,
}

/// How live compares with applied, as a status shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiveSync {
    /// The tenant has what was applied.
    Matches,
    /// It has something else.
    Differs,
    /// It has none.
    Absent,
    /// Not known.
    Unknown,
    /// Can't be known.
    NotOffered,
}

impl Live {
    /// How it compares with what was applied.
    pub fn against(self, applied: Option<Digest>) -> LiveSync {
        match self {
            Self::Has(live) if Some(live) == applied => LiveSync::Matches,
            Self::Has(_) => LiveSync::Differs,
            Self::Absent => LiveSync::Absent,
            Self::Unknown => LiveSync::Unknown,
            Self::NotOffered => LiveSync::NotOffered,
        }
    }
}

impl fmt::Display for LiveSync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Matches => "matches",
            Self::Differs => "differs",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
            Self::NotOffered => "not offered",
        })
    }
}

/// Whether a policy has drifted, and why. Unknown live is neither drift nor proof that there is none.
pub fn drift(desired: Option<Digest>, applied: Option<Digest>, live: Live) -> Option<Cause> {
    match (desired, applied, live) {
        (None, None, _) => None,
        (None, Some(_), _) => Some(Cause::Removed),
        (Some(_), None, Live::Has(_)) => Some(Cause::StateLost),
        (Some(_), None, _) => Some(Cause::New),
        (Some(_), Some(_), Live::Absent) => Some(Cause::Missing),
        (Some(desired), Some(applied), live) => {
            let live_moved = matches!(live, Live::Has(live) if live != applied);
            match (desired != applied, live_moved) {
                (false, false) => None,
                (true, false) => Some(Cause::Source),
                (false, true) => Some(Cause::Live),
                (true, true) => Some(Cause::Both),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_its_cause() {
        let (a, b, c) = (Digest::of(b"a"), Digest::of(b"b"), Digest::of(b"c"));
        let unseen = [Live::Unknown, Live::NotOffered];
        type Row<'a> = (Option<Digest>, Option<Digest>, &'a [Live], Option<Cause>);
        let rows: &[Row<'_>] = &[
            (None, None, &[Live::Unknown, Live::NotOffered, Live::Absent, Live::Has(a)], None),
            (None, Some(a), &[Live::Unknown, Live::Absent, Live::Has(a)], Some(Cause::Removed)),
            (Some(a), None, &[Live::Unknown, Live::NotOffered, Live::Absent], Some(Cause::New)),
            (Some(a), None, &[Live::Has(a), Live::Has(b)], Some(Cause::StateLost)),
            (Some(a), Some(a), &unseen, None),
            (Some(a), Some(a), &[Live::Has(a)], None),
            (Some(a), Some(a), &[Live::Has(b)], Some(Cause::Live)),
            (Some(a), Some(a), &[Live::Absent], Some(Cause::Missing)),
            (Some(b), Some(a), &unseen, Some(Cause::Source)),
            (Some(b), Some(a), &[Live::Has(a)], Some(Cause::Source)),
            (Some(b), Some(a), &[Live::Has(b), Live::Has(c)], Some(Cause::Both)),
            (Some(b), Some(a), &[Live::Absent], Some(Cause::Missing)),
        ];
        for (desired, applied, lives, cause) in rows {
            for live in *lives {
                assert_eq!(drift(*desired, *applied, *live), *cause, "{desired:?} {applied:?} {live:?}");
            }
        }
    }

    #[test]
    fn unknown_never_matches() {
        let digest = Digest::of(b"a");
        assert_eq!(Live::Unknown.against(Some(digest)), LiveSync::Unknown);
        assert_eq!(Live::NotOffered.against(Some(digest)), LiveSync::NotOffered);
        assert_eq!(Live::Has(digest).against(Some(digest)), LiveSync::Matches);
        assert_eq!(Live::Has(digest).against(None), LiveSync::Differs);
    }
}
