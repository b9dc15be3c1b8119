//! One accepted document, and what each change to it is refused for.

use super::*;

fn request(body: &Value) -> Request {
    Request {
        method: "POST".to_owned(),
        path: String::new(),
        query: None,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: body.to_string().into_bytes(),
    }
}

fn payload() -> Value {
    json!({
        "channelType": "webchat",
        "securityProfile": {
            "contentSecurityPolicy": {
                "enabled": true,
                "directives": { "default-src": "'self'", "upgrade-insecure-requests": true },
                "reportUri": "/api/v2/security/csp-reports",
            },
            "xssProtection": { "enabled": true, "mode": "block", "filterRules": ["strip-script-tags"] },
            "botDetection": {
                "enabled": true,
                "challengeType": "hCaptcha",
                "rules": [{ "name": "rapid-fire-detection", "threshold": 5, "windowSeconds": 10 }],
                "rateLimitPerMinute": 15,
            },
        },
        "metadata": {
            "updatedBy": "chatward",
            "validationTimestamp": "2026-01-01T00:00:00Z",
            "policyName": "checkout-chat",
            "policyHash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sourceRevision": "abc",
        },
    })
}

fn refused_fields(response: &Response) -> Vec<String> {
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
    let errors = body["errors"].as_array().unwrap().iter();
    errors
        .map(|error| format!("{}: {}", error["field"].as_str().unwrap(), error["message"].as_str().unwrap()))
        .collect()
}

#[test]
fn what_chatward_sends_is_accepted() {
    let (name, body) = submission(&request(&payload())).unwrap();
    assert_eq!((name.as_str(), body), ("checkout-chat", payload()));
}

#[test]
fn every_slip_is_refused_by_its_field() {
    let csp = "/securityProfile/contentSecurityPolicy";
    let xss = "/securityProfile/xssProtection";
    let bots = "/securityProfile/botDetection";
    let cases = [
        ("", "extra", json!(1), "extra: is not known"),
        ("", "channelType", json!("voice"), "channelType: must be one of webchat"),
        ("", "metadata", json!([]), "metadata: must be an object"),
        ("/metadata", "policyName", json!("A"), "metadata.policyName: a name has only"),
        ("/metadata", "policyName", json!(7), "metadata.policyName: must be a string"),
        ("/metadata", "policyHash", json!("ab"), "metadata.policyHash: must be 64"),
        ("/metadata", "validationTimestamp", json!("now"), "metadata.validationTimestamp: must be a time"),
        (csp, "directives", json!({}), "securityProfile.contentSecurityPolicy.directives: must not be empty"),
        (csp, "directives", json!({ "default src": "x" }), "directives.default src: is not the name"),
        (csp, "directives", json!({ "a": ["x"] }), "directives.a: must be true, or a string"),
        (csp, "directives", json!({ "a": false }), "directives.a: must be true, or a string"),
        (csp, "directives", json!({ "a": "x; y" }), "directives.a: must be true, or a string"),
        (csp, "reportUri", json!("reports"), "reportUri: must be a path"),
        (csp, "enabled", json!("yes"), "enabled: must be true or false"),
        (xss, "mode", json!("stop"), "xssProtection.mode: must be one of block, sanitize, report"),
        (xss, "filterRules", json!("all"), "filterRules: must be a list"),
        (xss, "filterRules", json!(["all"]), "filterRules[0]: must be one of strip-script-tags"),
        (bots, "rateLimitPerMinute", json!(0), "rateLimitPerMinute: must be a whole number, at least 1"),
        (bots, "rateLimitPerMinute", json!(1.5), "rateLimitPerMinute: must be a whole number"),
        (bots, "challengeType", json!(null), "challengeType: must be one of hCaptcha"),
        (bots, "rules", json!([{ "threshold": 1 }]), "rules[0].name: is missing"),
        (bots, "rules", json!([{ "name": "a", "threshold": 0 }]), "rules[0].threshold: must be a whole"),
        (bots, "rules", json!(vec![json!({ "name": "a" }); 11]), "rules: must have at most 10 items"),
    ];
    for (pointer, member, value, expected) in cases {
        let mut body = payload();
        body.pointer_mut(pointer).unwrap()[member] = value;
        let refusal = submission(&request(&body)).unwrap_err();
        assert_eq!(refusal.status, 422);
        let fields = refused_fields(&refusal);
        assert!(fields.len() == 1 && fields[0].contains(expected), "{expected}: {fields:?}");
    }
}

#[test]
fn every_required_member_is_missed() {
    for (pointer, member) in [
        ("", "channelType"),
        ("", "securityProfile"),
        ("", "metadata"),
        ("/metadata", "policyName"),
        ("/securityProfile", "botDetection"),
        ("/securityProfile/xssProtection", "mode"),
    ] {
        let mut body = payload();
        body.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(member);
        let fields = refused_fields(&submission(&request(&body)).unwrap_err());
        assert!(fields.len() == 1 && fields[0].ends_with(&format!("{member}: is missing")), "{fields:?}");
    }
    assert_eq!(submission(&request(&json!([]))).unwrap_err().status, 422);
}

#[test]
fn a_body_has_to_be_json_and_say_so() {
    let mut unreadable = request(&json!({}));
    unreadable.body = b"{".to_vec();
    assert_eq!(submission(&unreadable).unwrap_err().status, 400);
    let mut untyped = request(&payload());
    untyped.headers.clear();
    assert_eq!(submission(&untyped).unwrap_err().status, 415);
}

#[test]
fn webhooks_and_probes_are_checked_too() {
    let accepted = json!({
        "name": "siem", "url": "https://siem.example/in", "secret": "s", "events": ["SECURITY_POLICY_UPDATED"],
        "enabled": true, "headers": { "X-Integration-Source": "chatward" },
    });
    assert_eq!(webhook(&request(&accepted)), Ok(accepted));
    let refused = json!({ "events": [], "headers": { "a": 1 }, "enabled": 1 });
    let fields = refused_fields(&webhook(&request(&refused)).unwrap_err());
    assert_eq!(fields.len(), 4, "{fields:?}");
    assert_eq!(probe_input(&request(&json!({ "testInput": "x" }))), Ok("x".to_owned()));
    assert_eq!(probe_input(&request(&json!({ "input": "x" }))).unwrap_err().status, 422);
}
