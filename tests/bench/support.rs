//! Policies, simulated tenants behind HTTP, and chatward between them, all in this process.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chatward::config::{self, Lookup, Overrides, Settings};
use chatward::deploy::{Progress, StepResult};
use chatward::host::Host;
use chatward::ledger::Ledger;
use chatward::outcome::Outcome;
use chatward::plan::Retry;
use chatward::policy::TenantName;
use chatward::reconcile::{Reconciler, Report};
use chatward::remote::{HttpTenant, Tokens, Tuning};
use chatward::sandbox::{Options, Sandbox};
use chatward::source::Scope;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What is set for each tenant, besides where it is.
pub struct Tenant<'a> {
    pub name: &'a str,
    /// How many policies it gets.
    pub policies: usize,
    /// Further lines, in YAML's flow style.
    pub more: &'a str,
}

/// A number from the command line. Cargo adds `--bench`.
pub fn count(default: usize) -> usize {
    std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(default)
}

pub async fn serve(options: Options) -> (Sandbox, SocketAddr) {
    let sandbox = Sandbox::open(options).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = sandbox.clone();
    tokio::spawn(async move { served.serve(listener, CancellationToken::new()).await.unwrap() });
    (sandbox, address)
}

/// One pass over fresh policies and an empty ledger, and how long each tenant's policies took.
pub async fn pass(
    address: SocketAddr,
    tenants: &[Tenant<'_>],
    tuning: Tuning,
) -> (Report, BTreeMap<TenantName, Duration>) {
    let (report, took, _) = recorded_pass(address, tenants, tuning).await;
    (report, took)
}

/// The same, with how many entries it left in the ledger and how often those were brought to disk.
pub async fn recorded_pass(
    address: SocketAddr,
    tenants: &[Tenant<'_>],
    tuning: Tuning,
) -> (Report, BTreeMap<TenantName, Duration>, (u64, u64)) {
    let directory = TempDir::new().unwrap();
    let settings = settings(directory.path(), address, tenants);
    for tenant in tenants {
        write(&settings.policies, tenant);
    }
    let host = Host::real();
    let ledger = Ledger::open(&settings.state, Arc::clone(&host.clock)).unwrap();
    let tokens = Arc::new(Tokens::default());
    let remote = |tenant| HttpTenant::tuned(tenant, &tokens, tuning).unwrap();
    let remotes = settings.tenants.iter().map(|(name, tenant)| (name.clone(), remote(tenant))).collect();
    let mut reconciler = Reconciler::new(settings, ledger, remotes, host, false).await.unwrap();
    let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
    let stopwatch = Stopwatch { start: Instant::now(), last: Mutex::default() };
    let report =
        reconciler.pass((Retry::Due, &Scope::Everything), (&drain, &stop), &stopwatch).await.unwrap();
    let ledger = reconciler.ledger();
    let recorded = (ledger.read(|state| state.head.sequence), ledger.syncs());
    (report, stopwatch.last.into_inner().unwrap(), recorded)
}

/// How many steps of a tenant were done.
pub fn done(report: &Report, tenant: &str) -> usize {
    let is_done =
        |result: &&StepResult| result.id.tenant.as_str() == tenant && result.outcome == Outcome::Done;
    report.results.iter().filter(is_done).count()
}

/// When each tenant's last step ended.
struct Stopwatch {
    start: Instant,
    last: Mutex<BTreeMap<TenantName, Duration>>,
}

impl Progress for Stopwatch {
    fn ended(&self, result: &StepResult) {
        self.last.lock().unwrap().insert(result.id.tenant.clone(), self.start.elapsed());
    }
}

/// The settings of these tenants at a sandbox.
pub fn settings(directory: &Path, address: SocketAddr, tenants: &[Tenant<'_>]) -> Settings {
    let mut text = String::from("tenants:\n");
    for Tenant { name, more, .. } in tenants {
        let endpoints = Sandbox::endpoints(address, &name.parse().unwrap());
        let (base_url, token_url) = (endpoints.base_url, endpoints.token_url);
        text += &format!(
            "  - {{ name: {name}, base_url: '{base_url}', token_url: '{token_url}', client_id: bench, \
             client_secret: {{ env: SECRET }}, {more} }}\n"
        );
    }
    let env = |name: &str| (name == "SECRET").then(|| "bench-secret".to_owned());
    let file = |_: &Path| Err("no files here".to_owned());
    let overrides = Overrides {
        policies: Some(directory.join("policies")),
        state: Some(directory.join("state")),
        ..Overrides::default()
    };
    config::resolve(Some(&text), overrides, &Lookup { env: &env, file: &file }).unwrap()
}

fn write(policies: &Path, tenant: &Tenant<'_>) {
    fs::create_dir_all(policies).unwrap();
    let name = tenant.name;
    for number in 0..tenant.policies {
        let text = format!(
            "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: {{ name: p{number}, tenant: {name} }}\n\
             spec:\n  cspDirectives:\n    default-src: \"'self'\"\n    script-src: \"'self'\"\n    \
             object-src: \"'none'\"\n    base-uri: \"'none'\"\n  \
             xssRules: {{ mode: block, rules: [strip-script-tags, sanitize-event-handlers, block-script-uris] }}\n"
        );
        fs::write(policies.join(format!("{name}-{number}.yaml")), text).unwrap();
    }
}
