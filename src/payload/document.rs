//! A payload back as a document: what was live once, to be committed again.
//!
//! What a document says to people alone (comments, target browsers, annotations) is in no payload, and does not come back.

use serde_json::{Map, Value, json};

use super::{Payload, WireValue};
use crate::policy::PolicyId;

impl Payload {
    /// The document of a policy with this payload: one that has the same digest.
    ///
    /// # Errors
    /// Never for a payload; the serialiser's error otherwise.
    pub fn document(&self, id: &PolicyId) -> Result<String, serde_yaml::Error> {
        let profile = &self.security_profile;
        let (csp, xss, bot) =
            (&profile.content_security_policy, &profile.xss_protection, &profile.bot_detection);
        let directives = csp.directives.iter().map(|(name, value)| {
            let value = match value {
                WireValue::Flag(flag) => json!(flag),
                WireValue::Sources(sources) => json!(sources),
            };
            (name.clone(), value)
        });
        let directives: Map<String, Value> = directives.collect();
        serde_yaml::to_string(&json!({
            "apiVersion": "chatward.dev/v1",
            "kind": "WebchatSecurityPolicy",
            "metadata": { "name": id.name, "tenant": id.tenant },
            "spec": {
                "reportUri": csp.report_uri,
                "cspDirectives": directives,
                "xssRules": { "enabled": xss.enabled, "mode": xss.mode, "rules": xss.filter_rules },
                "botDetection": {
                    "enabled": bot.enabled,
                    "challengeType": bot.challenge_type,
                    "rateLimitPerMinute": bot.rate_limit_per_minute,
                    "rules": bot.rules,
                },
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::payload::tests::payload;
    use crate::policy::document;

    #[test]
    fn a_document_that_is_restored_has_the_same_digest() {
        let id = PolicyId { tenant: "default".parse().unwrap(), name: "checkout-chat".parse().unwrap() };
        let mut off = payload();
        off.security_profile.bot_detection.rules[1].enabled = Some(false);
        off.security_profile.xss_protection.enabled = false;
        for payload in [payload(), off] {
            let text = payload.document(&id).unwrap();
            let file: Arc<str> = "restored.yaml".into();
            let read: Vec<_> = document::parse(&file, text.as_bytes(), None).into_iter().collect();
            let policy = read[0].policy.as_ref().unwrap_or_else(|| panic!("{text}\n{:?}", read[0].findings));
            assert_eq!(Payload::of(policy).digest().unwrap(), payload.digest().unwrap(), "{text}");
        }
    }
}
