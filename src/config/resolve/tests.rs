//! Settings as people write them, and what becomes of them.

use std::path::Path;

use super::*;
use crate::outcome::Expected;
use crate::plan::guard::{Limit, Weakening};

fn with_env(file: Option<&str>, env: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let file_of = |path: &Path| match path.to_str() {
        Some("/secret") => Ok("from-a-file\n".to_owned()),
        _ => Err("no such file".to_owned()),
    };
    resolve(file, Overrides::default(), &Lookup { env: &env, file: &file_of })
}

fn default_tenant(settings: &Settings) -> &Tenant {
    settings.tenants.values().next().unwrap()
}

#[test]
fn without_a_file_the_environment_makes_one_tenant() {
    let settings = with_env(
        None,
        &[
            ("CXONE_CLIENT_ID", "id"),
            ("CXONE_CLIENT_SECRET_FILE", "/secret"),
            ("CXONE_ORG_ID", "acme"),
            ("SECURITY_WEBHOOK_URL", "https://siem.example/in"),
            ("WEBHOOK_SECRET", "hush"),
        ],
    )
    .unwrap();
    let tenant = default_tenant(&settings);
    assert_eq!(tenant.name.as_str(), "default");
    assert_eq!(tenant.base_url.as_ref().unwrap().as_str(), "https://acme.api.nicecxone.com/");
    assert_eq!(tenant.credentials.as_ref().unwrap().client_secret.expose_secret(), "from-a-file");
    assert_eq!(tenant.webhooks.len(), 1);
    assert_eq!(tenant.missing, Vec::<String>::new());
    assert_eq!(
        tenant.binding().unwrap().to_string(),
        "tutorial at https://acme.api.nicecxone.com (organisation acme)"
    );
}

#[test]
fn what_is_missing_is_named_but_no_error() {
    let settings = with_env(None, &[]).unwrap();
    let tenant = default_tenant(&settings);
    assert_eq!(
        tenant.missing,
        [
            "base_url or org_id (CXONE_BASE_URL or CXONE_ORG_ID)",
            "client_id (CXONE_CLIENT_ID or CXONE_CLIENT_ID_FILE)",
            "client_secret (CXONE_CLIENT_SECRET or CXONE_CLIENT_SECRET_FILE)",
        ]
    );
    assert!(tenant.binding().is_none());
    let settings =
        with_env(Some("tenants: [{ name: a, org_id: acme, client_secret: { file: /nowhere } }]"), &[])
            .unwrap();
    let missing = &default_tenant(&settings).missing;
    assert_eq!(missing, &["client_id", "client_secret (/nowhere can't be read: no such file)"]);
}

#[test]
fn a_file_is_read_with_its_defaults() {
    let text = "
interval: 30s
guard: { max_changes: 10%, max_weakening: 3, weakening: hold }
tenants:
  - name: acme
    org_id: acme
    client_id: { env: ID }
    client_secret: { file: /secret }
    client_auth: basic
    limits: { requests_in_flight: 2, requests_per_second: 20 }
    job: { base_delay: 20ms, max_delay: 1s, slow_after: 90s }
    breaker: { failures: 3, open: 10m }
    verify:
      endpoint: 'https://chat.example/{policy}/'
      probes: [{ name: benign, payload: '2 < 3 && 5 > 4', expect: allowed }]
      required: 0.75
      on_failure: rollback
    wire: { done_words: [OK], fields: { status: state } }
";
    let settings = with_env(Some(text), &[("ID", "me")]).unwrap();
    assert_eq!(settings.interval, Duration::from_secs(30));
    assert_eq!(settings.guard.max_changes.to_string(), "10%");
    assert_eq!(settings.guard.max_removals.to_string(), "30%");
    assert_eq!(settings.guard.max_weakening, Some(Limit::Count(3)));
    assert_eq!(settings.guard.weakening, Weakening::Hold);
    let tenant = default_tenant(&settings);
    assert_eq!(
        tenant.limits,
        Limits { requests_in_flight: 2, requests_per_second: Some(20), ..Limits::default() }
    );
    let (open, slow_after) = (Duration::from_secs(600), Duration::from_secs(90));
    assert_eq!(tenant.breaker, breaker::Rules { failures: 3, open, max_open: open, slow_after });
    assert_eq!(tenant.job.deadline, Duration::from_secs(270));
    assert_eq!(tenant.wire.fields.status, "state");
    assert_eq!(tenant.wire.fields.policy_id, "policyId");
    let verify = tenant.verify.as_ref().unwrap();
    assert_eq!((verify.endpoint.as_str(), verify.per_policy()), ("https://chat.example/{policy}", true));
    assert_eq!((verify.required, verify.on_failure), (0.75, OnFailure::Rollback));
    let probes: Vec<_> = verify.probes.iter().map(|probe| (probe.name.as_str(), probe.expected)).collect();
    let expected = [
        ("script-injection", Expected::Blocked),
        ("event-handler-injection", Expected::Blocked),
        ("data-uri-execution", Expected::Blocked),
        ("benign", Expected::Allowed),
    ];
    assert_eq!(probes, expected);
}

