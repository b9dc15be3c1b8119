//! Tries that a plan made of what can have changed is the plan made of everything: whatever the files hold, whatever is
//! done to them, and whatever becomes of the policies meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::Settled;
use crate::digest::{Digest, EntryHash, FileHash};
use crate::drift::Cause;
use crate::entry::{Binding, Operation, Origin};
use crate::outcome::Verification;
use crate::payload::tests::payload;
use crate::plan::guard::{Guard, Percent};
use crate::plan::{Decided, Retry, Terms, decide};
use crate::policy::{PolicyId, TenantName};
use crate::snapshot::Snapshot;
use crate::source::root::Root;
use crate::source::tree::Listing;
use crate::source::{Scope, Source, now};
use crate::state::{Applied, Open, PolicyState, Position, Setback, State, TenantState};

/// How many files another look opens, and how many of them it parses.
fn opened(source: &Source, default_tenant: &str) -> (usize, usize) {
    let root = Root::open(&source.root).unwrap();
    let folders = Listing::of(&root, (source.now)()).unwrap().folders;
    let default_tenant = default_tenant.parse().unwrap();
    let known = source.known.as_ref().unwrap();
    let read = known.look(&root, folders, |_| true, Some(&default_tenant)).unwrap().read;
    (read.len(), read.iter().filter(|(_, read)| read.fresh.is_some()).count())
}

#[test]
fn only_what_changed_is_opened_and_only_other_bytes_are_parsed() {
    // Files that were just written have to be read again: a minute later they need not be.
    fn later() -> i64 {
        now() + 60_000_000_000
    }
    let root = tempfile::tempdir().unwrap();
    let text = "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: a }\nspec: {}\n";
    for name in ["a.yaml", "b.yaml"] {
        fs::write(root.path().join(name), text).unwrap();
    }
    let mut source = Source::new(root.path(), ["one".parse().unwrap()].into());
    source.now = later;
    source.snapshot();
    // Under another default tenant it would say something else if it were parsed.
    assert_eq!(opened(&source, "two"), (0, 0), "nothing changed");
    fs::write(root.path().join("a.yaml"), text).unwrap();
    assert_eq!(opened(&source, "two"), (1, 0), "the same bytes again");
    fs::write(root.path().join("a.yaml"), format!("{text}# other bytes\n")).unwrap();
    assert_eq!(opened(&source, "two"), (1, 1));
}

/// A document of a file.
#[derive(Debug, Clone)]
enum Written {
    Policy {
        name: u8,
        tenant: Option<&'static str>,
        limit: u32,
    },
    /// It has an id, and an error.
    Invalid {
        name: u8,
    },
    /// It has not even an id.
    Nothing,
    /// It does not parse.
    Garbage,
}

/// What is done between two plans.
#[derive(Debug, Clone)]
enum Doing {
    Write(u8, Vec<Written>),
    Remove(u8),
    Rename(u8, u8),
    /// What looks like a policy file and is a broken link.
    Odd(bool),
    /// All that the plan named is dealt with, in one way or another.
    Act(u8),
    /// Something else becomes of a policy, by whomever.
    Happens(u8, u8),
    /// Another process goes on with what is on disk.
    Restart,
    Nothing,
}

fn written() -> impl Strategy<Value = Written> {
    let tenant =
        prop::sample::select(vec![None, None, Some("acme"), Some("acme"), Some("globex"), Some("nobody")]);
    prop_oneof![
        12 => (0..12_u8, tenant, 10..13_u32).prop_map(|(name, tenant, limit)| Written::Policy { name, tenant, limit }),
        1 => (0..12_u8).prop_map(|name| Written::Invalid { name }),
        1 => Just(Written::Nothing),
        1 => Just(Written::Garbage),
    ]
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        6 => (0..8_u8, prop::collection::vec(written(), 0..4)).prop_map(|(file, all)| Doing::Write(file, all)),
        2 => (0..8_u8).prop_map(Doing::Remove),
        1 => (0..8_u8, 0..8_u8).prop_map(|(from, to)| Doing::Rename(from, to)),
        1 => any::<bool>().prop_map(Doing::Odd),
        5 => any::<u8>().prop_map(Doing::Act),
        1 => (0..12_u8, any::<u8>()).prop_map(|(name, what)| Doing::Happens(name, what)),
        2 => Just(Doing::Restart),
        1 => Just(Doing::Nothing),
    ]
}

impl Doing {
    /// The files that it happens to, or beside.
    fn files(&self) -> Vec<u8> {
        match self {
            Self::Write(file, _) | Self::Remove(file) => vec![*file],
            Self::Rename(from, to) => vec![*from, *to],
            Self::Odd(_) => vec![0],
            Self::Act(_) | Self::Happens(..) | Self::Restart | Self::Nothing => Vec::new(),
        }
    }
}

