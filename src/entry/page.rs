//! Entries about pages: what a browser received from one, held against the policy that was brought live for it.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::digest::Digest;
use crate::direction::Assessment;
use crate::policy::{PolicyId, TenantName};

/// `page.observed`: one look at one page. All of it is bounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageObserved {
    /// The policy that it should come with.
    #[serde(flatten)]
    pub id: PolicyId,
    /// The page.
    pub url: Url,
    /// Where redirects ended, where that is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed_at: Option<Url>,
    /// What came of it.
    pub verdict: PageVerdict,
    /// What was live of the policy, as far as the ledger knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_digest: Option<Digest>,
    /// Of all that the page said of Content-Security-Policy: the values of its headers and `<meta>`, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_digest: Option<Digest>,
    /// How many policies it sent to be enforced.
    #[serde(default)]
    pub enforced: usize,
    /// How many it sent to be reported only.
    #[serde(default)]
    pub report_only: usize,
    /// How what is enforced differs from the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<PageDifference>,
    /// Why it could not be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `page.dropped`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageDropped {
    /// Of which tenant.
    pub tenant: TenantName,
    /// The page.
    pub url: Url,
}

/// What came of a look at a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageVerdict {
    /// What the page enforces means the same as the policy.
    Matches,
    /// It means something else.
    Differs,
    /// The page enforces no policy at all.
    None,
    /// The page could not be had.
    Unreachable,
    /// Nothing of the policy was brought live, so there is nothing to hold the page to.
    Unapplied,
}

impl PageVerdict {
    /// All of them, as they are shown.
    pub const ALL: [Self; 5] = [Self::Matches, Self::Differs, Self::None, Self::Unreachable, Self::Unapplied];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matches => "matches",
            Self::Differs => "differs",
            Self::None => "none",
            Self::Unreachable => "unreachable",
            Self::Unapplied => "unapplied",
        }
    }

    /// Whether the page was had.
    pub const fn was_seen(self) -> bool {
        !matches!(self, Self::Unreachable)
    }
}

impl fmt::Display for PageVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How what a page enforces differs from its policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageDifference {
    /// Directives and values of the policy that the page does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Those of the page that the policy does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<String>,
    /// How many there are of both besides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
    /// What the page allows and the policy does not: names of [`crate::csp::Question`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// What it blocks and the policy does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<String>,
    /// Which way the page strays from the policy, and by what.
    #[serde(flatten)]
    pub assessment: Assessment,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl PageDifference {
    /// In one line: what is missing, what is extra, and what that makes of it.
    pub fn summary(&self) -> String {
        let list = |word: &str, values: &[String]| {
            (!values.is_empty()).then(|| format!("{word} {}", values.join(", ")))
        };
        let told = self.assessment.summary();
        let parts = [
            list("missing", &self.missing),
            list("extra", &self.extra),
            (self.more > 0).then(|| format!("and {} more", self.more)),
            (!told.is_empty()).then_some(told),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

impl PageObserved {
    /// What came of it, in one line; nothing where the page is as it should be.
    pub fn detail(&self) -> String {
        let only = match self.report_only {
            0 => "",
            _ => ", what it sends is only reported",
        };
        let difference = self.difference.as_ref().map(PageDifference::summary).unwrap_or_default();
        match self.verdict {
            PageVerdict::Matches => String::new(),
            PageVerdict::Differs => difference,
            PageVerdict::None => format!("it enforces no policy{only}; {difference}"),
            PageVerdict::Unreachable => self.error.clone().unwrap_or_default(),
            PageVerdict::Unapplied => format!("nothing of {} was brought live", self.id),
        }
    }
}
