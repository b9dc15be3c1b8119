//! The whole controller in one thread and no time: source, plan, deploy, verify, ledger and audit, against the sandbox's
//! model in place of a tenant and a disk that forgets what was not synced.
//!
//! ```text
//!              seed
//!                │ edits · faults · delays · stops · kills · power cuts · failing disks · clock jumps
//!                ▼
//! directory ─► reconcile ─► deploy ─► HTTP client ─► tenants (sandbox::Model)
//!                 │  ▲          │
//!                 ▼  │          ▼
//!               state └──── ledger ─► disk (what was synced, and what may be lost)
//! ```
//!
//! A run is a storm and then a calm. In the storm a process lives and dies several times. In the calm nothing goes wrong
//! any more, and within a bounded number of passes all has to be as it was asked for: [`invariants`] says what that means.
//! Everything is drawn from the seed, and time passes only when nobody has anything to do, so that the same seed has the
//! same course each time.

use std::fmt;
use std::sync::Arc;

pub mod directory;
pub mod disk;
pub mod faults;
pub mod invariants;
pub mod life;
pub mod tenants;
pub mod weather;
pub mod world;

use invariants::Invariant;
use world::World;

/// A bug that is planted from outside, at the seams: to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// What was appended is said to be synced, and is so only with the next operation of the disk.
    Fsync,
    /// What is sent again goes under another key.
    Key,
    /// What was open at a start is submitted anew.
    Resume,
    /// An entry is chained to another than the one before it.
    Chain,
    /// A job ends well and brings nothing about.
    Effect,
    /// A policy is removed that nobody asked to remove.
    Removal,
    /// A job never ends, even in the calm.
    Endless,
    /// The tenant is asked for something that is not in the ledger.
    Untold,
}

impl Sabotage {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Fsync,
        Self::Key,
        Self::Resume,
        Self::Chain,
        Self::Effect,
        Self::Removal,
        Self::Endless,
        Self::Untold,
    ];
}

/// What a run found wrong.
#[derive(Debug)]
pub struct Violation {
    /// What does not hold.
    pub invariant: Invariant,
    /// Of what, and how it is instead.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// What happened in a run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Course {
    /// How often a process was started.
    pub lives: u64,
    /// How often one was killed, or lost its power.
    pub deaths: u64,
    /// Passes that were begun.
    pub passes: u64,
    /// Requests that reached a tenant.
    pub requests: u64,
    /// Operations of the disk.
    pub writes: u64,
    /// Of everything that happened, in its order.
    pub fingerprint: u64,
}

impl Course {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            lives: self.lives + other.lives,
            deaths: self.deaths + other.deaths,
            passes: self.passes + other.passes,
            requests: self.requests + other.requests,
            writes: self.writes + other.writes,
            fingerprint: self.fingerprint ^ other.fingerprint,
        }
    }
}

/// A run that has ended: how, and what happened, line by line where that was asked for.
pub struct Run {
    /// What was found wrong.
    pub found: Result<(), Violation>,
    /// How much happened.
    pub course: Course,
    /// What happened.
    pub trace: Vec<String>,
}

/// Runs one seed.
pub fn run(seed: u64, sabotage: Option<Sabotage>, traced: bool) -> Run {
    // The generator of this thread draws how long the client waits before it tries again.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let world = World::new(seed, sabotage, traced);
        world.enter();
        let found = Box::pin(life::lead(&world)).await;
        if let Err(violation) = &found {
            world.note(|| format!("VIOLATION {violation}"));
        }
        world.leave();
        let (course, trace) = Arc::clone(&world).tell();
        Run { found, course, trace }
    })
}
