//! The command line: its verbs and flags, and what `--help` teaches. Types only; [`crate::command`] does the work.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::Listen;
use crate::policy::PolicyId;
use crate::sandbox::Fault;
use crate::telemetry::LogFormat;

mod audit;
mod csp;
mod observe;
mod plan;
mod past;
mod suspend;
mod validate;

pub use audit::{Audit, AuditArchive, AuditKeygen, AuditShow, AuditVerb, AuditVerify};
pub use csp::{Csp, CspCheck, CspDiff, CspImport, CspVerb, Target};
pub use observe::{Evidence, EvidenceOutput, Observe};
pub use past::{Diff, History, Restore};
pub use plan::{Approve, Plan, PlanOutput};
pub use suspend::{Resume, Suspend};
pub use validate::{Deny, Explain, Report, Validate};

const EXIT_CODES: &str = "\
Exit codes:
  0   fine, or nothing to do
  1   failed
  2   changes pending (plan --detailed-exitcode), or findings of severity error (validate, csp check),
      with --deny warnings of severity warning too, or a page comes without its policy (observe)
  3   credentials refused
  4   some policies failed, are held or degraded, and others went through
  5   cancelled
  64  bad usage";

const EXAMPLES: &str = "\
Try it, against a simulated tenant:
  chatward run --sandbox                 watch policies/, deploy what drifts
  chatward plan                          what would change
  chatward apply --sandbox               one pass, and done

Against a tenant, from the environment:
  export CXONE_ORG_ID=acme CXONE_CLIENT_ID=… CXONE_CLIENT_SECRET_FILE=/run/secrets/cxone
  chatward doctor && chatward apply";

/// GitOps for webchat security policies: commit a YAML change, and it is live, verified and on record.
#[derive(Debug, Parser)]
#[command(name = "chatward", version, after_help = EXIT_CODES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
#[command(propagate_version = true, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// How log lines look, on standard error.
    #[arg(long, global = true, env = "CHATWARD_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// How results look, on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs; the shape has a version.
    Json,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Watch the policy directory, and deploy, verify and record what drifts
    ///
    /// Runs until SIGTERM or Ctrl-C; jobs that are under way then have 25 seconds to end, and are on record otherwise.
    /// SIGHUP asks for a pass now.
    Run(Run),
    /// Make one pass: deploy, verify and record what has drifted
    ///
    /// With --plan exactly what a reviewed plan says, or nothing: chatward plan --out plan.json, then chatward apply --plan
    /// plan.json. Where something else would be done by now the plan is stale, which is said, and nothing is sent.
    #[command(visible_alias = "sync")]
    Apply(Apply),
    /// Show what a pass would do, and change nothing
    ///
    /// Contacts no tenant, needs no credentials and takes no lock, so it works beside a running daemon. With --base it
    /// needs no state either: it shows what a pass would do if that git revision were live.
    Plan(Plan),
    /// Let through, once, exactly the plan that the guard holds under this digest
    ///
    /// The digest is in the log (plan.held), in /status and in what `chatward plan` shows. It stands for every change and
    /// for what each starts from: where anything changes meanwhile, the plan has another digest and is held again. A running
    /// daemon is asked for it and makes a pass at once; otherwise the next apply lets it through. An approval that is not
    /// used lasts for 24 hours.
    Approve(Approve),
    /// Check policies, and say everything that is wrong with them at once
    ///
    /// A document lives with a warning by the annotation chatward.dev/waive: "CW2301: REASON" under its metadata; several
    /// stand on lines of their own, or between semicolons. Errors can't be waived.
    Validate(Validate),
    /// Say what a code means, why it matters, and how to put it right
    Explain(Explain),
    /// Show how every policy stands
    Status(Status),
    /// Read and prove the audit log
    Audit(Audit),
    /// Show what was deployed of a policy, when, from which commit, and what came of it
    History(History),
    /// Compare two digests that a policy had: what changed, and whether that made it stronger or weaker
    Diff(Diff),
    /// Print the document of what was verified last of a policy, to be committed again
    ///
    /// Comments, target browsers and annotations are not in the ledger, and do not come back.
    Restore(Restore),
    /// Look at the pages of the settings now, as a browser receives them, and put on record what they send
    ///
    /// Fetches each page that `observe` names, and holds its Content-Security-Policy (headers and <meta>) to what was brought
    /// live of its policy, by what both mean. A running daemon looks by itself, once a week unless the settings say otherwise;
    /// this is for pipelines, and for a first try.
    ///
    /// Exits with 2 where a page sends something else than its policy, and with 1 where one could not be had.
    Observe(Observe),
    /// Report, from the proven ledger, what pages sent and what was changed in a time
    ///
    /// For auditors: PCI DSS 4.0.1 11.6.1 asks that what browsers receive is looked at once a week, and 6.4.3 and SOC 2 CC8.1
    /// that changes are authorised. The ledger is proven first to last; where it does not hold there is no report.
    Evidence(Evidence),
    /// No longer wait for an operation whose end will not be known
    ///
    /// The next pass then sends the newest digest. A pass does so by itself after three deadlines.
    Abandon(Abandon),
    /// Leave a tenant or a policy alone until a time, and say why
    ///
    /// Nothing is sent for it until then: no change, no removal, no correction, no roll-back. What would be done is listed by
    /// `plan` and `status`, jobs that are under way are seen to their end, and it resumes by itself. Works beside a running
    /// daemon, which is asked for it at the address that it listens on. A document does the same for its policy by the annotation
    /// chatward.dev/suspend: "2026-12-01T00:00Z REASON".
    ///
    /// chatward suspend default/checkout-chat --until 2h --reason "INC-12: the tenant is being repaired"
    Suspend(Suspend),
    /// End what `suspend` began; the next pass does what is pending
    Resume(Resume),
    /// Serve a simulated tenant to try things on
    Sandbox(Sandbox),
    /// Read any Content-Security-Policy header: check it, compare two, or make a document of one
    Csp(Csp),
    /// Print the JSON Schema of a policy document
    ///
    /// Editors that know YAML complete and check policies with it: see the first line of the example policies.
    Schema,
    /// Check settings, credentials, directories, state and clock
    Doctor(Doctor),
    /// Print completions for a shell
    ///
    /// bash: chatward completions bash > /etc/bash_completion.d/chatward
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print a man page, or write them all
    ///
    /// All of them: chatward man --out /usr/local/share/man/man1
    Man(Man),
}

