//! Raw settings, the environment and flags to [`Settings`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::audit::audit_of;
use super::observe::pages_of;
use super::probe::probes_of;
use super::raw::{self, SecretRef, Text};
use super::windows::windows_of;
use super::wire::{TUTORIAL, Wire};
use super::{
    AccessKey, ConfigError, Credentials, Grant, Job, Limits, Live, Lookup, OnFailure, Overrides, Receive,
    Server, Settings, Signers, Tenant, Verify, Webhook,
};
use crate::breaker;
use crate::loopback::is_loopback;
use crate::plan::guard::Guard;
use crate::policy::TenantName;

const TOKEN_URL: &str = "https://login.nicecxone.com/oauth/token";
const SCOPE: &str = "webchat:manage security:write webhook:manage";
const WEBHOOK_NAME: &str = "cxone-policy-sync";
const WEBHOOK_EVENTS: [&str; 2] = ["SECURITY_POLICY_UPDATED", "BOT_DETECTION_TRIGGERED"];
const DAY: Duration = Duration::from_secs(24 * 3600);
const MAX_TENANTS: usize = 1_000;

/// Settings from a file (if one is named), the environment and flags.
///
/// Without a file, and only then, one tenant named `default` comes from the environment.
///
/// # Errors
/// Names the key and the tenant. A tenant that merely lacks its address or credentials is no error here: reading verbs
/// do without; see [`Tenant::missing`].
pub fn resolve(
    file: Option<&str>,
    overrides: Overrides,
    lookup: &Lookup<'_>,
) -> Result<Settings, ConfigError> {
    let raw: raw::File = match file {
        Some(text) => serde_yaml::from_str(text).map_err(|error| ConfigError::new(error.to_string()))?,
        None => raw::File { tenants: vec![from_environment(lookup)?], ..raw::File::default() },
    };
    let mut missing = Vec::new();
    let server = Server::resolve(&raw, overrides.listen, lookup, &mut missing)?;
    let audit = audit_of(file.map(|_| raw.audit), lookup, &mut missing)?;
    let mut tenants = BTreeMap::new();
    if raw.tenants.is_empty() {
        return Err(ConfigError::new("no tenant is configured; `tenants` needs at least one"));
    }
    if raw.tenants.len() > MAX_TENANTS {
        return Err(ConfigError::new(format!(
            "more than {MAX_TENANTS} tenants; split them over several daemons"
        )));
    }
    for tenant in &raw.tenants {
        let name = &tenant.name;
        let resolved =
            tenant_of(tenant, lookup).map_err(|error| ConfigError::new(format!("tenant {name}: {error}")))?;
        if tenants.insert(name.clone(), resolved).is_some() {
            return Err(ConfigError::new(format!("tenant {name} is configured twice")));
        }
    }
    let interval = overrides.interval.or(raw.interval).unwrap_or(Duration::from_secs(300));
    if interval < Duration::from_secs(1) {
        return Err(ConfigError::new("interval is at least 1s"));
    }
    let guard = Guard::default();
    Ok(Settings {
        server,
        missing,
        signers: signers_of(raw.source)?,
        policies: overrides.policies.or(raw.policies).unwrap_or_else(|| PathBuf::from("policies")),
        state: overrides.state.or(raw.state).unwrap_or_else(|| PathBuf::from(".chatward")),
        interval,
        prune: overrides.prune || raw.prune.unwrap_or(false),
        guard: Guard {
            max_changes: raw.guard.max_changes.unwrap_or(guard.max_changes),
            max_removals: raw.guard.max_removals.unwrap_or(guard.max_removals),
            max_weakening: raw.guard.max_weakening.or(guard.max_weakening),
            weakening: raw.guard.weakening.unwrap_or(guard.weakening),
        },
        audit,
        tenants,
    })
}

/// Who may sign, where commits must be signed.
fn signers_of(raw: raw::Source) -> Result<Option<Signers>, ConfigError> {
    let signers = Signers { ssh_file: raw.allowed_signers, pgp_keys: raw.allowed_pgp_keys };
    let is_fingerprint =
        |key: &&String| matches!(key.len(), 40 | 64) && key.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(key) = signers.pgp_keys.iter().find(|key| !is_fingerprint(key)) {
        return Err(ConfigError::new(format!("source.allowed_pgp_keys: {key:?} is no whole fingerprint")));
    }
    let nobody = signers.ssh_file.is_none() && signers.pgp_keys.is_empty();
    match raw.require_signed {
        true if nobody => Err(ConfigError::new(
            "source.require_signed: name who may sign: allowed_signers or allowed_pgp_keys",
        )),
        required => Ok(required.then_some(signers)),
    }
}

