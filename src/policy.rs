//! One policy as it is written: typed, with the place of every value that a check may have to point at.
//!
//! [`document`] reads YAML into these types and finds what is wrong with it; the JSON Schema that
//! `chatward schema` prints is derived from them. What is sent for a policy is [`crate::payload`].

use std::collections::BTreeMap;

use schemars::JsonSchema;

use crate::csp::{Directives, TargetBrowsers};
use crate::finding::{Span, Spanned};

pub mod document;
mod name;
mod schema;

pub use name::{NameError, PolicyId, PolicyIdError, PolicyName, TenantName};
pub use schema::schema;

/// The only `apiVersion` there is.
pub const API_VERSION: &str = "chatward.dev/v1";
/// The only `kind` there is.
pub const KIND: &str = "WebchatSecurityPolicy";
/// The annotation by which a document lives with findings: see [`crate::waiver`].
pub const WAIVE_ANNOTATION: &str = "chatward.dev/waive";

/// The annotation that lets a weakening change through a guard that holds such changes; its value says why.
pub const ACCEPT_WEAKENING: &str = "chatward.dev/accept-weakening";
/// The longest such value, in characters.
pub const MAX_ACCEPTANCE: usize = 300;

/// The annotation that leaves a policy alone until a time; its value is that time and why: see [`crate::suspension`].
pub const SUSPEND: &str = "chatward.dev/suspend";
/// The annotation that says what is done where somebody changed this policy at the tenant, whatever the tenant's own
/// setting: `report` or `correct`.
pub const ON_DRIFT: &str = "chatward.dev/on-drift";

/// A policy: its id, the annotations on its document, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Which policy.
    pub id: PolicyId,
    /// Where `metadata.name` is written: the place of findings about the policy as a whole.
    pub name_span: Span,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, Spanned<String>>,
    /// What it says.
    pub spec: Spec,
}

/// `spec`: what the webchat widget may load, what it filters, and how it meets bots.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The oldest browsers that the policy must work in.
    #[schemars(default)]
    pub target_browsers: TargetBrowsers,
    /// Where browsers send violation reports: a path on the tenant, or an absolute URL.
    #[schemars(default = "default_report_uri")]
    pub report_uri: Spanned<String>,
    /// Whose chat widget the page carries: `nice-cxone`, `intercom`, `zendesk`, `genesys` or `liveperson`. The policy
    /// is then checked for the hosts that the widget needs; nothing of it is sent.
    #[schemars(extend("examples" = ["nice-cxone", "intercom", "zendesk", "genesys", "liveperson"]))]
    pub vendor: Option<Spanned<String>>,
    /// The vendor's region, where its hosts are named after one, such as `na1`.
    #[schemars(extend("examples" = ["na1", "eu1"]))]
    pub region: Option<Spanned<String>>,
    /// Content-Security-Policy directives (CSP Level 3), by name.
    pub csp_directives: Directives,
    /// What is filtered out of messages.
    #[schemars(default)]
    pub xss_rules: XssRules,
    /// How bots are met.
    #[schemars(default)]
    pub bot_detection: BotDetection,
}

/// `reportUri` where none is written.
pub const DEFAULT_REPORT_URI: &str = "/api/v2/security/csp-reports";

/// `reportUri` where none is written.
pub fn default_report_uri() -> Spanned<String> {
    unplaced(DEFAULT_REPORT_URI)
}

fn unplaced(text: &str) -> Spanned<String> {
    Spanned::new(text.to_owned(), Span::default())
}

/// `xssRules`: what is filtered out of messages.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct XssRules {
    /// Whether anything is filtered.
    pub enabled: bool,
    /// What happens to a message that a rule matches: `block`, `sanitize` or `report`.
    #[schemars(extend("examples" = ["block", "sanitize", "report"]))]
    pub mode: Spanned<String>,
    /// The rules: `strip-script-tags`, `sanitize-event-handlers`, `block-script-uris`.
    #[schemars(extend("examples" = [["strip-script-tags", "sanitize-event-handlers", "block-script-uris"]]))]
    pub rules: Vec<Spanned<String>>,
}

impl Default for XssRules {
    fn default() -> Self {
        Self { enabled: true, mode: unplaced("block"), rules: Vec::new() }
    }
}

/// `botDetection`: how bots are met.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct BotDetection {
    /// Whether bots are looked for.
    pub enabled: bool,
    /// The challenge shown: `hCaptcha`, `reCaptcha` or `turnstile`.
    #[schemars(extend("examples" = ["hCaptcha", "reCaptcha", "turnstile"]))]
    pub challenge_type: Spanned<String>,
    /// Messages a minute and visitor before the challenge; at least 1.
    #[schemars(range(min = 1))]
    pub rate_limit_per_minute: Spanned<u32>,
    /// Named rules; at most 10.
    #[schemars(length(max = 10))]
    pub rules: Vec<BotRule>,
}

impl Default for BotDetection {
    fn default() -> Self {
        Self {
            enabled: true,
            challenge_type: unplaced("hCaptcha"),
            rate_limit_per_minute: Spanned::new(15, Span::default()),
            rules: Vec::new(),
        }
    }
}

/// One bot rule.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct BotRule {
    /// Its name.
    #[schemars(extend("examples" = ["rapid-fire-detection", "headless-browser-fingerprint"]))]
    pub name: Spanned<String>,
    /// How many events make it match; at least 1.
    #[schemars(range(min = 1))]
    pub threshold: Option<Spanned<u32>>,
    /// Within how many seconds; at least 1.
    #[schemars(range(min = 1))]
    pub window_seconds: Option<Spanned<u32>>,
    /// Whether it is on; the tenant decides where nothing is written.
    pub enabled: Option<bool>,
}
