//! Tries chatward as its users do: real files, real HTTP, real processes, real signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod apply;
mod audit;
mod between;
mod breaker;
mod changes;
mod clock;
mod crash;
mod csp;
mod daemon;
mod deploy;
mod direction;
mod disk;
mod documents;
mod events;
mod examples;
mod explain;
mod fix;
mod fuzz;
mod hostile;
mod ledger;
mod live;
mod observe;
mod pace;
mod past;
mod provenance;
mod server;
mod shutdown;
mod source;
mod support;
mod tenants;
mod traces;
mod verbs;
mod verify;
mod wire;
