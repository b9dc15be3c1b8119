//! What a tenant accepts as a policy, a webhook or a probe: strictly, and with every error named by its field.
//!
//! Written apart from the types that chatward sends, so that a slip there is met by a refusal here.

use serde_json::{Map, Value, json};

use super::wire::{Request, Response};
use crate::policy::PolicyName;

/// The most errors that one answer names.
const MAX_ERRORS: usize = 50;
/// The most bot rules of a policy.
const MAX_BOT_RULES: usize = 10;

const MODES: &[&str] = &["block", "sanitize", "report"];
const CHALLENGES: &[&str] = &["hCaptcha", "reCaptcha", "turnstile"];
const FILTER_RULES: &[&str] = &["strip-script-tags", "sanitize-event-handlers", "block-script-uris"];

/// Everything wrong with one document.
#[derive(Debug, Default)]
pub(super) struct Errors(Vec<(String, String)>);

/// A submit's document and the policy that it is for.
///
/// # Errors
/// The answer that names everything wrong with it.
pub(super) fn submission(request: &Request) -> Result<(PolicyName, Value), Response> {
    let body = json_body(request)?;
    let mut errors = Errors::default();
    let name = errors.payload(&body);
    match (errors.done("The policy is not valid"), name) {
        (Ok(()), Some(name)) => Ok((name, body)),
        (Err(refusal), _) => Err(refusal),
        (Ok(()), None) => Err(Response::problem(422, "The policy is not valid", "it has no name")),
    }
}

/// A probe's input.
///
/// # Errors
/// As [`submission`].
pub(super) fn probe_input(request: &Request) -> Result<String, Response> {
    let body = json_body(request)?;
    let mut errors = Errors::default();
    let input = errors
        .object(&body, "", &["testInput"], &[])
        .and_then(|members| errors.text(members, "", "testInput").map(str::to_owned));
    errors.done("The probe is not valid")?;
    Ok(input.unwrap_or_default())
}

/// A webhook's settings.
///
/// # Errors
/// As [`submission`].
pub(super) fn webhook(request: &Request) -> Result<Value, Response> {
    let body = json_body(request)?;
    let mut errors = Errors::default();
    errors.webhook(&body);
    errors.done("The webhook is not valid")?;
    Ok(body)
}

/// The policy that a body is for, as far as it can be told.
pub(super) fn policy_name(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body["metadata"]["policyName"].as_str().map(str::to_owned)
}

fn json_body(request: &Request) -> Result<Value, Response> {
    if request.media_type().as_deref() != Some("application/json") {
        return Err(Response::problem(415, "Unsupported media type", "the body must be application/json"));
    }
    serde_json::from_slice(&request.body)
        .map_err(|error| Response::problem(400, "The body is not JSON", error.to_string()))
}

impl Errors {
    fn add(&mut self, path: &str, message: impl Into<String>) {
        if self.0.len() < MAX_ERRORS {
            self.0.push((path.to_owned(), message.into()));
        }
    }

    fn done(self, title: &str) -> Result<(), Response> {
        if self.0.is_empty() {
            return Ok(());
        }
        let errors: Vec<Value> =
            self.0.iter().map(|(field, message)| json!({ "field": field, "message": message })).collect();
        let detail = match errors.len() {
            1 => "1 field was refused".to_owned(),
            count => format!("{count} fields were refused"),
        };
        let problem = json!({ "title": title, "status": 422, "detail": detail, "errors": errors });
        Err(Response::typed(422, "application/problem+json", problem.to_string()))
    }

    fn payload(&mut self, body: &Value) -> Option<PolicyName> {
        let top = self.object(body, "", &["channelType", "securityProfile", "metadata"], &[])?;
        self.one_of(top, "", "channelType", &["webchat"]);
        let parts = ["contentSecurityPolicy", "xssProtection", "botDetection"];
        if let Some(profile) = self.member(top, "", "securityProfile", &parts, &[]) {
            self.csp(profile);
            self.xss(profile);
            self.bots(profile);
        }
        self.metadata(top)
    }

