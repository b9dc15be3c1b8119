//! The grammar as a table, and as a property: what is written is read as the same fault.

use proptest::prelude::*;

use super::*;

#[test]
fn faults_read_as_they_print() {
    let lines = [
        "submit:429:retry-after=2:every=3",
        "submit:429:retry-after=http-date+2",
        "job:503:first=2",
        "submit:reset:applied=no:first=1",
        "token:401:body=plain:tenant=acme",
        "probe:hang",
        "list:slow=1s500ms",
        "get:garbage",
        "any:huge:after=7",
        "delete:truncated",
        "submit:redirect=https://evil.example:8080/a:b?c=d:first=1",
        "submit:no-location",
        "submit:location=../jobs/{id}?a=b:policy=checkout-chat",
        "webhook:500:body=html:applied=yes",
        "job:fail:policy=checkout-chat",
        "job:stuck",
        "job:lost:first=1",
        "job:weird-status:duration=1m",
        "job:complete:policy=slow-chat:duration=1h",
    ];
    for line in lines {
        assert_eq!(line.parse::<Fault>().map(|fault| fault.to_string()), Ok(line.to_owned()));
    }
}

#[test]
fn a_refusal_says_what_would_be_right() {
    let cases = [
        ("submit", "a fault is ENDPOINT:KIND[:MODIFIER=VALUE]…"),
        ("sumbit:429", "no endpoint \"sumbit\": it is one of token, submit, job, list"),
        ("submit:", "no kind \"\": it is a status from 200 to 599, reset, hang"),
        ("submit:boom", "or for a job complete, fail, cancel"),
        ("submit:600", "no kind \"600\""),
        ("submit:100", "no kind \"100\""),
        ("submit:+20", "no kind \"+20\""),
        ("submit:slow", "no kind \"slow\""),
        ("submit:slow=soon", "slow=\"soon\" is not a duration"),
        ("submit:location=", "location=\"\" is not the value of a header"),
        ("submit:429:often=3", "no modifier \"often\": it is one of retry-after, body, applied, first"),
        ("submit:429:", "no modifier \"\""),
        ("submit:429:first=0", "first=\"0\" is not a whole number, at least 1"),
        ("submit:429:retry-after=soon", "retry-after=\"soon\" is not SECONDS or http-date+SECONDS"),
        ("submit:429:first=1:first=2", "first is written twice"),
        ("submit:429:body=xml", "body=\"xml\" is not one of plain, problem"),
        ("submit:429:policy=A", "policy=\"A\" is not the name of a policy"),
        ("submit:fail", "the end of a job is only for the endpoint job"),
        ("job:no-location", "location is only for the endpoints submit and delete"),
        ("submit:reset:body=plain", "body is only for a status"),
        ("submit:slow=1s:applied=no", "applied is only for a status, reset, hang and redirect"),
        ("submit:hang:retry-after=1", "retry-after is only for kinds that answer"),
        ("submit:429:duration=1s", "duration is only for the end of a job"),
        ("submit:429\u{7}", "no control characters"),
    ];
    for (line, expected) in cases {
        let error = line.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(expected), "{line}: {error}");
    }
}

#[test]
fn a_scenario_is_one_fault_a_line() {
    let text = "# a bad day\n\nsubmit:503:first=2  # at first\n  submit:location=/jobs/{id}#part\r\n";
    let lines: Vec<String> = Fault::parse_scenario(text).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["submit:503:first=2", "submit:location=/jobs/{id}#part"]);
    let error = Fault::parse_scenario("submit:503\n\nsubmit:x").unwrap_err();
    assert!(error.to_string().starts_with("line 3: no kind \"x\""), "{error}");
    let many = "any:500\n".repeat(Fault::MAX_FAULTS + 1);
    assert_eq!(Fault::parse_scenario(&many), Err(ScenarioError::TooMany));
}

fn kinds() -> impl Strategy<Value = String> {
    prop_oneof![
        (200u16..600).prop_map(|status| status.to_string()),
        proptest::sample::select(PLAIN_KINDS).prop_map(|(name, _)| name.to_owned()),
        proptest::sample::select(ENDINGS).prop_map(|(name, _)| name.to_owned()),
        (0u64..10_000_000).prop_map(|ms| format!("slow={}", compact(Duration::from_millis(ms)))),
        "location=[!-~]{1,20}",
        "redirect=https?://[a-z.]{1,9}:[0-9]{1,4}/[!-~]{0,9}",
    ]
}

fn modifiers() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        (0u32..100).prop_map(|seconds| format!("retry-after={seconds}")),
        (0u32..100).prop_map(|seconds| format!("retry-after=http-date+{seconds}")),
        proptest::sample::select(SHAPES).prop_map(|(name, _)| format!("body={name}")),
        proptest::sample::select(YES_NO).prop_map(|(name, _)| format!("applied={name}")),
        (1u64..100).prop_map(|count| format!("first={count}")),
        (1u64..100).prop_map(|count| format!("every={count}")),
        (1u64..100).prop_map(|count| format!("after={count}")),
        "[a-z]{1,8}".prop_map(|name| format!("policy={name}")),
        "[a-z]{1,8}".prop_map(|name| format!("tenant={name}")),
        (0u64..10_000_000).prop_map(|ms| format!("duration={}", compact(Duration::from_millis(ms)))),
    ];
    proptest::collection::vec(one, 0..4).prop_map(|segments| segments.join(":"))
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        scope in proptest::sample::select(SCOPES),
        kind in kinds(),
        modifiers in modifiers(),
    ) {
        let line = format!("{}:{kind}:{modifiers}", scope.0);
        let line = line.strip_suffix(':').unwrap_or(&line);
        if let Ok(fault) = line.parse::<Fault>() {
            prop_assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,80}") {
        let _ = text.parse::<Fault>();
        let _ = Fault::parse_scenario(&text);
    }
}