/// Where things are.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The policy directory [default: policies]
    #[arg(long, env = "CHATWARD_POLICIES", value_name = "DIR")]
    pub policies: Option<PathBuf>,
    /// The state directory: ledger, checkpoint, lock [default: .chatward]
    #[arg(long, env = "CHATWARD_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// The settings file; without one, tenant `default` comes from the environment
    #[arg(long, env = "CHATWARD_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// A simulated tenant in place of the real ones.
#[derive(Debug, Clone, Args)]
pub struct SandboxFlags {
    /// Work against a simulated tenant on loopback, which is kept beside the state
    #[arg(long)]
    pub sandbox: bool,
    /// A fault of the simulated tenant, such as submit:429:retry-after=2:every=3
    #[arg(long = "fault", value_name = "FAULT", requires = "sandbox")]
    pub faults: Vec<Fault>,
    /// How long a job of the simulated tenant takes
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "1s")]
    pub job_duration: Duration,
}

/// `chatward run`
#[derive(Debug, Args)]
pub struct Run {
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// A simulated tenant.
    #[command(flatten)]
    pub sandbox: SandboxFlags,
    /// Writing.
    #[command(flatten)]
    pub write: Write,
    /// Between full passes, even without an event [default: 5m]
    #[arg(long, env = "CHATWARD_INTERVAL", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub interval: Option<Duration>,
    /// Where /healthz, /readyz, /metrics, /status and POST /reconcile are answered; `off` for nowhere [default: 127.0.0.1:8686]
    #[arg(long, env = "CHATWARD_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<Listen>,
    /// How changes are heard of: by events, with polling where there are none, or by polling alone
    #[arg(long, value_enum, default_value = "auto", env = "CHATWARD_WATCH", value_name = "MODE")]
    pub watch: WatchMode,
}

/// How changes are heard of.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum WatchMode {
    /// By events; by polling where there are none to be had
    Auto,
    /// By polling, for file systems without events, such as those of a network
    Poll,
}

/// What every verb that changes something takes.
#[derive(Debug, Clone, Args)]
pub struct Write {
    /// Remove policies whose file is gone (never where the whole directory is)
    #[arg(long)]
    pub prune: bool,
    /// Take another tenant under a known name, and forget what was applied to the old one
    #[arg(long)]
    pub rebind: bool,
    /// Wait while another process holds the state directory, instead of failing
    #[arg(long)]
    pub standby: bool,
}

/// `chatward apply`
#[derive(Debug, Args)]
pub struct Apply {
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// A simulated tenant.
    #[command(flatten)]
    pub sandbox: SandboxFlags,
    /// Writing.
    #[command(flatten)]
    pub write: Write,
    /// Send again what the tenant refused before, although it did not change
    #[arg(long)]
    pub retry: bool,
    /// Apply exactly what this file of `chatward plan --out` says, or nothing where it is stale
    #[arg(long, value_name = "FILE", conflicts_with_all = ["retry", "prune"])]
    pub plan: Option<PathBuf>,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// `chatward abandon`
#[derive(Debug, Args)]
pub struct Abandon {
    /// Whose operation
    #[arg(value_name = "TENANT/NAME")]
    pub policy: PolicyId,
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
}

/// `chatward status`
#[derive(Debug, Args)]
pub struct Status {
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
    /// Only ask the daemon whether it is alive: exit with 0 if it is, with 1 if not
    #[arg(long)]
    pub check: bool,
    /// Where the daemon answers [default: 127.0.0.1:8686]
    #[arg(long, env = "CHATWARD_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<Listen>,
}

/// `chatward sandbox`
#[derive(Debug, Args)]
pub struct Sandbox {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8690")]
    pub listen: SocketAddr,
    /// Where the tenant is kept; without a file it ends with the process
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// A fault, such as submit:429:retry-after=2:every=3; may be given several times
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<Fault>,
    /// A file of faults, one a line
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// How long a job takes
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "1s")]
    pub job_duration: Duration,
    /// How long a token is good
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "1h")]
    pub token_lifetime: Duration,
    /// Offer no live reads and no deletes
    #[arg(long)]
    pub no_reads: bool,
    /// Answer 429 beyond so many requests a second
    #[arg(long, value_name = "NUMBER")]
    pub requests_per_second: Option<u32>,
}

/// `chatward doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// Where things are.
    #[command(flatten)]
    pub common: Common,
    /// A simulated tenant.
    #[command(flatten)]
    pub sandbox: SandboxFlags,
    /// How results look.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// `chatward man`
#[derive(Debug, Args)]
pub struct Man {
    /// Whose page, such as `audit show`; chatward's own if none is named
    #[arg(value_name = "VERB")]
    pub verb: Vec<String>,
    /// Write the pages of all verbs into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    pub out: Option<PathBuf>,
}
