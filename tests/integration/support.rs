//! A directory of policies, a simulated tenant, and chatward as a process between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chatward::policy::TenantName;
use chatward::sandbox::{Endpoint, Options, Recorded, Sandbox};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// How long anything may take before a test says that it never came.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The secret that every test tenant is reached with. It must show up nowhere.
pub const SECRET: &str = "fake-secret-4d1f9c";

/// What a hook's deliveries are signed with, and what a pass is asked for with, where a test has such.
pub const HOOK_SECRET: &str = "fake-hook-secret-77";
pub const LISTEN_TOKEN: &str = "fake-listen-token";

/// A place to work in, and a simulated tenant to work at.
pub struct World {
    pub sandbox: Sandbox,
    pub address: SocketAddr,
    said: Arc<Mutex<String>>,
    directory: TempDir,
    _runtime: Runtime,
    stop: CancellationToken,
}

impl Drop for World {
    /// Every test ends with a look for the secrets that it used, in all that was said and written.
    fn drop(&mut self) {
        self.stop.cancel();
        if !std::thread::panicking() {
            self.keeps_its_secrets();
        }
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(Options { job_duration: Duration::from_millis(30), ..Options::default() })
    }

    pub fn with(options: Options) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sandbox = Sandbox::open(options).unwrap();
        let stop = CancellationToken::new();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (served, stopped) = (sandbox.clone(), stop.clone());
        runtime.spawn(async move { served.serve(listener, stopped).await.unwrap() });
        let (directory, said) = (TempDir::new().unwrap(), Arc::default());
        let world = Self { sandbox, address, said, directory, _runtime: runtime, stop };
        fs::create_dir(world.policies()).unwrap();
        world.settings(&["default"], "");
        world
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn policies(&self) -> PathBuf {
        self.path().join("policies")
    }

    pub fn state(&self) -> PathBuf {
        self.path().join("state")
    }

    /// Writes the settings: these tenants, and more for each of them, indented by four.
    pub fn settings(&self, tenants: &[&str], more: &str) {
        let mut text = String::from("interval: 5m\ntenants:\n");
        for tenant in tenants {
            text += &self.tenant(tenant, more);
        }
        fs::write(self.path().join("chatward.yaml"), text).unwrap();
    }

    /// The settings of one tenant at the sandbox.
    pub fn tenant(&self, name: &str, more: &str) -> String {
        let endpoints = Sandbox::endpoints(self.address, &name.parse().unwrap());
        format!(
            "  - name: {name}\n    base_url: {}\n    token_url: {}\n    client_id: test-client\n    \
             client_secret: {{ env: TEST_SECRET }}\n    job: {{ base_delay: 10ms, max_delay: 50ms, deadline: 10s }}\n    \
             verify: {{ endpoint: '{}' }}\n{more}",
            endpoints.base_url, endpoints.token_url, endpoints.chat_endpoint,
        )
    }

    /// Writes the settings whole.
    pub fn write_settings(&self, text: &str) {
        fs::write(self.path().join("chatward.yaml"), text).unwrap();
    }