/// The tutorial's variables, and ours.
fn from_environment(lookup: &Lookup<'_>) -> Result<raw::Tenant, ConfigError> {
    let env = |name: &str| SecretRef::Env(name.to_owned());
    let verify = lookup.plain("WEBCHAT_VALIDATION_URL")?;
    let webhook = lookup.plain("SECURITY_WEBHOOK_URL")?;
    let name = "default".parse::<TenantName>().map_err(|error| ConfigError::new(error.to_string()))?;
    Ok(raw::Tenant {
        name,
        preset: None,
        org_id: lookup.plain("CXONE_ORG_ID")?,
        base_url: lookup.plain("CXONE_BASE_URL")?,
        token_url: lookup.plain("CXONE_TOKEN_URL")?,
        client_id: Some(Text::Ref(env("CXONE_CLIENT_ID"))),
        client_secret: Some(env("CXONE_CLIENT_SECRET")),
        client_auth: None,
        grant: Grant::ClientCredentials,
        access_key_id: None,
        access_key_secret: None,
        scope: None,
        allow_plain_http: None,
        limits: raw::Limits::default(),
        job: raw::Job::default(),
        breaker: raw::Breaker::default(),
        verify: verify.map(|endpoint| raw::Verify {
            endpoint,
            nosniff_is_blocked: None,
            send_token_to: Vec::new(),
            probes: Vec::new(),
            required: None,
            on_failure: OnFailure::Degrade,
        }),
        webhooks: webhook
            .map(|url| raw::Webhook { name: None, url, secret: env("WEBHOOK_SECRET"), events: None })
            .into_iter()
            .collect(),
        live: raw::Live::default(),
        receive: None,
        observe: Vec::new(),
        windows: Vec::new(),
        wire: raw::Wire::default(),
        idempotency: raw::Idempotency::default(),
    })
}

fn tenant_of(raw: &raw::Tenant, lookup: &Lookup<'_>) -> Result<Tenant, ConfigError> {
    let preset = raw.preset.as_deref().unwrap_or(TUTORIAL);
    if preset != TUTORIAL {
        return Err(ConfigError::new(format!("there is no preset {preset:?}, only {TUTORIAL}")));
    }
    let plain_http = raw.allow_plain_http.unwrap_or(false);
    let mut missing = Vec::new();
    let base_url = match (&raw.base_url, &raw.org_id) {
        (Some(text), _) => Some(url("base_url", text, plain_http)?),
        (None, Some(organisation)) => {
            let host = format!("https://{organisation}.api.nicecxone.com");
            Some(url("org_id", &host, plain_http)?)
        }
        (None, None) => {
            missing.push("base_url or org_id (CXONE_BASE_URL or CXONE_ORG_ID)".to_owned());
            None
        }
    };
    let credentials = credentials_of(raw, lookup, &mut missing)?;
    let webhooks = raw.webhooks.iter().map(|webhook| webhook_of(webhook, lookup, plain_http, &mut missing));
    let webhooks: Vec<Webhook> = webhooks.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    let receive = raw.receive.as_ref().map(|receive| Receive::resolve(receive, lookup, &mut missing));
    let mut names = BTreeSet::new();
    if let Some(twice) = webhooks.iter().find(|webhook| !names.insert(&webhook.name)) {
        return Err(ConfigError::new(format!("webhooks: there are two with the name {:?}", twice.name)));
    }
    Ok(Tenant {
        name: raw.name.clone(),
        preset: preset.to_owned(),
        organisation: raw.org_id.clone(),
        base_url,
        token_url: url("token_url", raw.token_url.as_deref().unwrap_or(TOKEN_URL), plain_http)?,
        credentials,
        scope: raw.scope.clone().unwrap_or_else(|| SCOPE.to_owned()),
        limits: limits_of(&raw.limits)?,
        job: job_of(&raw.job)?,
        breaker: breaker_of(&raw.breaker, &raw.job)?,
        verify: raw.verify.as_ref().map(|verify| verify_of(verify, plain_http)).transpose()?,
        webhooks,
        live: Live::resolve(&raw.live)?,
        receive: receive.transpose()?.flatten(),
        observe: pages_of(&raw.observe)?,
        windows: windows_of(&raw.windows)?,
        wire: Wire::with(&raw.wire).map_err(ConfigError::new)?,
        key_lifetime: raw.idempotency.lifetime.unwrap_or(DAY),
        sandbox: false,
        missing,
    })
}

