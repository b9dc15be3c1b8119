//! What is sent for a policy: the tenant's JSON, made from a [`Policy`] and hashed to its [`Digest`].
//!
//! The body of a submit is the payload's canonical JSON. So a payload that was read back from the ledger gives the
//! same bytes again, which is what makes a repeated request the same request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::csp::DirectiveValue;
use crate::digest::{CanonicalError, Digest, canonical_json};
use crate::policy::{BotRule, Policy, PolicyName};

mod document;

/// The document of a submit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// Always `webchat`.
    pub channel_type: String,
    /// What the policy says.
    pub security_profile: SecurityProfile,
    /// Who sends it and why; no part of the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<PayloadMetadata>,
}

/// What a policy says, in the tenant's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityProfile {
    /// From `cspDirectives` and `reportUri`.
    pub content_security_policy: ContentSecurityPolicy,
    /// From `xssRules`.
    pub xss_protection: XssProtection,
    /// From `botDetection`.
    pub bot_detection: BotDetection,
}

/// The CSP part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentSecurityPolicy {
    /// Always true: a policy without directives is refused instead.
    pub enabled: bool,
    /// By name.
    pub directives: BTreeMap<String, WireValue>,
    /// Where browsers report to.
    pub report_uri: String,
}

/// A directive's value on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WireValue {
    /// `true`: takes no value.
    Flag(bool),
    /// Sources joined by one space.
    Sources(String),
}

/// The XSS part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct XssProtection {
    /// Whether anything is filtered.
    pub enabled: bool,
    /// What happens to a message that a rule matches.
    pub mode: String,
    /// The rules by name.
    pub filter_rules: Vec<String>,
}

/// The bot part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BotDetection {
    /// Whether bots are looked for.
    pub enabled: bool,
    /// The challenge shown.
    pub challenge_type: String,
    /// Named rules.
    pub rules: Vec<WireBotRule>,
    /// Messages a minute and visitor.
    pub rate_limit_per_minute: u32,
}

/// One bot rule; what the document leaves out is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireBotRule {
    /// Its name.
    pub name: String,
    /// How many events make it match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u32>,
    /// Within how many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u32>,
    /// Whether it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// `metadata` of a submit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PayloadMetadata {
    /// Always `chatward`: tells our policies from others'.
    pub updated_by: String,
    /// When the policy was validated for this submit.
    pub validation_timestamp: Timestamp,
    /// The policy's name in its tenant.
    pub policy_name: PolicyName,
    /// The policy's digest.
    pub policy_hash: Digest,
    /// The git commit that the file is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_revision: Option<String>,
}

/// `metadata.updatedBy` of everything that chatward sends.
pub const UPDATED_BY: &str = "chatward";

/// What of a payload the digest covers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Digested<'a> {
    channel_type: &'a str,
    security_profile: &'a SecurityProfile,
}

impl Payload {
    /// The payload of a policy, without `metadata`.
    pub fn of(policy: &Policy) -> Self {
        let spec = &policy.spec;
        let directives = spec.csp_directives.0.iter().map(|directive| {
            let value = match &directive.value {
                DirectiveValue::Flag(_) => WireValue::Flag(true),
                DirectiveValue::Sources(sources) => {
                    let sources: Vec<&str> = sources.iter().map(|source| source.value.as_str()).collect();
                    WireValue::Sources(sources.join(" "))
                }
            };
            (directive.name.value.clone(), value)
        });
        Self {
            channel_type: "webchat".to_owned(),
            security_profile: SecurityProfile {
                content_security_policy: ContentSecurityPolicy {
                    enabled: true,
                    directives: directives.collect(),
                    report_uri: spec.report_uri.value.clone(),
                },
                xss_protection: XssProtection {
                    enabled: spec.xss_rules.enabled,
                    mode: spec.xss_rules.mode.value.clone(),
                    filter_rules: spec.xss_rules.rules.iter().map(|rule| rule.value.clone()).collect(),
                },
                bot_detection: BotDetection {
                    enabled: spec.bot_detection.enabled,
                    challenge_type: spec.bot_detection.challenge_type.value.clone(),
                    rules: spec.bot_detection.rules.iter().map(WireBotRule::of).collect(),
                    rate_limit_per_minute: spec.bot_detection.rate_limit_per_minute.value,
                },
            },
            metadata: None,
        }
    }

    /// The same payload as it is sent: with `metadata`.
    #[must_use]
    pub fn stamped(mut self, metadata: PayloadMetadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// The digest: of everything but `metadata`.
    ///
    /// # Errors
    /// Never for a payload made by [`Payload::of`]; the serialiser's error otherwise.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        let digested =
            Digested { channel_type: &self.channel_type, security_profile: &self.security_profile };
        Ok(Digest::of(&canonical_json(&digested)?))
    }

    /// The bytes of a submit.
    ///
    /// # Errors
    /// As [`Payload::digest`].
    pub fn body(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical_json(self)
    }
}

impl WireBotRule {
    fn of(rule: &BotRule) -> Self {
        Self {
            name: rule.name.value.clone(),
            threshold: rule.threshold.as_ref().map(|threshold| threshold.value),
            window_seconds: rule.window_seconds.as_ref().map(|seconds| seconds.value),
            enabled: rule.enabled,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The payload of a document that has every part.
    pub(crate) fn payload() -> Payload {
        let value = serde_json::json!({
            "channelType": "webchat",
            "securityProfile": {
                "contentSecurityPolicy": {
                    "enabled": true,
                    "directives": {
                        "default-src": "'self'",
                        "script-src": "'self' https://cdn.example",
                        "block-all-mixed-content": true,
                    },
                    "reportUri": "/api/v2/security/csp-reports",
                },
                "xssProtection": {
                    "enabled": true,
                    "mode": "block",
                    "filterRules": ["strip-script-tags", "sanitize-event-handlers"],
                },
                "botDetection": {
                    "enabled": true,
                    "challengeType": "hCaptcha",
                    "rules": [
                        { "name": "rapid-fire-detection", "threshold": 5, "windowSeconds": 10 },
                        { "name": "headless-browser-fingerprint", "enabled": true },
                    ],
                    "rateLimitPerMinute": 12,
                },
            },
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_digest_covers_all_but_metadata() {
        let digest = payload().digest().unwrap();
        assert_eq!(digest.to_string(), "ed2412238d386c489c2a1e49bc35a46f94d5c5897d690d90fc48e58caafca6ed");
        let stamped = payload().stamped(PayloadMetadata {
            updated_by: UPDATED_BY.into(),
            validation_timestamp: Timestamp::UNIX_EPOCH,
            policy_name: "checkout-chat".parse().unwrap(),
            policy_hash: digest,
            source_revision: None,
        });
        assert_eq!(stamped.digest().unwrap(), digest);
    }

    #[test]
    fn a_payload_read_back_has_the_same_bytes() {
        let body = payload().body().unwrap();
        let again: Payload = serde_json::from_slice(&body).unwrap();
        assert_eq!(again.body().unwrap(), body);
    }
}
