//! `chatward doctor`: whether everything is in place, and what of it nobody has confirmed.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Exit, print, print_json, setup};
use crate::cli::{Doctor, Output};
use crate::config::wire::TUTORIAL;
use crate::config::{Overrides, Settings, Tenant};
use crate::host::Host;
use crate::outcome::Fault;
use crate::policy::TenantName;
use crate::reconcile;
use crate::remote::{self, HttpTenant, ReadTenant as _, Tokens};
use crate::source::Source;
use crate::state::State;
use crate::{ledger, printable::printable};

/// The most that clocks may differ before tokens and signatures suffer.
const MAX_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// How one check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Failed,
}

#[derive(Debug, Serialize)]
struct Check {
    check: String,
    level: Level,
    detail: String,
}

#[derive(Default)]
struct Checks {
    list: Vec<Check>,
    refused: bool,
}

impl Checks {
    fn add(&mut self, check: impl Into<String>, level: Level, detail: impl Into<String>) {
        self.list.push(Check { check: check.into(), level, detail: detail.into() });
    }

    fn has(&self, level: Level) -> bool {
        self.list.iter().any(|check| check.level == level)
    }
}

pub(super) async fn run(args: Doctor) -> anyhow::Result<Exit> {
    let host = Host::real();
    let mut settings = setup::settings(&args.common, &Overrides::default())?;
    let mut checks = Checks::default();
    let tenants = settings.tenants.len();
    checks.add("settings", Level::Ok, format!("{tenants} tenant{}", if tenants == 1 { "" } else { "s" }));
    directory(&mut checks, &settings);
    let state = state(&mut checks, &settings, &host);
    let _simulated = setup::simulate(&mut settings, &args.sandbox).await?;
    if let Some(Err(error)) = state.map(|state| reconcile::check_bindings(&settings, &state)) {
        checks.add("binding", Level::Failed, error.to_string());
    }
    let tokens = Arc::new(Tokens::default());
    for tenant in settings.tenants.values() {
        reach(&mut checks, tenant, &tokens, &host).await;
    }
    match args.output {
        Output::Text => print(text(&checks))?,
        Output::Json => print_json(&serde_json::json!({ "version": 1, "checks": checks.list }))?,
    }
    Ok(match (checks.refused, checks.has(Level::Failed)) {
        (true, _) => Exit::Credentials,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Fine,
    })
}

fn directory(checks: &mut Checks, settings: &Settings) {
    let mut source = Source::new(&settings.policies, setup::names(settings));
    let snapshot = source.snapshot();
    if let Some(why) = &snapshot.void {
        return checks.add("policies", Level::Failed, why.clone());
    }
    let errors = snapshot.findings().iter().filter(|finding| finding.is_error()).count();
    let path = settings.policies.display();
    let found = format!("{path}: {} files, {} policies", snapshot.files(), snapshot.desired.len());
    match (errors, source.revision()) {
        (0, Some(revision)) => checks.add("policies", Level::Ok, format!("{found}, at commit {revision}")),
        (0, None) => checks.add("policies", Level::Ok, format!("{found}, in no git work tree")),
        (errors, _) => {
            let detail = format!("{found}, and {errors} errors; see `chatward validate`");
            checks.add("policies", Level::Warning, detail);
        }
    }
}

fn state(checks: &mut Checks, settings: &Settings, host: &Host) -> Option<State> {
    let path = settings.state.display();
    match ledger::verify(&settings.state, &ledger::Terms::default()) {
        Ok(proof) => {
            checks.add(
                "state",
                Level::Ok,
                format!("{path}: the ledger is whole, {} entries", proof.head.sequence),
            );
        }
        Err(error) => checks.add("state", Level::Failed, error.to_string()),
    }
    let state = ledger::view(&settings.state).ok()?;
    let last = ledger::entry_at(&settings.state, state.last).ok().map(|entry| entry.time);
    match last.filter(|last| *last > host.now()) {
        Some(last) => {
            let detail = format!("the ledger's last entry is of {last}, which is yet to come");
            checks.add("clock", Level::Warning, detail);
        }
        None => checks.add("clock", Level::Ok, format!("{:.0}", host.now())),
    }
    Some(state)
}

async fn reach(checks: &mut Checks, tenant: &Tenant, tokens: &Arc<Tokens>, host: &Host) {
    let name = &tenant.name;
    let remote = match HttpTenant::new(tenant, tokens) {
        Ok(remote) => remote,
        Err(error) => return checks.add(format!("{name}: settings"), Level::Failed, error.to_string()),
    };
    match remote.connect().await {
        Ok(()) => checks.add(
            format!("{name}: credentials"),
            Level::Ok,
            format!("{} gave a token", tenant.token_url),
        ),
        Err(failure) => {
            checks.refused |= failure.fault == Fault::Credentials;
            let detail = format!("{}: {}", tenant.token_url, printable(&failure.message, 500));
            checks.add(format!("{name}: credentials"), Level::Failed, detail);
        }
    }
    if let Some(theirs) = remote::date(&tenant.token_url).await {
        skew(checks, name, host.now(), theirs);
    }
    if tenant.preset == TUTORIAL && !tenant.sandbox {
        let detail = "the preset `tutorial` (paths, headers, field names, status words, the token URL) could not be \
                      confirmed against public documentation; compare it with your tenant, and set `wire:` where it differs";
        checks.add(format!("{name}: wire"), Level::Warning, detail);
    }
    if tenant.verify.is_none() {
        let detail = "no verify.endpoint: what is deployed is not probed";
        checks.add(format!("{name}: verify"), Level::Warning, detail);
    }
}

fn skew(checks: &mut Checks, name: &TenantName, ours: Timestamp, theirs: Timestamp) {
    let skew = ours.duration_since(theirs);
    let level = if skew.abs() > MAX_SKEW { Level::Warning } else { Level::Ok };
    checks.add(format!("{name}: clock"), level, format!("{} s from the tenant's", skew.as_secs()));
}

fn text(checks: &Checks) -> String {
    let width = checks.list.iter().map(|check| check.check.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for Check { check, level, detail } in &checks.list {
        let (mark, colour) = match level {
            Level::Ok => ("ok", anstyle::AnsiColor::Green),
            Level::Warning => ("warning", anstyle::AnsiColor::Yellow),
            Level::Failed => ("failed", anstyle::AnsiColor::Red),
        };
        let style = colour.on_default();
        // Writing to a string can't fail.
        let _ = writeln!(text, "{style}{mark:8}{style:#} {check:width$}  {detail}");
    }
    text
}
