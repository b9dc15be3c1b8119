//! What `chatward plan` costs at 1,000, 10,000 and 100,000 documents of about 3 KB in 100 folders, all of them applied,
//! against `sha256sum` and `git status` on the same tree; and how much memory the daemon then needs.
//!
//! `cargo bench --bench scale -- --sizes 1000,10000` for other sizes. All figures are medians of wall-clock times, taken in
//! turns, so that whatever else this machine does weighs on all of them.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::num::NonZero;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chatward::drift::Cause;
use chatward::entry::{Binding, Bound, Effect, EffectOutcome, Event, Intent, Operation};
use chatward::host::Host;
use chatward::ledger::Ledger;
use chatward::policy::{PolicyId, TenantName};
use chatward::snapshot::{Desired, FileFacts};
use chatward::source::{Payloads, Source};
use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process};

mod documents;

/// How often each is measured.
const RUNS: usize = 5;
const FOLDERS: usize = 100;
/// How long after its last change a file is known by its metadata alone.
const RACY: Duration = Duration::from_millis(2_100);

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--sizes").skip(1);
    let sizes = arguments.next().unwrap_or_else(|| "1000,10000,100000".to_owned());
    println!("{:>9}  {:<44} {:>9}  {:>6}", "documents", "what", "median", "ratio");
    for size in sizes.split(',') {
        measure(size.parse().unwrap());
    }
}

fn measure(count: usize) {
    let world = World::new(count);
    world.apply();
    std::thread::sleep(RACY);
    let index = world.directory.path().join("state/index");
    let [mut cold, mut sums, mut work] = [const { Vec::new() }; 3];
    for _ in 0..RUNS {
        fs::remove_file(&index).ok();
        cold.push(world.plan(0));
        sums.push(world.sha256sum());
        work.push(world.work());
    }
    world.plan(0);
    let [mut warm, mut status] = [const { Vec::new() }; 2];
    for _ in 0..RUNS {
        warm.push(world.plan(0));
        status.push(world.git_status());
    }
    let file = world.file(count / 2);
    let written = fs::read_to_string(&file).unwrap();
    let daemon = world.daemon(&file, &written);
    std::thread::sleep(RACY);
    world.plan(0);
    let [mut commented, mut commented_status, mut changed, mut changed_status] = [const { Vec::new() }; 4];
    for run in 0..RUNS {
        fs::write(&file, format!("{written}# {run}\n")).unwrap();
        commented.push(world.plan(0));
        commented_status.push(world.git_status());
    }
    for run in 0..RUNS {
        let limit = format!("rateLimitPerMinute: {}", 10 + run);
        fs::write(&file, written.replace("rateLimitPerMinute: 20", &limit)).unwrap();
        changed.push(world.plan(2));
        changed_status.push(world.git_status());
    }
    let rows = [
        ("sha256sum over the same files", &mut sums, None),
        ("parse, validate and hash on all cores", &mut work, None),
        ("git status, nothing changed", &mut status, None),
    ];
    let mut medians = Vec::new();
    for (what, times, of) in rows {
        medians.push(median(times));
        say(count, what, medians[medians.len() - 1], of);
    }
    let (sums, work, status) = (medians[0], medians[1], medians[2]);
    let cold = median(&mut cold);
    say(count, "plan, no index, of sha256sum", cold, Some(sums));
    say(count, "plan, no index, of parse, validate and hash", cold, Some(work));
    say(count, "plan, nothing changed, of git status", median(&mut warm), Some(status));
    let (commented, status) = (median(&mut commented), median(&mut commented_status));
    say(count, "plan, a comment changed, of git status", commented, Some(status));
    let (changed, status) = (median(&mut changed), median(&mut changed_status));
    say(count, "plan, a policy changed, of git status", changed, Some(status));
    for (what, kilobytes) in daemon {
        println!("{count:>9}  {what:<44} {:>6.0} MB", kilobytes as f64 * 1024.0 / 1e6);
    }
}

