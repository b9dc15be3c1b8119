//! `chatward audit`: reading and proving the ledger.

use serde_json::json;

use super::{Exit, print, print_json, setup};
use crate::cli::{Audit, AuditShow, AuditVerb, AuditVerify, Output};
use crate::digest::EntryHash;
use crate::entry::Entry;
use crate::ledger;
use crate::render::{self, audit::deployments};

pub(super) fn run(args: &Audit) -> anyhow::Result<Exit> {
    match &args.verb {
        AuditVerb::Show(args) => show(args),
        AuditVerb::Verify(args) => verify(args),
    }
}

fn show(args: &AuditShow) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, None, false)?;
    let mut entries: Vec<(Entry, EntryHash)> = Vec::new();
    ledger::scan(&settings.state, |scanned| {
        entries.push((scanned.entry, scanned.hash));
        Ok(())
    })?;
    let wanted = |entry: &Entry| {
        args.policy.as_ref().is_none_or(|policy| entry.event.policy() == Some(policy))
            && args.tenant.as_ref().is_none_or(|tenant| entry.event.tenant() == Some(tenant))
            && args.since.is_none_or(|since| entry.time >= since)
            && args.event.as_ref().is_none_or(|event| entry.event.name() == event)
            && (!args.failed || entry.event.is_failure())
    };
    match (args.output, args.entries) {
        (Output::Text, _) => {
            entries.retain(|(entry, _)| wanted(entry));
            print(render::audit::text(&entries))?;
        }
        (Output::Json, true) => {
            entries.retain(|(entry, _)| wanted(entry));
            print(render::audit::json(&entries)? + "\n")?;
        }
        (Output::Json, false) => {
            // Operations are told as a whole, so what is left out is decided by the operation, not by the entry.
            let deployments = deployments::deployments(&entries);
            let kept = deployments.into_iter().filter(|deployment| {
                args.policy
                    .as_ref()
                    .is_none_or(|id| deployment.tenant == id.tenant && deployment.policy == id.name)
                    && args.tenant.as_ref().is_none_or(|tenant| deployment.tenant == *tenant)
                    && args.since.is_none_or(|since| deployment.deployment_timestamp >= since)
                    && (!args.failed || deployment.error.is_some())
            });
            let kept: Vec<_> = kept.collect();
            print(deployments::json(&kept)? + "\n")?;
        }
    }
    Ok(Exit::Fine)
}

fn verify(args: &AuditVerify) -> anyhow::Result<Exit> {
    let settings = setup::settings(&args.common, None, false)?;
    match ledger::verify(&settings.state, &ledger::Terms { head: args.head, ..Default::default() }) {
        Ok(proof) => {
            let head = proof.head;
            match args.output {
                Output::Text => {
                    let files = if proof.segments == 1 { "file" } else { "files" };
                    let (entries, segments) = (head.sequence, proof.segments);
                    let hash = head.hash;
                    print(format!(
                        "The ledger is whole: {entries} entries in {segments} {files}, head {hash}.\n"
                    ))?;
                }
                Output::Json => print_json(&json!({ "version": 1, "whole": true, "ledger": head }))?,
            }
            Ok(Exit::Fine)
        }
        Err(error) => {
            if args.output == Output::Json {
                print_json(&json!({ "version": 1, "whole": false, "error": error.to_string() }))?;
            }
            Err(anyhow::Error::new(error).context("the ledger does not hold"))
        }
    }
}