/// Who we are at a tenant, where everything of it is there; what is not is named in `missing`.
fn credentials_of(
    raw: &raw::Tenant,
    lookup: &Lookup<'_>,
    missing: &mut Vec<String>,
) -> Result<Option<Credentials>, ConfigError> {
    let client_id = text("client_id", raw.client_id.as_ref(), lookup, missing)?;
    let client_secret = needed_secret("client_secret", raw.client_secret.as_ref(), lookup, missing)?;
    let access_key = match raw.grant {
        Grant::ClientCredentials if raw.access_key_id.is_some() || raw.access_key_secret.is_some() => {
            return Err(ConfigError::new("an access key is of the grant password: write grant: password"));
        }
        Grant::ClientCredentials => None,
        Grant::Password => {
            let id = text("access_key_id", raw.access_key_id.as_ref(), lookup, missing)?;
            let secret = needed_secret("access_key_secret", raw.access_key_secret.as_ref(), lookup, missing)?;
            let Some((id, secret)) = id.zip(secret) else { return Ok(None) };
            Some(AccessKey { id, secret })
        }
    };
    Ok(client_id.zip(client_secret).map(|(client_id, client_secret)| Credentials {
        client_id,
        client_secret,
        auth: raw.client_auth.unwrap_or_default(),
        access_key,
    }))
}

fn text(
    key: &str,
    raw: Option<&Text>,
    lookup: &Lookup<'_>,
    missing: &mut Vec<String>,
) -> Result<Option<String>, ConfigError> {
    match raw {
        Some(Text::Plain(text)) => Ok(Some(text.clone())),
        Some(Text::Ref(reference)) => {
            Ok(secret(key, reference, lookup, missing)?.map(|text| text.expose_secret().to_owned()))
        }
        None => {
            missing.push(key.to_owned());
            Ok(None)
        }
    }
}

fn needed_secret(
    key: &str,
    raw: Option<&SecretRef>,
    lookup: &Lookup<'_>,
    missing: &mut Vec<String>,
) -> Result<Option<SecretString>, ConfigError> {
    match raw {
        Some(reference) => secret(key, reference, lookup, missing),
        None => {
            missing.push(key.to_owned());
            Ok(None)
        }
    }
}

/// An https URL; plain HTTP only to loopback, or where a setting lets it through.
fn url(key: &str, text: &str, plain_http: bool) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|error| ConfigError::new(format!("{key}: not a URL: {error}")))?;
    match url.scheme() {
        "https" => {}
        "http" if plain_http || is_loopback(&url) => {}
        "http" => {
            return Err(ConfigError::new(format!(
                "{key}: plain HTTP would send secrets in the clear; use https, or set allow_plain_http"
            )));
        }
        scheme => {
            return Err(ConfigError::new(format!(
                "{key}: {scheme} is not a scheme that works here; use https"
            )));
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::new(format!("{key}: credentials don't belong into a URL")));
    }
    Ok(url)
}

/// A secret, where it can be had; otherwise what is missing.
pub(super) fn secret(
    key: &str,
    reference: &SecretRef,
    lookup: &Lookup<'_>,
    missing: &mut Vec<String>,
) -> Result<Option<SecretString>, ConfigError> {
    match reference {
        SecretRef::Env(name) => {
            let text = lookup.text(name).map_err(|error| ConfigError::new(format!("{key}: {error}")))?;
            if text.is_none() {
                missing.push(format!("{key} ({name} or {name}_FILE)"));
            }
            Ok(text)
        }
        // A pipeline has the settings of a pod, and not its secrets.
        SecretRef::File(path) => {
            Ok(lookup.file(path).map_err(|why| missing.push(format!("{key} ({why})"))).ok())
        }
    }
}

