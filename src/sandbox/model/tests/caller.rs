//! A tenant's caller: makes requests as chatward does, and passes the time on.

use std::time::Duration;

use serde_json::json;

use super::*;

/// A tenant's caller with a clock of its own.
pub struct Caller {
    pub model: Model,
    pub tenant: &'static str,
    pub token: String,
    pub now: Timestamp,
}

pub const POLICIES: &str = "/api/v2/webchat/security-policies";
pub const WEBHOOKS: &str = "/api/v2/webhooks/security-events";

impl Caller {
    pub fn new(options: Options) -> Self {
        Self::of(Model::new(options))
    }

    pub fn with(faults: &str) -> Self {
        Self::new(Options { faults: Fault::parse_scenario(faults).unwrap(), ..Options::default() })
    }

    pub fn of(model: Model) -> Self {
        let mut caller = Self { model, tenant: "acme", token: String::new(), now: Timestamp::UNIX_EPOCH };
        caller.sign_in();
        caller
    }

    pub fn sign_in(&mut self) {
        let mut request = self.request("POST", "/oauth/token", None);
        let form = "application/x-www-form-urlencoded".to_owned();
        request.headers = [("content-type".to_owned(), form)].into();
        request.body = b"grant_type=client_credentials&client_id=a&client_secret=b".to_vec();
        let response = self.model.handle(self.now, &request).response;
        self.token = body_of(&response)["access_token"].as_str().unwrap_or_default().to_owned();
    }

    pub fn wait(&mut self, ms: u64) {
        self.now = self.now.checked_add(Duration::from_millis(ms)).unwrap();
    }

    pub fn request(&self, method: &str, target: &str, body: Option<&Value>) -> Request {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut headers = BTreeMap::from([
            ("authorization".to_owned(), format!("Bearer {}", self.token)),
            ("x-cxone-correlation-id".to_owned(), uuid::Uuid::nil().to_string()),
        ]);
        if body.is_some() {
            headers.insert("content-type".to_owned(), "application/json".to_owned());
        }
        Request {
            method: method.to_owned(),
            path: format!("/tenants/{}{path}", self.tenant),
            query: query.map(str::to_owned),
            headers,
            body: body.map(Value::to_string).unwrap_or_default().into_bytes(),
        }
    }

    pub fn send(&mut self, request: &Request) -> Reply {
        self.model.handle(self.now, request)
    }

    pub fn call(&mut self, method: &str, target: &str, body: Option<&Value>) -> (u16, Value) {
        let reply = self.send(&self.request(method, target, body));
        (reply.response.status, body_of(&reply.response))
    }

    pub fn submit(&mut self, name: &str) -> (u16, Value) {
        self.call("POST", POLICIES, Some(&payload(name)))
    }

    pub fn submit_under(&mut self, key: &str, body: &Value) -> (u16, Value) {
        let mut request = self.request("POST", POLICIES, Some(body));
        request.headers.insert("idempotency-key".to_owned(), key.to_owned());
        let response = self.send(&request).response;
        (response.status, body_of(&response))
    }

    pub fn job(&mut self, submitted: &Value) -> (u16, Value) {
        self.call("GET", &format!("{POLICIES}/jobs/{}", submitted["jobId"].as_str().unwrap()), None)
    }

    pub fn probe(&mut self, path: &str, input: &str) -> u16 {
        self.call("POST", path, Some(&json!({ "testInput": input }))).0
    }

    pub fn live(&mut self) -> Vec<String> {
        self.model.live(self.now, &self.tenant.parse().unwrap()).into_keys().collect()
    }
}

pub fn body_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_default()
}

pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

pub fn payload(name: &str) -> Value {
    json!({
        "channelType": "webchat",
        "securityProfile": {
            "contentSecurityPolicy": { "enabled": true, "directives": { "default-src": "'self'" }, "reportUri": "/r" },
            "xssProtection": { "enabled": true, "mode": "block", "filterRules": ["strip-script-tags"] },
            "botDetection": { "enabled": true, "challengeType": "hCaptcha", "rules": [], "rateLimitPerMinute": 15 },
        },
        "metadata": { "policyName": name },
    })
}
