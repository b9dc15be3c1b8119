//! What a taken submit says of its job, where the job is asked, and what it answers. Pure.
//!
//! A `Location` is resolved as RFC 3986 says against the URL of the request. One at another origin is refused, since the
//! bearer goes to its own origin alone.

use serde_json::Value;
use url::Url;

use super::address::{below, segment};
use super::answer::{MAX_ID, Unread, id, object};
use super::words::Secrets;
use super::{JobState, Next};
use crate::config::wire::Wire;
use crate::outcome::{Answer, Fault};
use crate::state::Job;

const MAX_LOCATION: usize = 2048;

/// How a taken submit or removal goes on. `base` is the tenant's API, for a job that is named by its id alone.
pub(super) fn taken(wire: &Wire, base: &Url, request: &Url, answer: &Answer) -> Result<Next, Unread> {
    // The body matters for its ids alone: one that is no JSON names none.
    let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    if answer.status != 202 {
        return Ok(Next::Done { policy_id: id(&body, &wire.fields.policy_id) });
    }
    let named = id(&body, &wire.fields.job_id).or_else(|| id(&body, "id"));
    if let Some(text) = answer.location.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        let location = location(request, text).map_err(|why| Unread::Ended(Fault::RefusedLocation, why))?;
        let id = last_segment(&location).or(named).unwrap_or_else(|| location.path().to_owned());
        return Ok(Next::Job(Job { id, location }));
    }
    let nameless = || Unread::Ended(Fault::InDoubt, "it was taken, but no job was named".to_owned());
    let id = named.ok_or_else(nameless)?;
    let path = wire.job_path.replace("{id}", &segment(&id).ok_or_else(nameless)?);
    let location = below(base, &path).ok_or_else(nameless)?;
    Ok(Next::Job(Job { id, location }))
}

