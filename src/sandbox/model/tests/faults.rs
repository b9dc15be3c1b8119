//! Faults as a caller meets them.

use std::time::Duration;

use super::*;
use crate::sandbox::wire::Delivery;

#[test]
fn a_fault_stands_before_the_endpoint_and_may_let_it_act() {
    let cases = [
        ("submit:503:first=1", Some(503), false),
        ("submit:503:first=1:applied=yes", Some(503), true),
        ("submit:reset:first=1", None, true),
        ("submit:reset:first=1:applied=no", None, false),
        ("submit:hang:first=1", None, true),
        ("submit:garbage:first=1", Some(202), true),
        ("submit:truncated:first=1", Some(202), true),
        ("submit:redirect=https://evil.example:1/:first=1", Some(307), false),
        ("submit:503:first=1:policy=other", Some(202), true),
        ("submit:503:first=1:tenant=other", Some(202), true),
    ];
    for (fault, status, live) in cases {
        let mut caller = Caller::with(fault);
        let reply = caller.send(&caller.request("POST", POLICIES, Some(&payload("chat"))));
        assert_eq!(reply.status(), status, "{fault}");
        assert_eq!(caller.model.requests().last().unwrap().status, status, "{fault}");
        caller.wait(1000);
        assert_eq!(!caller.live().is_empty(), live, "{fault}");
        assert_eq!(caller.submit("again").0, 202, "{fault}");
    }
}

#[test]
fn faults_add_up() {
    let mut caller = Caller::with("submit:slow=1s\nsubmit:no-location\nsubmit:garbage\nsubmit:slow=2s");
    let reply = caller.send(&caller.request("POST", POLICIES, Some(&payload("chat"))));
    assert_eq!((reply.delay, reply.delivery), (Duration::from_secs(3), Delivery::Whole));
    assert_eq!((header(&reply.response, "location"), body_of(&reply.response)), (None, Value::Null));
}

#[test]
fn a_lost_job_and_its_key_are_forgotten() {
    let mut caller = Caller::with("job:lost:first=1");
    let (status, lost) = caller.submit_under("k", &payload("chat"));
    assert_eq!((status, caller.job(&lost).0), (202, 404));
    caller.wait(1000);
    assert!(caller.live().is_empty());
    let (_, job) = caller.submit_under("k", &payload("chat"));
    caller.wait(1000);
    assert_eq!(caller.job(&job).1["status"], "COMPLETED");
}

#[test]
fn a_fault_knows_the_policy_of_a_job_and_of_an_id() {
    let mut caller = Caller::with("job:503:policy=b\nget:500:policy=b\nprobe:429:policy=b");
    let jobs = [caller.submit("a").1, caller.submit("b").1];
    caller.wait(1000);
    assert_eq!([caller.job(&jobs[0]).0, caller.job(&jobs[1]).0], [200, 503]);
    let (_, list) = caller.call("GET", POLICIES, None);
    let ids = [0, 1].map(|index| list["items"][index]["policyId"].as_str().unwrap().to_owned());
    assert_eq!(ids.map(|id| caller.call("GET", &format!("{POLICIES}/{id}"), None).0), [200, 500]);
    let probe = |name| format!("/chat/{name}/validate/security");
    assert_eq!(["a", "b"].map(|name| caller.probe(&probe(name), "x")), [200, 429]);
}