fn say(count: usize, what: &str, took: Duration, of: Option<Duration>) {
    let ratio = of.map(|of| format!("{:.2}", took.as_secs_f64() / of.as_secs_f64())).unwrap_or_default();
    println!("{count:>9}  {what:<44} {:>6.0} ms  {ratio:>6}", took.as_secs_f64() * 1e3);
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A work tree with a policy directory and a state in which all of it is applied.
struct World {
    directory: tempfile::TempDir,
    tenant: TenantName,
    count: usize,
}

impl World {
    fn new(count: usize) -> Self {
        let world =
            Self { directory: tempfile::tempdir().unwrap(), tenant: "default".parse().unwrap(), count };
        for number in 0..count {
            let file = world.file(number);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, documents::written(number)).unwrap();
        }
        fs::create_dir(world.directory.path().join("state")).unwrap();
        for arguments in [&["init", "-q"][..], &["add", "tree"], &["commit", "-q", "-m", "All of it"]] {
            world.run(world.git().args(arguments), 0);
        }
        world
    }

    fn file(&self, number: usize) -> std::path::PathBuf {
        self.directory.path().join(format!("tree/folder-{:02}/shop-{number}.yaml", number % FOLDERS))
    }

    /// Puts on record that everything was deployed.
    fn apply(&self) {
        let root = self.directory.path().join("tree");
        let mut source = Source::new(&root, [self.tenant.clone()].into());
        let (snapshot, payloads) = (source.snapshot(), source.payloads());
        assert_eq!(snapshot.desired.len(), self.count, "every document can be used");
        let host = Host::real();
        let ledger = Ledger::open(&self.directory.path().join("state"), Arc::clone(&host.clock)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let binding = Binding {
            preset: "tutorial".to_owned(),
            origin: "https://acme.example".to_owned(),
            organisation: Some("acme".to_owned()),
        };
        let bound = Event::Bound(Bound { tenant: self.tenant.clone(), binding });
        runtime.block_on(ledger.append(bound)).unwrap();
        let policies: Vec<_> = snapshot.desired.iter().collect();
        for some in policies.chunks(1_000) {
            let deployed = some.iter().map(|(id, desired)| deployed(&host, &payloads, id, desired));
            let (intents, effects): (Vec<_>, Vec<_>) = deployed.unzip();
            for events in [intents, effects] {
                let appended = join_all(events.into_iter().map(|event| ledger.append(event)));
                assert!(runtime.block_on(appended).iter().all(Result::is_ok));
            }
        }
        ledger.checkpoint(true).unwrap();
    }

    /// One plan, as somebody at a terminal asks for it.
    fn plan(&self, code: i32) -> Duration {
        self.run(self.chatward("plan").arg("--detailed-exitcode"), code)
    }

    fn chatward(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatward"));
        let directory = self.directory.path();
        command.env_clear().arg(verb).arg("--policies").arg(directory.join("tree"));
        command.arg("--state-dir").arg(directory.join("state"));
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("CHATWARD_LOG", level(verb));
        for (name, value) in [("CLIENT_ID", "id"), ("CLIENT_SECRET", "secret"), ("ORG_ID", "acme")] {
            command.env(format!("CXONE_{name}"), value);
        }
        command.env("CXONE_BASE_URL", "https://acme.example");
        command
    }

    /// How much memory a daemon has after its first pass, and at most and at last once a file has changed: with an index
    /// and without.
    fn daemon(&self, file: &Path, written: &str) -> Vec<(&'static str, u64)> {
        let state = self.directory.path().join("state");
        let mut rows = Vec::new();
        for (index, first, changed, most) in [
            (
                true,
                "daemon, an index, first pass",
                "daemon, an index, a file changed",
                "daemon, an index, at most",
            ),
            (
                false,
                "daemon, no index, first pass",
                "daemon, no index, a file changed",
                "daemon, no index, at most",
            ),
        ] {
            if !index {
                fs::remove_file(state.join("index")).unwrap();
            }
            let mut daemon = self
                .chatward("run")
                .args(["--listen", "127.0.0.1:0"])
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(daemon.stderr.take().unwrap()).lines().map(Result::unwrap);
            let mut until = |event: &str| {
                let mut seen = Vec::new();
                let found = lines.by_ref().any(|line| {
                    seen.push(line);
                    seen[seen.len() - 1].contains(event)
                });
                assert!(found, "no {event}: {seen:#?}");
            };
            let status = |name: &str| {
                let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
                let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                line.trim().trim_end_matches(" kB").parse().unwrap()
            };
            until("pass.ended");
            rows.push((first, status("VmRSS:")));
            fs::write(file, format!("{written}# changed\n")).unwrap();
            until("pass.ended");
            rows.push((changed, status("VmRSS:")));
            rows.push((most, status("VmHWM:")));
            kill_process(Pid::from_child(&daemon), Signal::TERM).unwrap();
            until("daemon.ended");
            daemon.wait().unwrap();
            fs::write(file, written).unwrap();
        }
        rows
    }

    fn sha256sum(&self) -> Duration {
        let all = "find tree -name '*.yaml' -print0 | xargs -0 sha256sum";
        self.run(Command::new("sh").args(["-c", all]), 0)
    }

    fn git_status(&self) -> Duration {
        self.run(self.git().args(["status", "--porcelain", "--", "tree"]), 0)
    }

    fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Ada", "-c", "user.email=ada@acme.example", "-c", "gc.auto=0"]);
        git
    }

    fn run(&self, command: &mut Command, code: i32) -> Duration {
        command.current_dir(self.directory.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        let started = Instant::now();
        let output = command.output().unwrap();
        let took = started.elapsed();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(output.status.code(), Some(code), "{}{}", said(&output.stdout), said(&output.stderr));
        took
    }

    /// Parses, validates and hashes every file, read before.
    fn work(&self) -> Duration {
        let files: Vec<Vec<u8>> =
            (0..self.count).map(|number| fs::read(self.file(number)).unwrap()).collect();
        let (next, name) = (AtomicUsize::new(0), Arc::from("a.yaml"));
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
                scope.spawn(|| {
                    while let Some(bytes) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        black_box(FileFacts::read(&name, bytes, Some(&self.tenant)));
                    }
                });
            }
        });
        started.elapsed()
    }
}

/// The entries of one deployment.
fn deployed(host: &Host, payloads: &Payloads, id: &PolicyId, desired: &Desired) -> (Event, Event) {
    let correlation_id = (host.new_id)();
    let intent = Intent {
        id: id.clone(),
        operation: Operation::Deploy,
        cause: Cause::New,
        digest: desired.digest,
        previous_digest: None,
        origin: desired.origin.clone(),
        assessment: None,
        accepted_weakening: None,
        idempotency_key: (host.new_id)(),
        correlation_id,
        payload: Some(payloads.get(id, desired).unwrap()),
    };
    let effect = Effect {
        id: id.clone(),
        correlation_id,
        digest: desired.digest,
        outcome: EffectOutcome::Done,
        job_id: None,
        policy_id: None,
        attempts: 1,
        duration_ms: 1,
        error: None,
    };
    (Event::Intent(Box::new(intent)), Event::Effect(effect))
}

/// A daemon tells of passes in which nothing is done only where it is asked for more.
fn level(verb: &str) -> &'static str {
    if verb == "run" { "chatward=debug" } else { "chatward=warn" }
}
