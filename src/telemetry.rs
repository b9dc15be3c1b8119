//! The log: lines for people or JSON for programs, on stderr.
//!
//! An event has a stable name where its place in the code gave it one (`tracing::info!(name: "drift.report", …)`). A
//! field whose name ends in `_json` holds JSON text: programs get it as JSON under the name without that ending, people
//! don't see it. No text from outside can forge a line or move a cursor: see [`crate::printable`].

use std::env;
use std::fmt::{self, Write as _};
use std::io;

use anstream::AutoStream;
use anstyle::{AnsiColor, Effects, Style};
use jiff::Timestamp;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::printable::{printable, printable_json, printable_lines};

mod traces;

pub use traces::Traces;

/// What is logged where nobody says otherwise: our own work, and what is wrong with that of others.
pub const DEFAULT_FILTER: &str = "chatward=info,warn";

/// Environment variables that say something else; the first one that is set counts.
pub const FILTER_VARIABLES: [&str; 2] = ["CHATWARD_LOG", "RUST_LOG"];

/// The longest message and the longest field of a line for people, in characters.
const MAX_MESSAGE: usize = 32 * 1024;
const MAX_FIELD: usize = 1000;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging can't begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is none.
    #[error("`{filter}` is no log filter: {source}")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// Logging has begun already.
    #[error(transparent)]
    Twice(#[from] TryInitError),
}

/// Begins to log to stderr what `CHATWARD_LOG` lets through, else `RUST_LOG`, else `filter`, else [`DEFAULT_FILTER`]. Begins
/// to send traces, where the environment asks for them; gives what sends them.
///
/// # Errors
/// Where the filter can't be read, or logging has begun already.
pub fn init(format: LogFormat, filter: Option<&str>) -> Result<Traces, Error> {
    let set = FILTER_VARIABLES.into_iter().find_map(variable);
    let filter = set.as_deref().or(filter).unwrap_or(DEFAULT_FILTER);
    let filter = EnvFilter::try_new(filter)
        .map_err(|source| Error::Filter { filter: printable(filter, MAX_FIELD), source })?;
    let traces = Traces::of(&variable);
    let registry = tracing_subscriber::registry().with(traces.layer());
    match format {
        LogFormat::Text => {
            let choice = AutoStream::choice(&io::stderr());
            // Locked, so that a line stays whole although its colours are taken out piece by piece.
            let stderr = move || AutoStream::new(io::stderr().lock(), choice);
            let log = layer().event_format(TextFormat(Timestamp::now)).with_writer(stderr);
            registry.with(log.with_filter(filter)).try_init()?;
        }
        LogFormat::Json => {
            let log = layer().event_format(JsonFormat(Timestamp::now)).with_writer(io::stderr);
            registry.with(log.with_filter(filter)).try_init()?;
        }
    }
    traces.complain();
    Ok(traces)
}

/// A variable of the environment; nothing where it is empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// A line for people: when, how bad, what, and its fields; further lines of a message below it. Holds the clock.
struct TextFormat(fn() -> Timestamp);

/// A flat JSON object on a line. Holds the clock.
struct JsonFormat(fn() -> Timestamp);

impl<S, N> FormatEvent<S, N> for TextFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (dim, bold) = (Style::new().effects(Effects::DIMMED), Style::new().effects(Effects::BOLD));
        let Recorded { message, fields } = Recorded::of(event);
        let level = *event.metadata().level();
        let color = color(level);
        write!(out, "{dim}{}{dim:#} {color}{level:<5}{color:#}", (self.0)().strftime("%T"))?;
        let mut separator = " ";
        if let Some(name) = stable_name(event) {
            write!(out, "{separator}{bold}{name}{bold:#}")?;
            separator = "  ";
        }
        let message = printable_lines(&message, MAX_MESSAGE);
        let (first, more) = message.split_at(message.find('\n').unwrap_or(message.len()));
        if !first.is_empty() {
            write!(out, "{separator}{first}")?;
            separator = "  ";
        }
        // The message of an event of ours says what people need; its fields are for programs.
        let told = stable_name(event).is_some() && !message.is_empty();
        for (name, value) in fields.iter().filter(|(name, _)| !told && json_name(name).is_none()) {
            write!(out, "{separator}{dim}{name}={dim:#}{}", field_text(value))?;
            separator = " ";
        }
        writeln!(out, "{more}")
    }
}

impl<S, N> FormatEvent<S, N> for JsonFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Recorded { message, fields } = Recorded::of(event);
        let time = (self.0)().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let name = stable_name(event).map(|name| ("event", Value::from(name)));
        let head =
            [("timestamp", Value::from(time)), ("level", Value::from(event.metadata().level().as_str()))];
        let fixed = head.into_iter().chain(name).chain([("message", Value::from(message))]);
        let mut members: Vec<(String, Value)> = fixed.map(|(name, value)| (name.to_owned(), value)).collect();
        for (name, value) in fields {
            let (mut name, value) = embedded(name, value);
            // A key is never given twice, and the first four mean what they mean.
            while RESERVED.contains(&name.as_str()) || members.iter().any(|(other, _)| *other == name) {
                name.push('_');
            }
            members.push((name, value));
        }
        let mut object = String::new();
        for (index, (name, value)) in members.iter().enumerate() {
            let separator = if index == 0 { '{' } else { ',' };
            write!(object, "{separator}{}:{value}", Value::from(name.as_str()))?;
        }
        writeln!(out, "{}}}", printable_json(&object))
    }
}

const RESERVED: [&str; 4] = ["timestamp", "level", "event", "message"];

/// An event's name, where the code gave it one; tracing's own are made of the file and the line.
fn stable_name(event: &Event<'_>) -> Option<&'static str> {
    Some(event.metadata().name()).filter(|name| !name.starts_with("event "))
}

/// What a field that holds JSON text is called without its ending.
fn json_name(name: &str) -> Option<&str> {
    name.strip_suffix("_json").filter(|name| !name.is_empty())
}

/// A field as a program gets it: JSON text as JSON, if that is what it is.
fn embedded(name: &str, value: Value) -> (String, Value) {
    let json = json_name(name).zip(value.as_str().and_then(|text| serde_json::from_str(text).ok()));
    match json {
        Some((name, json)) => (name.to_owned(), json),
        None => (name.to_owned(), value),
    }
}

/// A field as people get it: bare where it is one word.
fn field_text(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let shown = printable(text, MAX_FIELD);
    let bare = !shown.is_empty() && !shown.contains([' ', '"', '=']);
    if bare { shown } else { format!("\"{}\"", shown.replace('"', "\\\"")) }
}

fn color(level: Level) -> Style {
    match level {
        Level::ERROR => AnsiColor::Red.on_default().effects(Effects::BOLD),
        Level::WARN => AnsiColor::Yellow.on_default(),
        Level::INFO => AnsiColor::Green.on_default(),
        _ => Style::new().effects(Effects::DIMMED),
    }
}

/// An event's message, and its fields in their order.
#[derive(Default)]
struct Recorded {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Recorded {
    fn of(event: &Event<'_>) -> Self {
        let mut recorded = Self::default();
        event.record(&mut recorded);
        recorded
    }

    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Recorded {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, value.to_string().into());
    }
}

#[cfg(test)]
mod tests;