#[test]
fn an_access_key_goes_with_its_grant() {
    let text = |more: &str| {
        format!(
            "tenants: [{{name: a, org_id: a, client_id: c, client_secret: {{ file: /secret }}, grant: password{more}}}]"
        )
    };
    let settings = with_env(
        Some(&text(", access_key_id: { env: ID }, access_key_secret: { file: /secret }")),
        &[("ID", "me")],
    );
    let settings = settings.unwrap();
    let key = default_tenant(&settings).credentials.as_ref().unwrap().access_key.as_ref().unwrap();
    assert_eq!((key.id.as_str(), key.secret.expose_secret()), ("me", "from-a-file"));
    assert!(!format!("{settings:?}").contains("from-a-file"));

    let settings = with_env(Some(&text(", access_key_id: me")), &[]).unwrap();
    assert_eq!(default_tenant(&settings).missing, ["access_key_secret"]);
    assert!(default_tenant(&settings).credentials.is_none());
}

#[test]
fn bad_settings_are_named() {
    let tenant = |line: &str| format!("tenants:\n  - name: a\n    {line}\n");
    let probes =
        |list: &str| tenant(&format!("verify: {{ endpoint: 'https://a.example', probes: [{list}] }}"));
    let many: Vec<String> =
        (0..51).map(|number| format!("{{ name: p{number}, payload: x, expect: blocked }}")).collect();
    let rows: &[(String, &str)] = &[
        ("tenants: []".into(), "no tenant is configured"),
        ("polices: x\ntenants: [{name: a}]".into(), "unknown field `polices`"),
        (tenant("base_uri: x"), "unknown field `base_uri`"),
        (tenant("base_url: http://cxone.example"), "use https, or set allow_plain_http"),
        (tenant("base_url: https://u:p@cxone.example"), "credentials don't belong into a URL"),
        (tenant("base_url: ftp://cxone.example"), "ftp is not a scheme"),
        (tenant("preset: cxone"), "no preset \"cxone\""),
        (tenant("client_secret: {}"), "either { env: NAME } or { file: PATH }"),
        (tenant("client_secret: hunter2"), "never written in the settings"),
        (tenant("job: { base_delay: 5s, max_delay: 1s }"), "base_delay <= max_delay"),
        (tenant("job: { base_delay: 5 }"), "not a duration"),
        (tenant("limits: { jobs_in_flight: 0 }"), "1 to 10000 jobs"),
        (tenant("limits: { requests_per_second: 0 }"), "requests_per_second is at least 1"),
        (tenant("breaker: { failures: 0 }"), "at least 1 failure"),
        (tenant("windows: [{ kind: allow, cron: '0 2 * * *' }]"), "missing field `duration`"),
        (tenant("windows: [{ kind: allow, duration: 1h }]"), "missing field `cron`"),
        (tenant("windows: [{ cron: '0 2 * * *', duration: 1h }]"), "missing field `kind`"),
        (
            tenant("windows: [{ kind: deny, cron: '0 2 * *', duration: 1h }]"),
            "windows: cron: \"0 2 * *\" is no",
        ),
        (tenant("breaker: { open: 10m, max_open: 5m }"), "open <= max_open"),
        (tenant("job: { slow_after: 0s }"), "slow_after is more than 0s"),
        (tenant("verify: { endpoint: 'https://a.example', required: 1.5 }"), "a share from 0 to 1, not 1.5"),
        (tenant("verify: { endpoint: 'https://a.example', required: .nan }"), "a share from 0 to 1"),
        (tenant("verify: { endpoint: 'https://a.example', on_failure: rollback }"), "needs {policy}"),
        (tenant("verify: { endpoint: 'https://a.example', on_failure: panic }"), "unknown variant `panic`"),
        (
            probes("{ name: a, payload: x, expect: blocked }, { name: a, payload: y, expect: allowed }"),
            "two with",
        ),
        (probes("{ name: script-injection, payload: x, expect: blocked }"), "two with the name"),
        (probes("{ name: ' ', payload: x, expect: blocked }"), "1 to 100 bytes"),
        (probes("{ name: a, payload: x, expect: maybe }"), "unknown variant `maybe`"),
        (
            probes(&format!("{{ name: a, payload: {}, expect: blocked }}", "x".repeat(8193))),
            "over 8192 bytes",
        ),
        (probes(&many.join(", ")), "at most 50 besides the standard ones, not 51"),
        (tenant("access_key_id: me"), "write grant: password"),
        (tenant("grant: implicit"), "unknown variant `implicit`"),
        (tenant("access_key_secret: hunter2"), "never written in the settings"),
        (
            tenant(
                "webhooks: [{ url: 'https://a.example', secret: { env: ID } }, { url: 'https://b.example', secret: { env: ID } }]",
            ),
            "two with the name \"cxone-policy-sync\"",
        ),
        (tenant("wire: { fields: { nope: x } }"), "wire.fields has no \"nope\""),
        (tenant("wire: { job_path: /jobs }"), "needs {id}"),
        ("tenants: [{name: a}, {name: a}]".into(), "configured twice"),
        ("tenants: [{name: A}]".into(), "not 'A'"),
        ("interval: 10ms\ntenants: [{name: a}]".into(), "at least 1s"),
    ];
    for (text, expected) in rows {
        let error = with_env(Some(text), &[("ID", "me")]).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}\n{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn plain_http_reaches_loopback_and_what_a_setting_names() {
    for host in ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"] {
        assert!(
            with_env(Some(&format!("tenants: [{{name: a, base_url: '{host}'}}]")), &[]).is_ok(),
            "{host}"
        );
    }
    let named = "tenants: [{name: a, base_url: 'http://inside.example', allow_plain_http: true}]";
    assert!(with_env(Some(named), &[]).is_ok());
}
