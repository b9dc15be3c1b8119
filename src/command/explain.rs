//! `chatward explain`: what a code means, why it matters, and how it is put right.

use anyhow::bail;

use super::{Exit, print};
use crate::catalogue;
use crate::cli::{Explain, Output};
use crate::printable::printable;
use crate::render::explain;

/// How much of what somebody asked for is shown.
const MAX_CODE: usize = 80;

pub(super) fn run(args: &Explain) -> anyhow::Result<Exit> {
    let Some(wanted) = &args.code else {
        let codes = catalogue::codes();
        match args.output {
            Output::Text => print(explain::list(&codes))?,
            Output::Json => print(explain::json_list(&codes)? + "\n")?,
        }
        return Ok(Exit::Fine);
    };
    let code = match catalogue::find(wanted) {
        Ok(code) => code,
        Err(near) => {
            let near = near.map(|near| format!(": did you mean {near}?")).unwrap_or_default();
            let wanted = printable(wanted, MAX_CODE);
            bail!("there is no code {wanted}{near}\n  `chatward explain --list` lists all codes");
        }
    };
    match args.output {
        Output::Text => print(explain::text(code))?,
        Output::Json => print(explain::json(code)? + "\n")?,
    }
    Ok(Exit::Fine)
}
