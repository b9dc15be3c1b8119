//! Parses the command line, starts the log, and ends with the exit code of what was done.

use std::process::ExitCode;

use chatward::cli::Cli;
use chatward::{command, telemetry};
use clap::Parser as _;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap's own 2 for the rest would collide with pending changes.
            let code = if error.use_stderr() { command::Exit::Usage } else { command::Exit::Fine };
            let _ = error.print();
            return code.into();
        }
    };
    let traces = match telemetry::init(cli.log_format, command::log_filter(&cli.verb)) {
        Ok(traces) => traces,
        Err(error) => return command::fail(&error.into()).into(),
    };
    let exit = command::run(cli);
    traces.flush();
    exit.into()
}
