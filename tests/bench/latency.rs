//! How long the daemon takes from a file's rename into place to the submit's arrival at the tenant, stage by stage, and
//! how often it wakes up while nothing happens: the real binary, real files, real HTTP to a simulated tenant here.
//!
//! `cargo bench --bench latency -- --sizes 1000,10000` for other sizes; `--changes 200` and `--idle 60` (seconds) likewise.
//! The policies are in a git work tree, and all of them are deployed first. Each change waits for the end of the one before.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use chatward::sandbox::{Endpoint, Options, Sandbox};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

mod documents;

const FOLDERS: usize = 100;
/// The stages of a change: what each is called, and the event of the log that ends it.
const STAGES: [(&str, &str); 5] = [
    ("debounce: renamed, then 50 ms of quiet", "source.changed"),
    ("snapshot", "snapshot.taken"),
    ("plan", "plan.made"),
    ("commits, asked of git", "commits.told"),
    ("intent, on disk", "intent.recorded"),
];
/// Threads that were lent for reading files end after ten seconds; then nothing is left of the last change.
const SETTLES: Duration = Duration::from_secs(12);

fn main() {
    let sizes = argument("--sizes").unwrap_or_else(|| "1000,10000".to_owned());
    let changes = argument("--changes").map_or(200, |count| count.parse().unwrap());
    let idle = argument("--idle").map_or(60, |seconds| seconds.parse().unwrap());
    println!("{:>9}  {:<44} {:>8} {:>8} {:>8}", "documents", "stage", "p50", "p99", "longest");
    for size in sizes.split(',') {
        measure(size.parse().unwrap(), changes, Duration::from_secs(idle));
    }
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

fn measure(count: usize, changes: usize, minute: Duration) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let world = World::new(count, &runtime);
    let mut daemon = Daemon::start(&world, &[]);
    daemon.until("pass.ended");
    let moments: Vec<Moments> = (0..changes).map(|change| world.change(change, &mut daemon)).collect();
    let arrived = world.arrivals(&moments);

    let mut stages: BTreeMap<usize, Vec<Duration>> = BTreeMap::new();
    for (moments, arrived) in moments.iter().zip(&arrived) {
        let mut before = moments.renamed;
        for (index, (_, event)) in STAGES.iter().enumerate() {
            let at = moments.logged[*event];
            stages.entry(index).or_default().push(between(before, at));
            before = at;
        }
        stages.entry(STAGES.len()).or_default().push(between(before, *arrived));
        stages.entry(STAGES.len() + 1).or_default().push(between(moments.renamed, *arrived));
    }
    let names = STAGES.map(|(name, _)| name).into_iter();
    for (name, (_, mut times)) in names.chain(["submit, taken by the tenant", "in all"]).zip(stages) {
        times.sort_unstable();
        let at = |part: f64| times[((part * times.len() as f64).ceil() as usize).clamp(1, times.len()) - 1];
        let [p50, p99, longest] = [at(0.5), at(0.99), at(1.0)].map(|time| time.as_secs_f64() * 1e3);
        println!("{count:>9}  {name:<44} {p50:>5.1} ms {p99:>5.1} ms {longest:>5.1} ms");
    }

    let standby = Daemon::start(&world, &["--standby"]);
    std::thread::sleep(SETTLES);
    let idle =
        [("the daemon", &daemon), ("one that stands by", &standby)].map(|(who, it)| (who, it, it.wake_ups()));
    std::thread::sleep(minute);
    for (who, it, before) in idle {
        let woken = it.wake_ups().into_iter().map(|(thread, (name, count))| {
            (name, count - before.get(&thread).map_or(0, |(_, before)| *before))
        });
        let woken: Vec<_> = woken.filter(|(_, count)| *count > 0).collect();
        let all: u64 = woken.iter().map(|(_, count)| count).sum();
        let (threads, seconds) = (before.len(), minute.as_secs());
        println!("{count:>9}  {who}: its {threads} threads woke up {all} times in {seconds} s {woken:?}");
    }
}

fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    later.duration_since(earlier).try_into().unwrap_or_default()
}

/// When what happened to one change.
struct Moments {
    renamed: Timestamp,
    logged: BTreeMap<String, Timestamp>,
}