    fn csp(&mut self, profile: &Map<String, Value>) {
        let path = "securityProfile.contentSecurityPolicy";
        let required = ["enabled", "directives", "reportUri"];
        let Some(csp) = self.member(profile, "securityProfile", "contentSecurityPolicy", &required, &[])
        else {
            return;
        };
        self.boolean(csp, path, "enabled");
        if let Some(uri) = self.text(csp, path, "reportUri")
            && !is_uri_reference(uri)
        {
            self.add(&join(path, "reportUri"), "must be a path or an http(s) URL");
        }
        let directives_path = join(path, "directives");
        match csp.get("directives").map(Value::as_object) {
            None => {}
            Some(None) => self.add(&directives_path, "must be an object"),
            Some(Some(directives)) => {
                if directives.is_empty() {
                    self.add(&directives_path, "must not be empty");
                }
                for (name, value) in directives {
                    self.directive(&join(&directives_path, name), name, value);
                }
            }
        }
    }

    /// CSP Level 3 §2.3: a name is of letters, digits and `-`; a value is visible ASCII but `;` and `,`.
    fn directive(&mut self, path: &str, name: &str, value: &Value) {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            self.add(path, "is not the name of a directive");
        }
        let is_value = match value {
            Value::Bool(flag) => *flag,
            Value::String(text) => {
                text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b';' | b','))
            }
            _ => false,
        };
        if !is_value {
            self.add(path, "must be true, or a string of visible ASCII without ; and ,");
        }
    }

    fn xss(&mut self, profile: &Map<String, Value>) {
        let path = "securityProfile.xssProtection";
        let required = ["enabled", "mode", "filterRules"];
        let Some(xss) = self.member(profile, "securityProfile", "xssProtection", &required, &[]) else {
            return;
        };
        self.boolean(xss, path, "enabled");
        self.one_of(xss, path, "mode", MODES);
        for (path, rule) in self.list(xss, path, "filterRules") {
            if !rule.as_str().is_some_and(|rule| FILTER_RULES.contains(&rule)) {
                self.add(&path, format!("must be one of {}", FILTER_RULES.join(", ")));
            }
        }
    }

    fn bots(&mut self, profile: &Map<String, Value>) {
        let path = "securityProfile.botDetection";
        let required = ["enabled", "challengeType", "rules", "rateLimitPerMinute"];
        let Some(bots) = self.member(profile, "securityProfile", "botDetection", &required, &[]) else {
            return;
        };
        self.boolean(bots, path, "enabled");
        self.one_of(bots, path, "challengeType", CHALLENGES);
        self.count(bots, path, "rateLimitPerMinute");
        let rules = self.list(bots, path, "rules");
        if rules.len() > MAX_BOT_RULES {
            self.add(&join(path, "rules"), format!("must have at most {MAX_BOT_RULES} items"));
        }
        for (path, rule) in rules {
            let optional = ["threshold", "windowSeconds", "enabled"];
            let Some(rule) = self.object(rule, &path, &["name"], &optional) else { continue };
            self.text(rule, &path, "name");
            self.count(rule, &path, "threshold");
            self.count(rule, &path, "windowSeconds");
            self.boolean(rule, &path, "enabled");
        }
    }

    fn metadata(&mut self, top: &Map<String, Value>) -> Option<PolicyName> {
        let optional = ["updatedBy", "validationTimestamp", "policyHash", "sourceRevision"];
        let metadata = self.member(top, "", "metadata", &["policyName"], &optional)?;
        self.text(metadata, "metadata", "updatedBy");
        self.text(metadata, "metadata", "sourceRevision");
        if let Some(time) = self.text(metadata, "metadata", "validationTimestamp")
            && time.parse::<jiff::Timestamp>().is_err()
        {
            self.add("metadata.validationTimestamp", "must be a time of RFC 3339");
        }
        if let Some(hash) = self.text(metadata, "metadata", "policyHash")
            && hash.parse::<crate::digest::Digest>().is_err()
        {
            self.add("metadata.policyHash", "must be 64 hexadecimal digits");
        }
        let name = self.text(metadata, "metadata", "policyName")?.parse();
        name.map_err(|error| self.add("metadata.policyName", format!("{error}"))).ok()
    }

    fn webhook(&mut self, body: &Value) {
        let optional = ["name", "secret", "enabled", "headers"];
        let Some(hook) = self.object(body, "", &["url", "events"], &optional) else { return };
        if let Some(url) = self.text(hook, "", "url")
            && !is_absolute(url)
        {
            self.add("url", "must be an http(s) URL");
        }
        self.text(hook, "", "name");
        self.text(hook, "", "secret");
        self.boolean(hook, "", "enabled");
        let events = self.list(hook, "", "events");
        if events.is_empty() && hook.get("events").is_some_and(Value::is_array) {
            self.add("events", "must not be empty");
        }
        for (path, event) in events {
            if event.as_str().is_none_or(str::is_empty) {
                self.add(&path, "must be the name of an event");
            }
        }
        match hook.get("headers").map(Value::as_object) {
            Some(Some(headers)) if headers.values().all(Value::is_string) => {}
            None => {}
            Some(_) => self.add("headers", "must be an object of strings"),
        }
    }

    fn object<'a>(
        &mut self,
        value: &'a Value,
        path: &str,
        required: &[&str],
        optional: &[&str],
    ) -> Option<&'a Map<String, Value>> {
        let Some(members) = value.as_object() else {
            self.add(path, "must be an object");
            return None;
        };
        for name in required.iter().filter(|name| !members.contains_key(**name)) {
            self.add(&join(path, name), "is missing");
        }
        let known = |name: &str| required.contains(&name) || optional.contains(&name);
        for name in members.keys().filter(|name| !known(name)) {
            self.add(&join(path, name), "is not known");
        }
        Some(members)
    }

    fn member<'a>(
        &mut self,
        members: &'a Map<String, Value>,
        path: &str,
        name: &str,
        required: &[&str],
        optional: &[&str],
    ) -> Option<&'a Map<String, Value>> {
        self.object(members.get(name)?, &join(path, name), required, optional)
    }

    /// A member that must be a string, and not an empty one, if it is there.
    fn text<'a>(&mut self, members: &'a Map<String, Value>, path: &str, name: &str) -> Option<&'a str> {
        let text = members.get(name)?.as_str().filter(|text| !text.is_empty());
        if text.is_none() {
            self.add(&join(path, name), "must be a string that is not empty");
        }
        text
    }

    fn one_of(&mut self, members: &Map<String, Value>, path: &str, name: &str, known: &[&str]) {
        let Some(value) = members.get(name) else { return };
        if !value.as_str().is_some_and(|text| known.contains(&text)) {
            self.add(&join(path, name), format!("must be one of {}", known.join(", ")));
        }
    }

    fn boolean(&mut self, members: &Map<String, Value>, path: &str, name: &str) {
        if members.get(name).is_some_and(|value| !value.is_boolean()) {
            self.add(&join(path, name), "must be true or false");
        }
    }

    fn count(&mut self, members: &Map<String, Value>, path: &str, name: &str) {
        let is_count =
            |value: &Value| value.as_u64().is_some_and(|count| (1..=u32::MAX.into()).contains(&count));
        if members.get(name).is_some_and(|value| !is_count(value)) {
            self.add(&join(path, name), "must be a whole number, at least 1");
        }
    }

    /// The items of a list, each with its path.
    fn list<'a>(
        &mut self,
        members: &'a Map<String, Value>,
        path: &str,
        name: &str,
    ) -> Vec<(String, &'a Value)> {
        let path = join(path, name);
        match members.get(name).map(Value::as_array) {
            None => Vec::new(),
            Some(None) => {
                self.add(&path, "must be a list");
                Vec::new()
            }
            Some(Some(items)) => {
                items.iter().enumerate().map(|(index, item)| (format!("{path}[{index}]"), item)).collect()
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    let name: String = name.chars().take(100).collect();
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

fn is_absolute(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn is_uri_reference(text: &str) -> bool {
    (text.starts_with('/') && !text.contains(char::is_whitespace)) || is_absolute(text)
}

#[cfg(test)]
mod tests;
