//! The model without a runtime: every request with its time.

use std::time::Duration;

use serde_json::json;

use super::*;

use caller::{Caller, POLICIES, WEBHOOKS, body_of, header, payload};

mod caller;
mod faults;

#[test]
fn a_policy_comes_live_when_its_job_has_ended() {
    let mut caller = Caller::new(Options::default());
    let request = caller.request("POST", POLICIES, Some(&payload("chat")));
    let submitted = caller.send(&request).response;
    let job = body_of(&submitted);
    let location = format!("security-policies/jobs/{}", job["jobId"].as_str().unwrap());
    assert_eq!((submitted.status, header(&submitted, "location")), (202, Some(location.as_str())));

    caller.wait(999);
    assert_eq!(caller.job(&job).1["status"], "RUNNING");
    assert_eq!(caller.probe("/chat/chat/validate/security", "<script>"), 404);
    assert!(caller.live().is_empty());

    caller.wait(1);
    let (_, ended) = caller.job(&job);
    assert_eq!(ended["status"], "COMPLETED");
    assert_eq!(caller.live(), ["chat"]);
    let id = ended["policyId"].as_str().unwrap();
    let one = caller.call("GET", &format!("{POLICIES}/{id}"), None);
    assert_eq!(one, (200, json!({ "policyId": id, "policy": payload("chat") })));
    assert_eq!(caller.probe("/chat/chat/validate/security", "<script>"), 403);
    assert_eq!(caller.probe("/chat/chat/validate/security", "javascript:1"), 200);
    assert_eq!(caller.probe("/chat/validate/security", "<script>"), 403);

    let (status, removal) = caller.call("DELETE", &format!("{POLICIES}/{id}"), None);
    assert_eq!(status, 202);
    assert_eq!(caller.live(), ["chat"]);
    caller.wait(1000);
    assert_eq!(caller.job(&removal).1["status"], "COMPLETED");
    assert!(caller.live().is_empty());
    assert_eq!(caller.call("DELETE", &format!("{POLICIES}/{id}"), None).0, 404);
}

#[test]
fn jobs_may_end_out_of_order() {
    let mut caller = Caller::with("job:complete:duration=9s:first=1");
    let mut older = payload("chat");
    older["metadata"]["sourceRevision"] = json!("older");
    caller.call("POST", POLICIES, Some(&older));
    caller.submit("chat");
    let revision = |caller: &mut Caller| {
        let live = caller.model.live(caller.now, &"acme".parse().unwrap());
        live["chat"]["metadata"]["sourceRevision"].clone()
    };
    caller.wait(1000);
    assert_eq!(revision(&mut caller), Value::Null);
    caller.wait(8000);
    assert_eq!(revision(&mut caller), "older");
}

#[test]
fn what_a_request_lacks_is_refused() {
    let mut caller = Caller::new(Options::default());
    let whole = caller.request("POST", POLICIES, Some(&payload("chat")));
    type Case<'a> = (u16, &'a dyn Fn(&mut Request));
    let cases: &[Case<'_>] = &[
        (202, &|_| {}),
        (401, &|request| drop(request.headers.remove("authorization"))),
        (401, &|request| request.path = POLICIES.to_owned()),
        (401, &|request| request.path = request.path.replace("acme", "other")),
        (400, &|request| drop(request.headers.remove("x-cxone-correlation-id"))),
        (400, &|request| drop(request.headers.insert("x-cxone-correlation-id".into(), "1".into()))),
        (400, &|request| drop(request.headers.insert("idempotency-key".into(), String::new()))),
        (415, &|request| drop(request.headers.remove("content-type"))),
        (400, &|request| request.body.truncate(9)),
        (422, &|request| request.body = b"{}".to_vec()),
        (413, &|request| request.body.resize(MAX_BODY + 1, b' ')),
        (405, &|request| request.method = "PUT".to_owned()),
        (404, &|request| request.path.push_str("/a/b/c")),
        (404, &|request| request.path = "/tenants/-/oauth/token".to_owned()),
    ];
    for (status, change) in cases {
        let mut request = whole.clone();
        change(&mut request);
        assert_eq!(caller.send(&request).response.status, *status, "{request:?}");
    }
}