    /// Writes a file below the policy directory.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.policies().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove(&self, file: &str) {
        fs::remove_file(self.policies().join(file)).unwrap();
    }

    /// Runs git in the policy directory, and says what it says.
    pub fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.policies()).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = git.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatward"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("CHATWARD_CONFIG", "chatward.yaml")
            .env("CHATWARD_STATE_DIR", "state")
            .env("CHATWARD_LISTEN", "127.0.0.1:0")
            .env("TEST_SECRET", SECRET)
            .stdin(Stdio::null());
        command
    }

    /// Runs chatward to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_as(&mut self.command(arguments))
    }

    /// The same, where the command was changed before.
    pub fn run_as(&self, command: &mut Command) -> Ran {
        let ran = Ran::of(command.output().unwrap());
        self.said.lock().unwrap().extend([&*ran.stdout, &*ran.stderr]);
        ran
    }

    /// Starts chatward, and reads its log.
    pub fn start(&self, arguments: &[&str]) -> Daemon {
        self.started(&mut self.command(arguments))
    }

    /// Starts a command of chatward's, and reads its log.
    pub fn started(&self, command: &mut Command) -> Daemon {
        let mut daemon = Daemon::start(command);
        daemon.said = Arc::clone(&self.said);
        daemon
    }

    /// The bearers that were sent, and the secret behind them.
    pub fn secrets(&self) -> BTreeSet<String> {
        let requests = self.sandbox.requests();
        let bearers = requests.iter().filter_map(|request| {
            Some(request.headers.get("authorization")?.strip_prefix("Bearer ")?.to_owned())
        });
        bearers.chain([SECRET, HOOK_SECRET, LISTEN_TOKEN].map(str::to_owned)).collect()
    }

    fn keeps_its_secrets(&self) {
        let secrets = self.secrets();
        let clean = |place: &str, text: &str| {
            for secret in &secrets {
                assert!(!text.contains(secret), "{secret} in {place}:\n{text}");
            }
        };
        clean("what was said", &self.said.lock().unwrap_or_else(PoisonError::into_inner));
        for path in files(&self.state()) {
            clean(&path.display().to_string(), &String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }

    pub fn requests(&self, endpoint: Endpoint) -> Vec<Recorded> {
        self.sandbox.requests().into_iter().filter(|request| request.endpoint == endpoint).collect()
    }

    pub fn submits(&self) -> usize {
        self.requests(Endpoint::Submit).len()
    }

    /// Every request so far, but tokens.
    pub fn traffic(&self) -> usize {
        self.sandbox.requests().iter().filter(|request| request.endpoint != Endpoint::Token).count()
    }

    /// Names of the policies that are live at a tenant.
    pub fn live(&self, tenant: &str) -> BTreeMap<String, Value> {
        let tenant: TenantName = tenant.parse().unwrap();
        self.sandbox.live(&tenant).into_iter().map(|(name, payload)| (name.to_string(), payload)).collect()
    }

    /// Waits until something holds.
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < deadline, "never: {what}");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// The ledger's entries of an event, oldest first.
    pub fn entries(&self, event: &str) -> Vec<Value> {
        let ran = self.run(&["audit", "show", "--entries", "--event", event, "-o", "json"]);
        ran.exits(0);
        ran.json().as_array().unwrap().clone()
    }
}

/// A policy document.
pub fn policy(name: &str, script_src: &str) -> String {
    format!(
        r#"apiVersion: chatward.dev/v1
kind: WebchatSecurityPolicy
metadata:
  name: {name}
  tenant: default
spec:
  cspDirectives:
    default-src: "'self'"
    script-src: "{script_src}"
    object-src: "'none'"
    base-uri: "'none'"
  xssRules: {{ mode: block, rules: [strip-script-tags, sanitize-event-handlers, block-script-uris] }}
"#
    )
}

/// What a process left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text), "no {text:?} in:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn complains(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text),
            "no {text:?} in stderr:\n{}\nstdout:\n{}",
            self.stderr,
            self.stdout
        );
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.stdout))
    }
}

/// A running chatward. It is killed with the test.
pub struct Daemon {
    child: Child,
    lines: Receiver<String>,
    said: Arc<Mutex<String>>,
    pub log: Vec<String>,
}

impl Daemon {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines, said: Arc::default(), log: Vec::new() }
    }

    /// Waits for a line of the log that has all of these texts.
    #[track_caller]
    pub fn logs(&mut self, texts: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.log.push(line.clone());
                    if texts.iter().all(|text| line.contains(text)) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("never logged {texts:?}:\n{}", self.log.join("\n"));
                }
            }
        }
    }

    /// The next line of the log; nothing where none comes in that time, or it has ended.
    pub fn line(&mut self, within: Duration) -> Option<String> {
        let line = self.lines.recv_timeout(within).ok()?;
        self.log.push(line.clone());
        Some(line)
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// How its process stands, as `ps` says it: `T` for one that was stopped.
    pub fn state(&self) -> char {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        stat.rsplit(") ").next().unwrap().chars().next().unwrap()
    }

    /// Waits for its end: the exit code, none after a kill.
    pub fn ends(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.log.extend(self.lines.try_iter());
                return status.code();
            }
            assert!(Instant::now() < deadline, "it never ended:\n{}", self.log.join("\n"));
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.log.extend(self.lines.iter());
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&self.log.join("\n"));
    }
}

/// A command run by another one, in the same place and environment.
pub fn wrapped(wrapper: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(wrapper[0]);
    outer.args(&wrapper[1..]).arg(command.get_program()).args(command.get_args());
    outer.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    outer.stdin(Stdio::null());
    outer
}

/// Every file below a folder; none where there is no folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
