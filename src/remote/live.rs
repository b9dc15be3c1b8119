//! What a tenant has live, as it says itself.

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::LivePolicy;
use super::answer::id;
use super::client::HttpTenant;
use crate::config::wire::Fields;
use crate::outcome::{Endpoint, Failure};

/// Policies on one page.
const LIMIT: &str = "100";

impl HttpTenant {
    /// Every policy that is live.
    pub(super) async fn list_policies(
        &self,
        policies: &Url,
        correlation: Uuid,
    ) -> Result<Vec<LivePolicy>, Failure> {
        let mut first = policies.clone();
        first.query_pairs_mut().append_pair("limit", LIMIT);
        let mut live = Vec::new();
        self.list(Endpoint::Live, &first, correlation, |item| live.push(policy(&self.wire.fields, item)))
            .await?;
        Ok(live)
    }
}

/// A listed policy. One that is not shaped like ours has no name, and is the tenant's own.
fn policy(fields: &Fields, mut item: Value) -> LivePolicy {
    let policy_id = id(&item, &fields.policy_id);
    let payload = item.get_mut(&fields.policy).map(Value::take).unwrap_or_default();
    let name = payload.pointer("/metadata/policyName").and_then(Value::as_str);
    LivePolicy { policy_id, name: name.and_then(|name| name.parse().ok()), payload }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_listed_policy_is_ours_by_its_name_alone() {
        let ours = json!({"metadata": {"policyName": "checkout"}});
        let rows = [
            (json!({"policyId": "p-1", "policy": ours}), Some("p-1"), Some("checkout"), ours.clone()),
            (json!({"policyId": 7, "policy": {}}), Some("7"), None, json!({})),
            (
                json!({"policyId": "..", "policy": {"metadata": {"policyName": "No Name"}}}),
                None,
                None,
                json!({"metadata": {"policyName": "No Name"}}),
            ),
            (json!({}), None, None, json!(null)),
            (json!("junk"), None, None, json!(null)),
        ];
        for (item, id, name, payload) in rows {
            let live = policy(&Fields::default(), item);
            let seen =
                (live.policy_id.as_deref(), live.name.as_ref().map(|name| name.as_str()), live.payload);
            assert_eq!(seen, (id, name, payload));
        }
    }
}