#[test]
fn a_token_is_good_until_it_ends() {
    let mut caller = Caller::new(Options { token_lifetime: Duration::from_secs(60), ..Options::default() });
    caller.wait(59_000);
    assert_eq!(caller.call("GET", POLICIES, None).0, 200);
    caller.wait(1000);
    assert_eq!(caller.call("GET", POLICIES, None).0, 401);
    caller.sign_in();
    assert_eq!(caller.call("GET", POLICIES, None).0, 200);
}

#[test]
fn a_repeated_request_is_done_once() {
    let mut caller = Caller::new(Options::default());
    let first = caller.submit_under("k", &payload("chat"));
    assert_eq!(caller.submit_under("k", &payload("chat")), first);
    assert_eq!(caller.submit_under("k", &payload("other")).0, 409);
    assert_ne!(caller.submit_under("l", &payload("chat")), first);
    assert_eq!(caller.submit_under("m", &json!({})).0, 422);
    assert_eq!(caller.submit_under("m", &payload("chat")).0, 202, "a refusal binds no key");

    let mut careless = Caller::new(Options { idempotency: false, ..Options::default() });
    let first = careless.submit_under("k", &payload("chat"));
    assert_ne!(careless.submit_under("k", &payload("chat")), first);
}

#[test]
fn a_list_comes_in_pages() {
    let mut caller = Caller::new(Options { page_size: 3, ..Options::default() });
    let names: Vec<String> = (0..7).map(|index| format!("chat-{index}")).collect();
    for name in names.iter().rev() {
        caller.submit(name);
    }
    caller.wait(1000);
    for limit in ["", "limit=100", "limit=3", "limit=2", "limit=1"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = caller.call("GET", &format!("{POLICIES}?{limit}{cursor}"), None);
            assert_eq!(status, 200);
            let items = page["items"].as_array().unwrap();
            assert!(!items.is_empty());
            seen.extend(items.iter().map(|item| item["policy"]["metadata"]["policyName"].clone()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(json!(seen), json!(names), "{limit}");
    }
    for refused in ["limit=0", "limit=x", "cursor=zz"] {
        assert_eq!(caller.call("GET", &format!("{POLICIES}?{refused}"), None).0, 400, "{refused}");
    }
}

#[test]
fn a_tenant_may_offer_no_reads() {
    let mut caller = Caller::new(Options { reads: false, ..Options::default() });
    let (_, job) = caller.submit("chat");
    caller.wait(1000);
    assert_eq!(caller.job(&job).1["status"], "COMPLETED");
    let requests = [
        ("GET", POLICIES.to_owned()),
        ("GET", format!("{POLICIES}/x")),
        ("DELETE", format!("{POLICIES}/x")),
        ("GET", WEBHOOKS.to_owned()),
        ("DELETE", format!("{WEBHOOKS}/x")),
    ];
    for (method, path) in requests {
        assert_eq!(caller.call(method, &path, None).0, 405, "{method} {path}");
    }
}

#[test]
fn webhooks_are_registered_listed_and_removed() {
    let mut caller = Caller::new(Options::default());
    let settings =
        json!({ "name": "siem", "url": "https://siem.example/in", "secret": "s", "events": ["A"] });
    let mut request = caller.request("POST", WEBHOOKS, Some(&settings));
    request.headers.insert("idempotency-key".to_owned(), "k".to_owned());
    let registered = caller.send(&request).response;
    assert_eq!(registered.status, 201);
    assert_eq!(caller.send(&request).response, registered);
    let id = body_of(&registered)["id"].as_str().unwrap().to_owned();
    let (_, list) = caller.call("GET", WEBHOOKS, None);
    assert_eq!(list["items"][0]["id"], json!(id));
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0].get("secret"), None);
    assert_eq!(caller.model.webhooks(&"acme".parse().unwrap())[0].events, ["A"]);
    assert_eq!(caller.call("DELETE", &format!("{WEBHOOKS}/{id}"), None).0, 204);
    assert_eq!(caller.call("DELETE", &format!("{WEBHOOKS}/{id}"), None).0, 404);
    assert_eq!(caller.call("POST", WEBHOOKS, Some(&json!({ "name": "siem" }))).0, 422);
}