struct World {
    directory: tempfile::TempDir,
    tenants: BTreeSet<TenantName>,
    state: State,
    source: Source,
    /// What somebody knows who was told of every snapshot.
    shown: Snapshot,
    /// Where the next look need be.
    scope: Scope,
    /// How much was done: no two versions of a file have the same length, so that metadata tells them apart.
    done: usize,
}

impl World {
    fn new(tenants: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let tenants: BTreeSet<TenantName> = tenants.iter().map(|name| name.parse().unwrap()).collect();
        for folder in ["tree/a", "tree/b", "state"] {
            fs::create_dir_all(directory.path().join(folder)).unwrap();
        }
        let bound = |name: &TenantName| {
            let binding = Binding { preset: String::new(), origin: String::new(), organisation: None };
            let (failure, breaker, webhooks, policies) = Default::default();
            (name.clone(), TenantState { binding, failure, breaker, webhooks, policies })
        };
        let bound =
            tenants.iter().cloned().chain(["nobody".parse().unwrap()]).map(|name| bound(&name)).collect();
        let source = source(directory.path(), &tenants);
        Self {
            state: State { tenants: bound, ..State::default() },
            directory,
            tenants,
            source,
            shown: Snapshot::default(),
            scope: Scope::Everything,
            done: 0,
        }
    }

    fn file(&self, file: u8) -> PathBuf {
        let folder = if file.is_multiple_of(2) { "a" } else { "b" };
        self.directory.path().join(format!("tree/{folder}/file-{file}.yaml"))
    }

    fn does(&mut self, doing: &Doing, named: &BTreeSet<PolicyId>, desired: &BTreeMap<PolicyId, Digest>) {
        self.done += 1;
        self.scope = Scope::nowhere();
        for file in doing.files() {
            let folder = self.file(file).parent().unwrap().canonicalize().unwrap();
            self.scope.add(&folder);
        }
        match doing {
            Doing::Write(file, documents) => fs::write(self.file(*file), self.text(documents)).unwrap(),
            Doing::Remove(file) => drop(fs::remove_file(self.file(*file))),
            Doing::Rename(from, to) => drop(fs::rename(self.file(*from), self.file(*to))),
            Doing::Odd(there) => {
                let link = self.directory.path().join("tree/a/odd.yaml");
                drop(fs::remove_file(&link));
                if *there {
                    std::os::unix::fs::symlink("nowhere", link).unwrap();
                }
            }
            Doing::Act(way) => {
                for (index, id) in named.iter().enumerate() {
                    self.becomes(id, way.wrapping_add(index as u8), desired.get(id).copied());
                }
                self.goes_on();
                self.source.carry_on(self.state.head.hash);
            }
            Doing::Happens(name, way) => {
                let id = format!("acme/chat-{name}").parse().unwrap();
                self.becomes(&id, *way, desired.get(&id).copied());
                self.goes_on();
            }
            Doing::Restart => {
                self.source.save();
                self.source = source(self.directory.path(), &self.tenants);
            }
            Doing::Nothing => {}
        }
    }

    fn text(&self, documents: &[Written]) -> String {
        let document = |written: &Written| match written {
            Written::Policy { name, tenant, limit } => {
                let tenant = tenant.map(|tenant| format!(", tenant: {tenant}")).unwrap_or_default();
                format!(
                    "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: {{ name: chat-{name}{tenant} }}\n\
                     spec: {{ cspDirectives: {{ default-src: \"'self'\" }}, botDetection: {{ rateLimitPerMinute: {limit} }} }}\n"
                )
            }
            Written::Invalid { name } => format!(
                "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: {{ name: chat-{name}, tenant: acme }}\n\
                 spec: {{ cspDirectives: {{ default-src: \"'self'\" }}, unheardOf: 1 }}\n"
            ),
            Written::Nothing => "[]\n".to_owned(),
            Written::Garbage => "a: [\n".to_owned(),
        };
        let documents: Vec<String> = documents.iter().map(document).collect();
        format!("# {}\n{}", "x".repeat(self.done), documents.join("---\n"))
    }

    fn goes_on(&mut self) {
        self.state.head.hash = EntryHash::of(&self.done.to_le_bytes());
    }

