//! chatward keeps the webchat security policies of CXone tenants as git says they should be.
//!
//! ```text
//! policies/ ─ source ─► snapshot ─ validate ─► findings
//!                           │
//!           state ─► applied├─► drift ─► plan ─ guard ─► deploy ─► submit · poll · verify
//!           remote ─► live ─┘                              │
//!                     ledger ◄── intent, location, effect ─┤
//!              state = fold(ledger)                        └─► status, metrics, logs
//! ```
//!
//! One pass is that line, in that order. Modules stand here in its order too, in four layers. A layer names only
//! the layers above it in this list: `tests/tidy.rs` reads every `use crate::…` and holds the rule.

// Core: values and decisions. No I/O, no runtime, no clock; time is passed in.
pub mod printable;
pub mod textual;
pub mod finding;
pub mod suggest;
pub mod loopback;
pub mod digest;
pub mod suspension;
pub mod policy;
pub mod payload;
pub mod csp;
pub mod validate;
pub mod waiver;
pub mod mend;
pub mod direction;
pub mod outcome;
pub mod breaker;
pub mod signature;
pub mod window;
pub mod drift;
pub mod entry;
pub mod snapshot;
pub mod catalogue;
pub mod repair;
pub mod state;
pub mod observed;
pub mod plan;
pub mod config;
pub mod durations;

// Edges: each does one kind of I/O.
pub mod source;
pub mod ledger;
pub mod hints;
pub mod rewrite;
pub mod sandbox;
pub mod remote;
pub mod page;

// Flow: one pass, and what drives it.
pub mod host;
pub mod live;
pub mod status;
pub mod report;
pub mod spans;
pub mod verify;
pub mod suspend;
pub mod deploy;
pub mod webhook;
pub mod reconcile;
pub mod observe;
pub mod controller;

// Face: what people and programs meet.
pub mod render;
pub mod metrics;
pub mod server;
pub mod telemetry;
pub mod cli;
pub mod command;
