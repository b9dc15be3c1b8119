//! `chatward audit`: reading, proving and archiving the ledger, and the key that signs it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{Exit, print, print_json, setup};
use crate::cli::{Audit, AuditArchive, AuditKeygen, AuditShow, AuditVerb, AuditVerify, Output};
use crate::config::Overrides;
use crate::digest::EntryHash;
use crate::entry::Entry;
use crate::ledger::sign::{self, PublicKey};
use crate::ledger::{self, Archived, Scanned, Terms};
use crate::render::audit::deployments::{self, Deployment, Deployments};
use crate::render::{self, audit::proof};

pub(super) fn run(args: &Audit) -> anyhow::Result<Exit> {
    match &args.verb {
        AuditVerb::Show(args) => show(args),
        AuditVerb::Verify(args) => verify(args),
        AuditVerb::Keygen(args) => keygen(args),
        AuditVerb::Archive(args) => archive(args),
    }
}

fn show(args: &AuditShow) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, &Overrides::default())?;
    let scan = |mut each: Box<dyn FnMut(Scanned) + '_>| {
        ledger::scan(&settings.state, &args.archive, |scanned| {
            each(scanned);
            Ok(())
        })
    };
    if args.output == Output::Json && !args.entries && args.event.is_none() {
        // Operations are told as a whole, so what is left out is decided by the operation, not by the entry.
        let mut deployments = Deployments::default();
        scan(Box::new(|scanned| deployments.add(&scanned.entry)))?;
        let wanted = |deployment: &Deployment| is_deployment_wanted(args, deployment);
        let kept: Vec<_> = deployments.end().into_iter().filter(wanted).collect();
        print(deployments::json(&kept)? + "\n")?;
        return Ok(Exit::Fine);
    }
    let mut entries: Vec<(Entry, EntryHash)> = Vec::new();
    scan(Box::new(|Scanned { entry, hash, .. }| {
        if is_wanted(args, &entry) {
            entries.push((entry, hash));
        }
    }))?;
    match args.output {
        Output::Text => print(render::audit::text(&entries))?,
        Output::Json => print(render::audit::json(&entries)? + "\n")?,
    }
    Ok(Exit::Fine)
}

fn is_wanted(args: &AuditShow, entry: &Entry) -> bool {
    let event = &entry.event;
    args.policy.as_ref().is_none_or(|policy| event.policy() == Some(policy))
        && args.tenant.as_ref().is_none_or(|tenant| event.tenant() == Some(tenant))
        && args.since.is_none_or(|since| entry.time >= since)
        && args.event.as_ref().is_none_or(|name| event.name() == name)
        && (!args.failed || event.is_failure())
}

fn is_deployment_wanted(args: &AuditShow, deployment: &Deployment) -> bool {
    let id = |id: &crate::policy::PolicyId| deployment.tenant == id.tenant && deployment.policy == id.name;
    args.policy.as_ref().is_none_or(id)
        && args.tenant.as_ref().is_none_or(|tenant| deployment.tenant == *tenant)
        && args.since.is_none_or(|since| deployment.deployment_timestamp >= since)
        && (!args.failed || deployment.error.is_some())
}

fn verify(args: &AuditVerify) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, &Overrides::default())?;
    let keys = args.public_key.iter().map(|path| public_key(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let terms = Terms { head: args.head, keys: &keys, archives: &args.archive };
    match ledger::verify(&settings.state, &terms) {
        Ok(proven) => {
            match args.output {
                Output::Text => print(proof::text(&proven, !keys.is_empty()))?,
                Output::Json => print_json(&proof::json(&proven, !keys.is_empty()))?,
            }
            Ok(Exit::Fine)
        }
        Err(error) => {
            if args.output == Output::Json {
                print_json(
                    &json!({ "version": proof::VERSION, "whole": false, "error": error.to_string() }),
                )?;
            }
            Err(anyhow::Error::new(error).context("the ledger does not hold"))
        }
    }
}

pub(super) fn public_key(path: &Path) -> anyhow::Result<PublicKey> {
    let pem = fs::read_to_string(path).with_context(|| format!("public key {}", path.display()))?;
    PublicKey::from_pem(&pem).with_context(|| format!("public key {}", path.display()))
}

fn keygen(args: &AuditKeygen) -> anyhow::Result<Exit> {
    let (private, public) = sign::generate()?;
    let beside = PathBuf::from(format!("{}.pub", args.out.display()));
    create(&args.out, 0o600, private.expose_secret())?;
    create(&beside, 0o644, &public.to_pem())?;
    let (out, beside, id) = (args.out.display(), beside.display(), public.id());
    print(format!(
        "Key {id}\n  private: {out}, for `audit: {{ signing_key: {{ file: {out} }} }}` in the settings\n  \
         public:  {beside}, for `chatward audit verify --public-key {beside}`\n"
    ))?;
    Ok(Exit::Fine)
}

/// Writes a file that is not there yet.
fn create(path: &Path, mode: u32, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.with_context(|| format!("{} can't be written", path.display()))
}

fn archive(args: &AuditArchive) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, &Overrides::default())?;
    let Archived { moved, kept } =
        ledger::archive(&settings.state, &args.to).context("the ledger can't be archived")?;
    if args.output == Output::Json {
        let kept: Vec<_> =
            kept.iter().map(|(file, policy)| json!({ "file": file, "policy": policy })).collect();
        print_json(&json!({ "version": 1, "archived": moved, "kept": kept }))?;
        return Ok(Exit::Fine);
    }
    for path in &moved {
        print(format!("archived {}\n", path.display()))?;
    }
    for (path, policy) in &kept {
        print(format!("kept     {}: the payload of {policy} is in it\n", path.display()))?;
    }
    let total = moved.len() + kept.len();
    let none = if total == 0 { "; only files before the newest that is full can go" } else { "" };
    print(format!("Archive: {} of {total} files moved to {}{none}.\n", moved.len(), args.to.display()))?;
    Ok(Exit::Fine)
}
