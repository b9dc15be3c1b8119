//! `chatward completions`: what a shell needs to complete the command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Exit, print};
use crate::cli::Cli;

pub(super) fn run(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chatward", &mut script);
    print(String::from_utf8(script)?)?;
    Ok(Exit::Fine)
}
