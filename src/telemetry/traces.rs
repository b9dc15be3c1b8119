//! Traces of operations, where they are asked for: by the standard variables, in a build with the feature `otlp`.
//!
//! What goes wrong with them is said once, and harms nothing else.

use tracing::{Subscriber, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

#[cfg(feature = "otlp")]
mod client;
#[cfg(feature = "otlp")]
mod layer;
#[cfg(feature = "otlp")]
mod otlp;

/// Where traces go, by the first of these that is set.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Reads a variable of the environment; an empty one is as none.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The traces of this process.
#[derive(Debug, Default)]
pub struct Traces {
    #[cfg(feature = "otlp")]
    sender: Option<std::sync::Arc<otlp::Sender>>,
    /// Why there are none, though they were asked for.
    problem: Option<String>,
}

impl Traces {
    /// Those that the environment asks for.
    pub(super) fn of(env: Lookup<'_>) -> Self {
        let Some(variable) = wanted(env) else { return Self::default() };
        Self::to(variable, env)
    }

    #[cfg(feature = "otlp")]
    fn to(variable: &str, env: Lookup<'_>) -> Self {
        match otlp::Sender::new(env) {
            Ok(sender) => Self { sender: Some(sender.into()), problem: None },
            Err(why) => Self { sender: None, problem: Some(format!("{variable} can't be used: {why}")) },
        }
    }

    #[cfg(not(feature = "otlp"))]
    fn to(variable: &str, _: Lookup<'_>) -> Self {
        let why = "this build has no traces; one with `cargo build --features otlp` does";
        Self { problem: Some(format!("{variable} is set, but {why}")) }
    }

    /// What listens to spans. Nothing where there are no traces, and spans then cost nothing.
    pub(super) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        #[cfg(feature = "otlp")]
        return self.sender.clone().map(layer::layer);
        #[cfg(not(feature = "otlp"))]
        None::<tracing_subscriber::layer::Identity>
    }

    /// Says why there are none, though they were asked for.
    pub(super) fn complain(&self) {
        if let Some(problem) = &self.problem {
            warn!(name: "traces.off", error = problem, "no traces: {problem}");
        }
    }

    /// Sends what is left, for three seconds at most. Nothing is sent after that.
    pub fn flush(&self) {
        #[cfg(feature = "otlp")]
        if let Some(sender) = &self.sender {
            sender.end();
        }
    }
}

/// The variable that says where traces go, unless others say that there are to be none.
fn wanted(env: Lookup<'_>) -> Option<&'static str> {
    let says = |variable: &str, value: &str| env(variable).is_some_and(|it| it.eq_ignore_ascii_case(value));
    let off = says("OTEL_SDK_DISABLED", "true") || says("OTEL_TRACES_EXPORTER", "none");
    ENDPOINTS.into_iter().find(|variable| !off && env(variable).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_turns_them_on_and_others_off() {
        let of = |set: &[(&str, &str)]| {
            let set: Vec<(String, String)> = set.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
            wanted(&move |name| set.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone()))
        };
        let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/v1/traces");
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("OTEL_SERVICE_NAME", "chatward")]), None);
        assert_eq!(of(&[general]), Some(general.0));
        assert_eq!(of(&[general, own]), Some(own.0));
        assert_eq!(of(&[general, ("OTEL_SDK_DISABLED", "TRUE")]), None);
        assert_eq!(of(&[general, ("OTEL_TRACES_EXPORTER", "none")]), None);
        assert_eq!(of(&[general, ("OTEL_TRACES_EXPORTER", "otlp")]), Some(general.0));
    }
}
