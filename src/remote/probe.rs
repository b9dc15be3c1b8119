//! Trying what is live: a probe sends something harmful to a webchat endpoint, which should stop it.
//!
//! A probe is asked once and never fails; a harmless one is a control that should get through. The bearer goes along only to an origin that the settings name.

use reqwest::Method;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::client::HttpTenant;
use super::http::{Authorization, Body, Request};
use crate::config::{Probe, Verify};
use crate::outcome::{Endpoint, ProbeResult, Verdict};
use crate::policy::PolicyName;

impl HttpTenant {
    /// Tries one probe, once.
    pub(super) async fn try_probe(
        &self,
        policy: Option<&PolicyName>,
        probe: &Probe,
        correlation: Uuid,
    ) -> ProbeResult {
        let result = |verdict, latency_ms| ProbeResult {
            name: probe.name.clone(),
            expected: probe.expected,
            verdict,
            latency_ms,
        };
        let Some((verify, url)) = self
            .verify
            .as_ref()
            .and_then(|verify| Some((verify, address(verify, &self.wire.probe_path, policy)?)))
        else {
            return result(Verdict::Inconclusive, 0);
        };
        let token = match verify.send_token_to.contains(&url.origin()) {
            // Without the token that it should have had, an answer would say nothing about the input.
            true => match self.token(None).await {
                Ok(token) => Some(token),
                Err(_) => return result(Verdict::Inconclusive, 0),
            },
            false => None,
        };
        let request = Request {
            endpoint: Endpoint::Probe,
            attempt: 1,
            method: Method::POST,
            url,
            authorization: token.as_ref().map_or(Authorization::None, |it| Authorization::Bearer(&it.secret)),
            headers: self.headers(correlation),
            body: Body::Json(json!({"testInput": probe.payload}).to_string().into_bytes()),
        };
        let Ok(exchange) = self.http.send(request).await else { return result(Verdict::Inconclusive, 0) };
        let verdict = Verdict::of(&exchange.reply, exchange.nosniff && verify.nosniff_is_blocked);
        result(verdict, u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Where a policy is probed. Nowhere, if the endpoint is one per policy and no policy is named.
fn address(verify: &Verify, path: &str, policy: Option<&PolicyName>) -> Option<Url> {
    let endpoint = match policy {
        Some(policy) => verify.endpoint.replace("{policy}", policy.as_str()),
        None if verify.per_policy() => return None,
        None => verify.endpoint.clone(),
    };
    Url::parse(&format!("{}{path}", endpoint.trim_end_matches('/'))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_probed_at_its_own_endpoint_if_there_is_one() {
        let verify = |endpoint: &str| Verify::at(endpoint.to_owned());
        let policy: PolicyName = "checkout".parse().unwrap();
        let rows = [
            ("https://chat.example", None, Some("https://chat.example/validate")),
            ("https://chat.example/", Some(&policy), Some("https://chat.example/validate")),
            ("https://chat.example/{policy}", Some(&policy), Some("https://chat.example/checkout/validate")),
            ("https://{policy}.chat.example", Some(&policy), Some("https://checkout.chat.example/validate")),
            ("https://chat.example/{policy}", None, None),
        ];
        for (endpoint, policy, expected) in rows {
            let address = address(&verify(endpoint), "/validate", policy);
            assert_eq!(address.as_ref().map(Url::as_str), expected, "{endpoint}");
        }
    }
}
