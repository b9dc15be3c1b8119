//! `chatward csp check`: every line is answered as soon as it is read.

use std::io::{self, BufReader, Write};
use std::sync::Arc;

use anyhow::Context as _;

use super::lines::Lines;
use super::{opened, shown};
use crate::cli::{CspCheck, Deny, Output, Target};
use crate::command::Exit;
use crate::csp::allows;
use crate::render::csp::check::{self as render, Answer};
use crate::render::findings::Tally;
use crate::validate::header::{self, MAX_LINE};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(in crate::command) fn run(args: &CspCheck) -> anyhow::Result<Exit> {
    let name = shown(&args.file);
    let (file, targets) = (Arc::from(name.as_str()), Target::all(&args.targets));
    let lines = Lines::new(BufReader::new(opened(&args.file)?), MAX_LINE);
    let mut tally = Tally { files: 1, ..Tally::default() };
    for (number, bytes) in (1_u32..).zip(lines) {
        let bytes = bytes.with_context(|| name.clone())?;
        let line = if number == 1 { bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes) } else { &bytes };
        let header = header::check(&file, number, line, &targets);
        count(&mut tally, &header);
        let allows = header.policies.as_deref().map(allows);
        let answer = Answer { line: number, findings: &header.findings, allows };
        let text = match args.output {
            Output::Text => render::text(&answer).to_string(),
            Output::Json => render::json(&answer)?,
        };
        if !said(&text)? {
            return Ok(exit(args, tally));
        }
    }
    if args.output == Output::Text {
        said(&tally.to_string())?;
    }
    Ok(exit(args, tally))
}

fn count(tally: &mut Tally, header: &header::Header) {
    let of = Tally::of(0, 0, &header.findings);
    tally.policies += header.policies.as_ref().map_or(0, Vec::len);
    tally.errors += of.errors;
    tally.warnings += of.warnings;
    tally.infos += of.infos;
}

const fn exit(args: &CspCheck, tally: Tally) -> Exit {
    let denied = matches!(args.deny, Some(Deny::Warnings)) && tally.warnings > 0;
    if tally.errors > 0 || denied { Exit::Pending } else { Exit::Fine }
}

/// Writes one answer, all of it now; tells whether anybody still reads.
fn said(text: &str) -> anyhow::Result<bool> {
    let mut output = anstream::stdout().lock();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("standard output"),
    }
}