/// A work tree of policies, and a simulated tenant. Not below `/tmp`: each folder on the way is watched, and there other
/// programs' files come and go.
struct World {
    directory: TempDir,
    count: usize,
    sandbox: Sandbox,
}

impl World {
    fn new(count: usize, runtime: &Runtime) -> Self {
        let options = Options { job_duration: Duration::ZERO, ..Options::default() };
        let sandbox = Sandbox::open(options).unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (address, served) = (listener.local_addr().unwrap(), sandbox.clone());
        runtime.spawn(async move { served.serve(listener, CancellationToken::new()).await.unwrap() });
        let world = Self { directory: TempDir::new_in("/var/tmp").unwrap(), count, sandbox };
        for number in 0..count {
            let file = world.file(number);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, documents::written(number)).unwrap();
        }
        for arguments in [&["init", "-q"][..], &["add", "tree"], &["commit", "-q", "-m", "All of it"]] {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=Ada", "-c", "user.email=ada@acme.example", "-c", "gc.auto=0"]);
            assert!(git.current_dir(world.path()).args(arguments).status().unwrap().success());
        }
        let endpoints = Sandbox::endpoints(address, &"default".parse().unwrap());
        let settings = format!(
            "policies: tree\nstate: state\ninterval: 1h\ntenants:\n  - name: default\n    base_url: {}\n    token_url: {}\n    \
             client_id: bench\n    client_secret: {{ env: SECRET }}\n    job: {{ base_delay: 10ms, max_delay: 50ms }}\n",
            endpoints.base_url, endpoints.token_url,
        );
        fs::write(world.path().join("chatward.yaml"), settings).unwrap();
        world
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn file(&self, number: usize) -> PathBuf {
        self.path().join(format!("tree/folder-{:02}/shop-{number}.yaml", number % FOLDERS))
    }

    /// Changes one policy, and waits until that is deployed.
    fn change(&self, change: usize, daemon: &mut Daemon) -> Moments {
        let number = change * 7919 % self.count;
        let limit = format!("rateLimitPerMinute: {}", 21 + change);
        let text = documents::written(number).replace("rateLimitPerMinute: 20", &limit);
        let written = self.path().join("written");
        fs::write(&written, text).unwrap();
        let renamed = Timestamp::now();
        fs::rename(written, self.file(number)).unwrap();
        Moments { renamed, logged: daemon.until("pass.ended") }
    }

    /// When the submit of each change arrived.
    fn arrivals(&self, moments: &[Moments]) -> Vec<Timestamp> {
        let requests = self.sandbox.requests();
        let submits = requests.iter().filter(|request| request.endpoint == Endpoint::Submit);
        let mut submits = submits.map(|request| request.at).peekable();
        let arrival = |moments: &Moments| {
            while submits.next_if(|at| *at < moments.renamed).is_some() {}
            submits.next().unwrap()
        };
        moments.iter().map(arrival).collect()
    }
}

/// The running binary, and its log.
struct Daemon {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Daemon {
    fn start(world: &World, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatward"));
        command.args(["run", "--config", "chatward.yaml", "--log-format", "json"]);
        command.args(more).current_dir(world.path());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("SECRET", "bench-secret").env("CHATWARD_LOG", "chatward=debug");
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// Reads the log to an event; when each event before it was logged first.
    fn until(&mut self, end: &str) -> BTreeMap<String, Timestamp> {
        let mut logged = BTreeMap::new();
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "it ended");
            let line: Value = serde_json::from_str(&line).unwrap();
            let Some(event) = line["event"].as_str() else { continue };
            let at = line["timestamp"].as_str().unwrap().parse().unwrap();
            logged.entry(event.to_owned()).or_insert(at);
            // A pass that had nothing to do says so in another way.
            if event == end && !line["done"].is_null() {
                return logged;
            }
        }
    }

    /// How often each thread waited for something so far, and its name.
    fn wake_ups(&self) -> BTreeMap<u64, (String, u64)> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let thread = |thread: fs::DirEntry| {
            let status = fs::read_to_string(thread.path().join("status")).ok()?;
            let field =
                |name: &str| status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()));
            let id = thread.file_name().to_str()?.parse().ok()?;
            Some((id, (field("Name:")?, field("voluntary_ctxt_switches:")?.parse().ok()?)))
        };
        threads.filter_map(|entry| thread(entry.unwrap())).collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
