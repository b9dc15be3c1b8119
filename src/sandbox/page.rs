//! The page that a chat is on, as a web server would send it: with the Content-Security-Policy that is live.

use serde_json::Value;

use super::model::{Call, Model, not_here};
use super::wire::{Response, Target};

impl Model {
    /// `GET …/chat/{policy}`.
    pub(super) fn page(&self, call: Call<'_>, target: &Target) -> Response {
        let live = self.state.tenants.get(call.tenant).and_then(|tenant| match target {
            Target::Page(policy) => tenant.live.get(policy),
            _ => None,
        });
        live.map_or_else(|| not_here(&Target::Nothing), |live| page(&live.policy))
    }
}

/// The page of a policy, as it is live.
fn page(policy: &Value) -> Response {
    let page = "<!doctype html>\n<html><head><title>A page with a chat</title></head><body><p>Hello.</p></body></html>\n";
    let response = Response::typed(200, "text/html; charset=utf-8", page);
    match header(&policy["securityProfile"]["contentSecurityPolicy"]) {
        Some(header) => response.with("content-security-policy", header),
        None => response,
    }
}

/// The header of what is live; nothing where that is switched off.
fn header(csp: &Value) -> Option<String> {
    let directives = csp["directives"].as_object().filter(|_| csp["enabled"] == true)?;
    let directive = |(name, value): (&String, &Value)| match value {
        Value::Bool(true) => Some(name.clone()),
        Value::String(sources) => Some(format!("{name} {sources}")),
        _ => None,
    };
    let report = csp["reportUri"].as_str().map(|uri| format!("report-uri {uri}"));
    Some(directives.iter().filter_map(directive).chain(report).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_header_says_what_is_live() {
        let mut csp = json!({
            "enabled": true, "reportUri": "/reports",
            "directives": { "default-src": "'self'", "upgrade-insecure-requests": true, "sandbox": false },
        });
        let expected = "default-src 'self'; upgrade-insecure-requests; report-uri /reports";
        assert_eq!(header(&csp).as_deref(), Some(expected));
        csp["enabled"] = json!(false);
        assert_eq!(header(&csp), None);
    }
}