fn limits_of(raw: &raw::Limits) -> Result<Limits, ConfigError> {
    let default = Limits::default();
    let limits = Limits {
        requests_in_flight: raw.requests_in_flight.unwrap_or(default.requests_in_flight),
        jobs_in_flight: raw.jobs_in_flight.unwrap_or(default.jobs_in_flight),
        requests_per_second: raw.requests_per_second,
    };
    if limits.requests_per_second == Some(0) {
        return Err(ConfigError::new("limits: requests_per_second is at least 1"));
    }
    match limits {
        Limits { requests_in_flight: 1..=1_000, jobs_in_flight: 1..=10_000, .. } => Ok(limits),
        _ => Err(ConfigError::new("limits: 1 to 1000 requests and 1 to 10000 jobs in flight")),
    }
}

fn job_of(raw: &raw::Job) -> Result<Job, ConfigError> {
    let default = Job::default();
    let job = Job {
        deadline: raw.deadline.unwrap_or(default.deadline),
        base_delay: raw.base_delay.unwrap_or(default.base_delay),
        max_delay: raw.max_delay.unwrap_or(default.max_delay),
    };
    if job.base_delay.is_zero() || job.base_delay > job.max_delay || job.max_delay > job.deadline {
        return Err(ConfigError::new("job: 0s < base_delay <= max_delay <= deadline"));
    }
    Ok(job)
}

fn breaker_of(raw: &raw::Breaker, job: &raw::Job) -> Result<breaker::Rules, ConfigError> {
    let default = breaker::Rules::default();
    let open = raw.open.unwrap_or(default.open);
    let rules = breaker::Rules {
        failures: raw.failures.unwrap_or(default.failures),
        open,
        max_open: raw.max_open.unwrap_or(default.max_open.max(open)),
        slow_after: job.slow_after.unwrap_or(default.slow_after),
    };
    if rules.failures == 0 || rules.open.is_zero() || rules.open > rules.max_open || rules.max_open > DAY {
        return Err(ConfigError::new("breaker: at least 1 failure, and 0s < open <= max_open <= 1day"));
    }
    if rules.slow_after.is_zero() {
        return Err(ConfigError::new("job: slow_after is more than 0s"));
    }
    Ok(rules)
}

fn verify_of(raw: &raw::Verify, plain_http: bool) -> Result<Verify, ConfigError> {
    // `{policy}` stands for a DNS label, so the URL with one in its place is as good as any.
    let probe = url("verify.endpoint", &raw.endpoint.replace("{policy}", "policy"), plain_http)?;
    if raw.endpoint.contains("{policy}") && probe.host_str().is_some_and(|host| host == "policy") {
        return Err(ConfigError::new("verify.endpoint: {policy} can't be the whole host"));
    }
    let origins =
        raw.send_token_to.iter().map(|text| Ok(url("verify.send_token_to", text, plain_http)?.origin()));
    let required = raw.required.unwrap_or(1.0);
    if !(0.0..=1.0).contains(&required) {
        return Err(ConfigError::new(format!("verify.required is a share from 0 to 1, not {required}")));
    }
    let verify = Verify {
        endpoint: raw.endpoint.trim_end_matches('/').to_owned(),
        nosniff_is_blocked: raw.nosniff_is_blocked.unwrap_or(false),
        send_token_to: origins.collect::<Result<_, ConfigError>>()?,
        probes: probes_of(&raw.probes)?,
        required,
        on_failure: raw.on_failure,
    };
    // A tenant's verdicts don't say which of its policies failed: nothing could ever be rolled back by them.
    if verify.on_failure == OnFailure::Rollback && !verify.per_policy() {
        return Err(ConfigError::new("verify.on_failure: rollback needs {policy} in verify.endpoint"));
    }
    Ok(verify)
}

fn webhook_of(
    raw: &raw::Webhook,
    lookup: &Lookup<'_>,
    plain_http: bool,
    missing: &mut Vec<String>,
) -> Result<Option<Webhook>, ConfigError> {
    let Some(secret) = secret("webhook secret", &raw.secret, lookup, missing)? else { return Ok(None) };
    let events = raw.events.clone().unwrap_or_else(|| WEBHOOK_EVENTS.map(str::to_owned).to_vec());
    Ok(Some(Webhook {
        name: raw.name.clone().unwrap_or_else(|| WEBHOOK_NAME.to_owned()),
        url: url("webhook url", &raw.url, plain_http)?,
        secret,
        events,
    }))
}

#[cfg(test)]
mod tests;
