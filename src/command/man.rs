//! `chatward man`: man pages, made of the same definitions as `--help`.

use std::fs;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::{Exit, print};
use crate::cli::{self, Cli};

pub(super) fn run(args: &cli::Man) -> anyhow::Result<Exit> {
    match &args.out {
        Some(directory) => {
            let all = || {
                fs::create_dir_all(directory)?;
                clap_mangen::generate_to(Cli::command(), directory)
            };
            all().with_context(|| format!("man pages can't be written to {}", directory.display()))?;
        }
        None => {
            let mut page = Vec::new();
            Man::new(command(&args.verb)?).render(&mut page)?;
            print(String::from_utf8(page)?)?;
        }
    }
    Ok(Exit::Fine)
}

/// The command that these words name, below `chatward` itself.
fn command(verb: &[String]) -> anyhow::Result<Command> {
    let mut command = Cli::command().disable_help_subcommand(true);
    // Names what is below: the page of `audit show` is chatward-audit-show.
    command.build();
    for word in verb {
        let named = command.find_subcommand(word).cloned();
        command =
            named.with_context(|| format!("chatward has no verb `{}`", verb.join(" ").escape_debug()))?;
    }
    Ok(command)
}
