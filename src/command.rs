//! The verbs: each wires edges to flow, prints what came of it, and ends in an [`Exit`].

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::{Cli, Verb};
use crate::printable::printable_json;

mod abandon;
mod apply;
mod approve;
mod ask;
mod audit;
mod completions;
mod csp;
mod doctor;
mod evidence;
mod explain;
mod man;
mod observe;
mod past;
mod plan;
mod run;
mod sandbox;
mod schema;
mod setup;
mod status;
mod suspend;
mod validate;

/// How a verb ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Fine, or nothing to do.
    Fine = 0,
    /// Failed.
    Failed = 1,
    /// Changes are pending, or findings are errors.
    Pending = 2,
    /// Credentials are refused.
    Credentials = 3,
    /// Some policies failed, are held or degraded, and others went through.
    Partial = 4,
    /// Cancelled.
    Cancelled = 5,
    /// Bad usage.
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Does what the command line says, and says on standard error what went wrong.
pub fn run(cli: Cli) -> Exit {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime.context("no runtime").and_then(|runtime| runtime.block_on(dispatch(cli.verb)));
    result.unwrap_or_else(|error| fail(&error))
}

/// Says on standard error what went wrong.
pub fn fail(error: &anyhow::Error) -> Exit {
    // Nothing is left to tell where standard error is gone.
    let _ = writeln!(anstream::stderr(), "{}", Problem(error));
    Exit::Failed
}

async fn dispatch(verb: Verb) -> anyhow::Result<Exit> {
    match verb {
        Verb::Run(args) => run::run(args).await,
        Verb::Apply(args) => apply::run(args).await,
        Verb::Approve(args) => approve::run(args).await,
        Verb::Abandon(args) => abandon::run(args).await,
        Verb::Plan(args) => plan::run(args).await,
        Verb::Validate(args) => validate::run(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Status(args) => status::run(args).await,
        Verb::Audit(args) => audit::run(&args),
        Verb::History(args) => past::history(&args),
        Verb::Diff(args) => past::diff(&args),
        Verb::Restore(args) => past::restore(&args),
        Verb::Observe(args) => observe::run(args).await,
        Verb::Evidence(args) => evidence::run(&args),
        Verb::Suspend(args) => suspend::suspend(args).await,
        Verb::Resume(args) => suspend::resume(args).await,
        Verb::Sandbox(args) => sandbox::run(args).await,
        Verb::Csp(args) => csp::run(&args),
        Verb::Schema => schema::run(),
        Verb::Doctor(args) => doctor::run(args).await,
        Verb::Completions { shell } => completions::run(shell),
        Verb::Man(args) => man::run(&args),
    }
}

/// What the log shows where the environment does not say: on a terminal, `apply` shows a bar and its results instead.
pub fn log_filter(verb: &Verb) -> Option<&'static str> {
    match verb {
        Verb::Apply(_) if apply::has_bar() => Some("chatward=warn"),
        Verb::Plan(_)
        | Verb::Status(_)
        | Verb::Validate(_)
        | Verb::Audit(_)
        | Verb::Csp(_)
        | Verb::Observe(_) => Some("chatward=warn"),
        _ => None,
    }
}

/// An error with its causes, on one line each.
struct Problem<'a>(&'a anyhow::Error);

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = anstyle::AnsiColor::Red.on_default().bold();
        write!(f, "{style}error{style:#}: {}", self.0)?;
        self.0.chain().skip(1).try_for_each(|cause| write!(f, "\n  because {cause}"))
    }
}

/// Prints a result on standard output.
///
/// # Errors
/// Where it can't be written, but for a reader that has gone.
fn print(text: impl fmt::Display) -> anyhow::Result<()> {
    match write!(anstream::stdout().lock(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("standard output"),
    }
}

/// Prints a value as JSON on standard output.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(printable_json(&serde_json::to_string_pretty(value)?) + "\n")
}