/// A `Location` as a URL, if the bearer may go there.
fn location(request: &Url, text: &str) -> Result<Url, String> {
    if text.len() > MAX_LOCATION {
        return Err(format!("its Location is over {MAX_LOCATION} bytes"));
    }
    let mut url = request.join(text).map_err(|error| format!("its Location is not a URL: {error}"))?;
    if url.origin() != request.origin() {
        let origin = url.origin().ascii_serialization();
        return Err(format!("its Location is at another origin, {origin}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its Location has credentials in it".to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

/// What a job says of itself.
pub(super) fn state(wire: &Wire, secrets: &Secrets, answer: &Answer) -> Result<JobState, Unread> {
    let running = JobState::Running { retry_after: answer.retry_after };
    if answer.body.is_empty() {
        return Ok(running);
    }
    let body = object(&answer.body)?;
    let status = body.get(&wire.fields.status).and_then(Value::as_str).unwrap_or_default();
    let is_one_of = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(status));
    if is_one_of(&wire.done_words) {
        return Ok(JobState::Done { policy_id: id(&body, &wire.fields.policy_id) });
    }
    if !is_one_of(&wire.failed_words) {
        return Ok(running);
    }
    let message = match body.get(&wire.fields.error_message) {
        None | Some(Value::Null) => format!("the job ended as {}", secrets.shown(status)),
        Some(Value::String(text)) => secrets.shown(text),
        Some(other) => secrets.shown(&other.to_string()),
    };
    Ok(JobState::Failed { message })
}

fn last_segment(url: &Url) -> Option<String> {
    let last = url.path_segments()?.rfind(|segment| !segment.is_empty())?;
    (last.len() <= MAX_ID).then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUEST: &str = "https://a.example/tenants/x/api/v2/policies";

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn take(status: u16, location: Option<&str>, body: &str) -> Result<Next, Unread> {
        let answer = Answer {
            status,
            location: location.map(str::to_owned),
            retry_after: None,
            body: body.as_bytes().to_vec(),
        };
        taken(&Wire::default(), &url("https://a.example/tenants/x"), &url(REQUEST), &answer)
    }

    fn job(id: &str, location: &str) -> Result<Next, Unread> {
        Ok(Next::Job(Job { id: id.into(), location: url(location) }))
    }

    #[test]
    fn locations_are_resolved_against_the_request() {
        let rows = [
            ("/jobs/7", "7", "https://a.example/jobs/7"),
            ("jobs/7/", "7", "https://a.example/tenants/x/api/v2/jobs/7/"),
            ("../jobs/7", "7", "https://a.example/tenants/x/api/jobs/7"),
            ("../../../../../../7", "7", "https://a.example/7"),
            ("?job=7", "policies", "https://a.example/tenants/x/api/v2/policies?job=7"),
            ("jobs/7?full=1#part", "7", "https://a.example/tenants/x/api/v2/jobs/7?full=1"),
            ("https://a.example/jobs/7", "7", "https://a.example/jobs/7"),
            ("https://a.example:443/jobs/7", "7", "https://a.example/jobs/7"),
            ("HTTPS://A.EXAMPLE/jobs/7", "7", "https://a.example/jobs/7"),
            ("//a.example/jobs/7", "7", "https://a.example/jobs/7"),
            ("::::", "::::", "https://a.example/tenants/x/api/v2/::::"),
            ("/", "from-the-body", "https://a.example/"),
        ];
        for (location, id, expected) in rows {
            assert_eq!(
                take(202, Some(location), r#"{"id": "from-the-body"}"#),
                job(id, expected),
                "{location}"
            );
        }
    }

    #[test]
    fn other_origins_and_junk_are_refused_whatever_the_body_says() {
        let long = format!("/{}", "x".repeat(MAX_LOCATION));
        let rows = [
            ("https://evil.example/jobs/7", "another origin, https://evil.example"),
            ("//evil.example/jobs/7", "another origin"),
            ("\\\\evil.example\\jobs", "another origin"),
            ("/\\evil.example/jobs", "another origin"),
            ("http://a.example/jobs/7", "another origin"),
            ("https://a.example:8443/jobs/7", "another origin"),
            ("https://a.example@evil.example/", "another origin"),
            ("https://a.example.evil.example/", "another origin"),
            ("https://me:pw@a.example/jobs/7", "credentials"),
            ("javascript:alert(1)", "another origin"),
            ("file:///etc/passwd", "another origin"),
            ("https://[bad/", "not a URL"),
            ("https://", "not a URL"),
            (long.as_str(), "over 2048 bytes"),
        ];
        for (location, expected) in rows {
            match take(202, Some(location), r#"{"jobId": "7"}"#) {
                Err(Unread::Ended(Fault::RefusedLocation, why)) => assert!(why.contains(expected), "{why}"),
                other => panic!("{location}: {other:?}"),
            }
        }
    }

    #[test]
    fn without_a_location_the_body_names_the_job() {
        let at = |id: &str| format!("https://a.example/tenants/x/api/v2/webchat/security-policies/jobs/{id}");
        let rows = [
            (r#"{"jobId": "7", "id": "8"}"#, "7", at("7")),
            (r#"{"id": 8}"#, "8", at("8")),
            (r#"{"jobId": null, "id": "8"}"#, "8", at("8")),
            (r#"{"jobId": "a/../b c?d+e"}"#, "a/../b c?d+e", at("a%2F..%2Fb%20c%3Fd%2Be")),
        ];
        for (body, id, location) in rows {
            assert_eq!(take(202, None, body), job(id, &location), "{body}");
            assert_eq!(take(202, Some(" "), body), job(id, &location), "{body}");
        }
        let long = format!(r#"{{"jobId": "{}"}}"#, "x".repeat(MAX_ID + 1));
        for body in
            ["", "{}", "not json", r#"{"jobId": ".."}"#, r#"{"jobId": ""}"#, r#"{"jobId": 1.5}"#, &long]
        {
            let result = take(202, None, body);
            assert!(matches!(result, Err(Unread::Ended(Fault::InDoubt, _))), "{body}: {result:?}");
        }
    }

    #[test]
    fn some_are_done_at_once() {
        for status in [200, 201, 204] {
            let done = |id: Option<&str>| Ok(Next::Done { policy_id: id.map(str::to_owned) });
            assert_eq!(take(status, Some("/jobs/7"), r#"{"policyId": "p-1"}"#), done(Some("p-1")));
            assert_eq!(take(status, None, ""), done(None));
        }
    }

    #[test]
    fn a_job_answers_in_its_own_words() {
        let secrets = Secrets::new(["hush".to_owned().into()]);
        let ask = |body: &str| {
            let retry_after = Some(std::time::Duration::from_secs(3));
            let answer = Answer { status: 200, location: None, retry_after, body: body.as_bytes().to_vec() };
            state(&Wire::default(), &secrets, &answer)
        };
        let running = JobState::Running { retry_after: Some(std::time::Duration::from_secs(3)) };
        let done = |id: Option<&str>| JobState::Done { policy_id: id.map(str::to_owned) };
        let failed = |message: &str| JobState::Failed { message: message.to_owned() };
        let rows = [
            (r#"{"status": "COMPLETED", "policyId": "p-1"}"#, done(Some("p-1"))),
            (r#"{"status": "succeeded"}"#, done(None)),
            (r#"{"status": "FAILED", "errorMessage": "no\nhush"}"#, failed("no\\n[redacted]")),
            (r#"{"status": "CANCELLED"}"#, failed("the job ended as CANCELLED")),
            (r#"{"status": "EXPIRED", "errorMessage": null}"#, failed("the job ended as EXPIRED")),
            (r#"{"status": "FAILED", "errorMessage": {"code": 1}}"#, failed(r#"{"code":1}"#)),
            (r#"{"status": "QUEUED"}"#, running.clone()),
            (r#"{"status": 7}"#, running.clone()),
            ("{}", running.clone()),
            ("", running),
        ];
        for (body, expected) in rows {
            assert_eq!(ask(body), Ok(expected), "{body}");
        }
        for body in ["<html>", "[]", "null", "{\"status\": \"COMPL"] {
            assert!(matches!(ask(body), Err(Unread::Unreadable(_))), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_location_leads_elsewhere(text in r"(https?:|[a-z]{0,6}:)?[/\\]{0,3}([a-z.@:?#%\[\] ]|//|\.\./|a\.example){0,12}") {
            if let Ok(url) = location(&url(REQUEST), &text) {
                prop_assert_eq!(url.origin(), self::url(REQUEST).origin());
                prop_assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None));
            }
        }
    }
}
