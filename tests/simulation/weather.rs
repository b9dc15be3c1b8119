//! What a whole run is like: drawn once, from the seed.

use std::time::Duration;

use fastrand::Rng;

/// What a whole run is like.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Tenants, and policies of each.
    pub tenants: usize,
    /// Policies of each tenant.
    pub policies: usize,
    /// Whether tenants do once what comes twice under one key.
    pub keys: bool,
    /// Whether tenants offer reads and removals.
    pub reads: bool,
    /// Whether policies whose file is gone are removed.
    pub prune: bool,
    /// What is probed.
    pub probes: Probes,
    /// Of so many requests one meets a fault; 0: none.
    pub faults: usize,
    /// Of so many moments the directory is edited in one; 0: in none.
    pub edits: usize,
    /// How often a process lives in the storm.
    pub lives: usize,
    /// Whether the power may go, not only the process.
    pub power: bool,
    /// Whether an operation of the disk may fail.
    pub disk: bool,
    /// Whether the wall clock may jump by a day.
    pub jumps: bool,
    /// How many jobs a tenant may have at once.
    pub jobs: usize,
    /// How long a token is good for.
    pub token: Duration,
    /// How many bytes a file of the ledger holds.
    pub segment: u64,
    /// Whether all jobs take the same time, so that they end in the order of their submits.
    pub orderly: bool,
}

/// What is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probes {
    /// Nothing.
    None,
    /// Each tenant as a whole.
    Tenant,
    /// Each policy.
    Policy,
    /// Each policy, and one that lets something through is rolled back.
    Rollback,
}

impl Weather {
    pub fn of(rng: &mut Rng) -> Self {
        let keys = rng.u8(..4) > 0;
        Self {
            tenants: rng.usize(1..=2),
            policies: rng.usize(1..=4),
            keys,
            reads: rng.bool(),
            prune: rng.bool(),
            probes: [Probes::None, Probes::None, Probes::Tenant, Probes::Policy, Probes::Rollback]
                [rng.usize(..5)],
            faults: [0, 30, 8, 3][rng.usize(..4)],
            edits: [0, 80, 30][rng.usize(..3)],
            lives: rng.usize(1..=5),
            power: rng.bool(),
            disk: rng.u8(..4) == 0,
            jumps: rng.u8(..4) == 0,
            jobs: [1, 2, 100][rng.usize(..3)],
            token: Duration::from_secs([20, 120, 3600][rng.usize(..3)]),
            segment: [3_000, 20_000, 64 << 20][rng.usize(..3)],
            // Of a tenant that does everything twice nothing can be said if that ends in any order.
            orderly: !keys || rng.bool(),
        }
    }
}
