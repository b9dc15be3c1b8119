//! What proving a ledger showed.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use crate::ledger::Proof;
use crate::state::Head;

/// The version of the JSON shape.
pub const VERSION: u32 = 1;

/// A proven ledger, in sentences. `checked`: whether signatures were, or only counted.
pub fn text(proof: &Proof, checked: bool) -> impl fmt::Display + use<> {
    let Proof { head: Head { sequence, hash }, segments, key, signed, unsigned, absent } = proof;
    let files = if *segments == 1 { "file" } else { "files" };
    let mut text = format!("The ledger is whole: {sequence} entries in {segments} {files}, head {hash}.\n");
    if let Some(key) = key {
        let how = match checked {
            true => "and each signature holds",
            false => "which --public-key FILE checks",
        };
        text += &format!(
            "{signed} are signed, the newest by key {key}, {how}; {unsigned} from before are not.\n"
        );
    }
    for (first, last) in absent {
        text +=
            &format!("Entries {first} to {last} are not here: --archive DIR proves them with the rest.\n");
    }
    text
}

/// The same for programs.
pub fn json(proof: &Proof, checked: bool) -> Value {
    #[derive(Serialize)]
    struct Range {
        first: u64,
        last: u64,
    }
    let absent: Vec<_> = proof.absent.iter().map(|&(first, last)| Range { first, last }).collect();
    json!({
        "version": VERSION,
        "whole": true,
        "ledger": proof.head,
        "files": proof.segments,
        "signatures": {
            "key": proof.key, "signed": proof.signed, "unsigned": proof.unsigned, "checked": checked,
        },
        "absent": absent,
    })
}