#[test]
fn a_tenant_as_a_whole_is_as_strong_as_its_weakest_policy() {
    let mut caller = Caller::new(Options::default());
    assert_eq!(caller.probe("/chat/validate/security", "<script>"), 404);
    caller.submit("strong");
    caller.wait(1000);
    assert_eq!(caller.probe("/chat/validate/security", "<script>"), 403);
    let mut weak = payload("weak");
    weak["securityProfile"]["xssProtection"]["mode"] = json!("report");
    caller.call("POST", POLICIES, Some(&weak));
    caller.wait(1000);
    assert_eq!(caller.probe("/chat/validate/security", "<script>"), 200);
    assert_eq!(caller.probe("/chat/strong/validate/security", "<script>"), 403);
}

#[test]
fn a_limited_pace_is_each_tenants_own() {
    let mut caller = Caller::new(Options { requests_per_second: Some(3), ..Options::default() });
    assert_eq!([(); 3].map(|()| caller.call("GET", POLICIES, None).0), [200, 200, 429]);
    let refused = caller.send(&caller.request("GET", POLICIES, None)).response;
    assert_eq!(header(&refused, "retry-after"), Some("1"));
    caller.tenant = "other";
    assert_eq!(caller.call("GET", POLICIES, None).0, 401);
    caller.tenant = "acme";
    caller.wait(1000);
    assert_eq!(caller.call("GET", POLICIES, None).0, 200);
}

#[test]
fn a_restored_model_goes_on() {
    let mut caller = Caller::with("job:complete:policy=slow:duration=10s");
    let (_, slow) = caller.submit("slow");
    let first = caller.submit_under("k", &payload("quick"));
    caller.wait(1000);
    assert_eq!(caller.live(), ["quick"]);
    let stored = caller.model.to_json().unwrap();

    let old_token = caller.token.clone();
    let mut restored = Caller::of(Model::restore(Options::default(), &stored).unwrap());
    restored.now = caller.now;
    restored.sign_in();
    assert_eq!(restored.live(), ["quick"]);
    assert_eq!(restored.job(&slow).1["status"], "RUNNING");
    assert_eq!(restored.submit_under("k", &payload("quick")), first);
    restored.wait(9000);
    assert_eq!(restored.job(&slow).1["status"], "COMPLETED");
    restored.token = old_token;
    assert_eq!(restored.call("GET", POLICIES, None).0, 401, "tokens don't outlive the process");
    assert!(Model::restore(Options::default(), b"{").is_err());
}

#[test]
fn the_same_requests_give_the_same_answers() {
    let run = |seed| {
        let mut caller = Caller::new(Options { seed, ..Options::default() });
        (caller.token.clone(), caller.submit("chat"))
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_policy_can_be_changed_behind_everybodys_back() {
    let mut caller = Caller::new(Options::default());
    caller.submit("chat");
    caller.wait(1000);
    let acme = "acme".parse().unwrap();
    let now = caller.now;
    assert!(caller.model.tamper(now, &acme, "chat", |policy| policy["channelType"] = json!("voice")));
    assert!(!caller.model.tamper(now, &acme, "other", |_| ()));
    assert_eq!(caller.model.live(now, &acme)["chat"]["channelType"], "voice");
    assert!(caller.model.remove(now, &acme, "chat"));
    assert!(!caller.model.remove(now, &acme, "chat"));
}

#[test]
fn there_is_room_for_so_many_tenants() {
    let mut model = Model::new(Options::default());
    let mut token_status = |name: String| {
        let request = Request {
            method: "POST".to_owned(),
            path: format!("/tenants/{name}/oauth/token"),
            query: None,
            headers: BTreeMap::new(),
            body: Vec::new(),
        };
        model.handle(Timestamp::UNIX_EPOCH, &request).response.status
    };
    for index in 0..MAX_TENANTS {
        assert_eq!(token_status(format!("t-{index}")), 400);
    }
    assert_eq!(token_status("one-more".to_owned()), 503);
    assert_eq!(token_status("t-7".to_owned()), 400);
}