    /// What may become of a policy that something is done about.
    fn becomes(&mut self, id: &PolicyId, way: u8, desired: Option<Digest>) {
        let Some(tenant) = self.state.tenants.get_mut(&id.tenant) else { return };
        let digest = desired.unwrap_or_else(|| Digest::of(&[way]));
        let origin = Origin { file: "a.yaml".into(), file_hash: FileHash::of(b""), commit: None };
        let (time, intent, correlation_id) = (Timestamp::UNIX_EPOCH, Position::default(), Uuid::nil());
        let policy = tenant.policies.entry(id.name.clone()).or_default();
        match (way % 8, desired) {
            (0, _) => {
                policy.open = Some(
                    Open {
                        operation: Operation::Deploy,
                        cause: Cause::New,
                        digest,
                        origin,
                        idempotency_key: Uuid::nil(),
                        correlation_id,
                        time,
                        intent,
                        job: None,
                        deadlines: 0,
                        resubmitted: false,
                    }
                    .into(),
                );
            }
            (1, _) => {
                let setback = Setback { digest, rejected: way > 100, count: 1, time, error: "no".into() };
                *policy = PolicyState { setback: Some(setback.into()), open: None, ..policy.clone() };
            }
            (2, None) => drop(tenant.policies.remove(&id.name)),
            (way, _) => {
                let verification =
                    if way == 3 { Verification::Unverified } else { Verification::NotConfigured };
                let applied = Applied {
                    digest,
                    origin,
                    job_id: None,
                    time,
                    intent,
                    correlation_id,
                    verification,
                    success_rate: None,
                };
                *policy = PolicyState { applied: Some(applied), ..PolicyState::default() };
            }
        }
    }

    fn decide(&self, snapshot: &Snapshot) -> Decided {
        let nobody = BTreeSet::new();
        let terms = Terms {
            tenants: &self.tenants,
            changed_by: &|_| None,
            corrected: &Default::default(),
            back_off: &|_| std::time::Duration::ZERO,
            live: &BTreeMap::new(),
            guard: &Guard { max_changes: Percent::new(30), ..Guard::default() },
            closed: &BTreeMap::new(),
            prune: true,
            probed: &nobody,
            rollback: &nobody,
            retry: Retry::Due,
            now: Timestamp::UNIX_EPOCH,
            payload_at: &|_| Some(payload()),
            payload_of: &|_, _| Some(payload()),
        };
        decide(snapshot, &self.state, &terms)
    }

    /// The plan made of what can have changed, which is that made of everything; and whether it was made of less.
    fn plan(&mut self) -> (Decided, Snapshot, bool) {
        let head = self.state.head.hash;
        let seen = self.source.sight(&self.scope, |settled| settled.head == head);
        let decided = self.decide(&seen);
        let whole = Source::new(&self.directory.path().join("tree"), self.tenants.clone()).snapshot();
        assert_eq!(decided, self.decide(&whole));
        self.shown.renew(&seen);
        assert_eq!((&self.shown.desired, &self.shown.unusable), (&whole.desired, &whole.unusable));
        assert_eq!(self.shown.found, whole.found);
        let named = decided.plan.named();
        let (terms, in_sync) = (Digest::of(b""), decided.in_sync.clone());
        self.source.settle(Some(Settled { head, terms, in_sync, named }));
        (decided, (*whole).clone(), seen.part.is_some())
    }
}

/// A source that trusts metadata at once, as if each file had been left alone for long.
fn source(directory: &std::path::Path, tenants: &BTreeSet<TenantName>) -> Source {
    let source = Source::new(&directory.join("tree"), tenants.clone()).indexed(&directory.join("state"));
    Source { now: || now() + 60_000_000_000, ..source }
}

fn run(tenants: &[&str], doings: &[Doing]) -> usize {
    let mut world = World::new(tenants);
    let mut parts = 0;
    let (mut decided, mut whole, _) = world.plan();
    for doing in doings {
        let desired = whole.desired.iter().map(|(id, desired)| (id.clone(), desired.digest)).collect();
        world.does(doing, &decided.plan.named(), &desired);
        let is_part;
        (decided, whole, is_part) = world.plan();
        parts += usize::from(is_part);
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_plan_of_what_can_have_changed_is_the_plan(
        many in any::<bool>(), doings in prop::collection::vec(doing(), 1..20)
    ) {
        run(if many { &["acme", "globex"] } else { &["acme"] }, &doings);
    }
}

#[test]
fn hardly_anything_is_looked_at_again() {
    let policy = |name, limit| Written::Policy { name, tenant: None, limit };
    let write = |file: u8, limit| Doing::Write(file, vec![policy(file, limit)]);
    let all = (0..8).map(|file| write(file, 10)).chain([Doing::Act(4), Doing::Restart, write(3, 11)]);
    let doings: Vec<Doing> = all.collect();
    assert_eq!(
        run(&["acme"], &doings),
        doings.len() - 1,
        "all plans but the first of a directory that holds something"
    );
}
