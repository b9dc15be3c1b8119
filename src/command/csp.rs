//! `chatward csp`: headers, ours or not.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, bail};

use super::{Exit, print};
use crate::cli::{Csp, CspDiff, CspImport, CspVerb, Output};
use crate::csp::{Directives, header::policies};
use crate::direction::header::Difference;
use crate::policy::document::import;
use crate::printable::printable;
use crate::render;
use crate::validate::header::{MAX_LINE, too_much, value};

mod check;
mod lines;

pub(super) fn run(args: &Csp) -> anyhow::Result<Exit> {
    match &args.verb {
        CspVerb::Check(args) => check::run(args),
        CspVerb::Diff(args) => diff(args),
        CspVerb::Import(args) => imported(args),
    }
}

fn diff(args: &CspDiff) -> anyhow::Result<Exit> {
    if !args.text && args.old == "-" && args.new == "-" {
        bail!("standard input can be OLD or NEW, and not both");
    }
    let read = |argument: &str| if args.text { Ok(argument.to_owned()) } else { read(Path::new(argument)) };
    let (old, new) = (bounded(&read(&args.old)?)?, bounded(&read(&args.new)?)?);
    let difference = Difference::between(&old, &new);
    match args.output {
        Output::Text => print(render::csp::diff::text(&difference))?,
        Output::Json => print(render::csp::diff::json(&difference)? + "\n")?,
    }
    Ok(Exit::Fine)
}

fn imported(args: &CspImport) -> anyhow::Result<Exit> {
    let policies = bounded(&read(&args.file)?)?;
    let [policy] = policies.as_slice() else {
        // Several documents would be several policies of the tenant, and not the one that all of these make together.
        bail!("the header holds {} policies, and a document has one: import each on its own", policies.len());
    };
    print(import(policy, &args.name, args.tenant.as_ref())?)?;
    Ok(Exit::Fine)
}

/// The policies of a header's value, with or without the header's name before it.
fn bounded(text: &str) -> anyhow::Result<Vec<Directives>> {
    let policies = policies(value(text), 1);
    match too_much(&policies) {
        Some(why) => bail!(why),
        None => Ok(policies),
    }
}

/// A header's value from a file or from standard input; line breaks in it are white space.
fn read(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let limit = MAX_LINE as u64 + 1;
    opened(path)?.take(limit).read_to_end(&mut bytes).with_context(|| shown(path))?;
    if bytes.len() > MAX_LINE {
        bail!("{} is longer than {MAX_LINE} bytes", shown(path));
    }
    let text = String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", shown(path)))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

fn opened(path: &Path) -> anyhow::Result<Box<dyn io::Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("{} can't be read", shown(path)))?;
    Ok(Box::new(file))
}

/// How a file is named to people.
fn shown(path: &Path) -> String {
    match path.to_str() {
        Some("-") => "<stdin>".to_owned(),
        _ => printable(&path.to_string_lossy(), 500),
    }
}
