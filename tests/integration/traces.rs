//! Traces: what a collector gets of operations, and what becomes of them where it gets nothing.

use crate::support::{World, policy};

#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "otlp")]
mod sent;

/// Asks for traces at an address.
fn traced(world: &World, arguments: &[&str], address: &str) -> std::process::Command {
    let mut command = world.command(arguments);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", address);
    command
}

#[test]
#[cfg(not(feature = "otlp"))]
fn a_build_without_traces_says_so_once_and_goes_on() {
    let world = World::new();
    world.write("a.yaml", &policy("a", "'self'"));
    let ran = world.run_as(&mut traced(&world, &["apply"], "http://127.0.0.1:9"));
    ran.exits(0)
        .complains("traces.off")
        .complains("OTEL_EXPORTER_OTLP_ENDPOINT is set, but this build has no traces");
    assert_eq!(ran.stderr.matches("traces.").count(), 1, "{}", ran.stderr);
    // Nothing is said where nothing was asked for.
    assert!(!world.run(&["apply"]).stderr.contains("traces"));
}

#[test]
#[cfg(feature = "otlp")]
fn a_collector_that_is_not_there_is_said_once_and_harms_nothing() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.write(&format!("{name}.yaml"), &policy(name, "'self'"));
    }
    // Nobody listens at what was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://user:fake-collector-password@{free}/base?key=fake-collector-key");
    let ran = world.run_as(&mut traced(&world, &["apply"], &address));
    ran.exits(0)
        .says("3 done")
        .complains(&format!("traces can't be sent to http://{free}, which harms nothing else: "));
    assert_eq!(ran.stderr.matches("traces.").count(), 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains("fake-collector"), "{}", ran.stderr);

    // And so is an address that is none.
    let ran = world.run_as(&mut traced(&world, &["plan"], "not an address"));
    ran.exits(0).complains("traces.off").complains("OTEL_EXPORTER_OTLP_ENDPOINT can't be used");
}
