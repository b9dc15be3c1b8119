//! From spans to a trace: an operation is a trace of its own, and its correlation id is the trace's id.
//!
//! So whoever has a correlation id, from a log line, the ledger or a tenant's own log of `traceparent`, has the trace; and an
//! operation that a restart cut in two, or whose verdict came later, is one trace still. What is timed outside of operations
//! is not sent.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use super::otlp::Sender;
use crate::printable::printable;

/// The span that is a trace's root; see [`crate::spans`].
const ROOT: &str = "operation";

/// The longest attribute, in characters.
const MAX_VALUE: usize = 1_000;

/// What listens to our own spans, and to nothing else.
pub fn layer<S>(sender: Arc<Sender>) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let ours = |metadata: &Metadata<'_>| metadata.is_span() && metadata.target().starts_with("chatward");
    Tracing(sender).with_filter(LevelFilter::from_level(Level::DEBUG).and(filter_fn(ours)))
}

struct Tracing(Arc<Sender>);

/// What is kept beside a span while it goes on.
struct Kept {
    /// What is known of it from its beginning.
    known: Vec<KeyValue>,
    /// Nothing before a root is known to be an operation.
    timed: Option<Timed>,
}

struct Timed {
    trace: TraceId,
    id: SpanId,
    parent: SpanId,
    sampled: bool,
    began: SystemTime,
    name: String,
    status: Status,
    attributes: Vec<KeyValue>,
}

impl Timed {
    fn new(trace: TraceId, parent: SpanId, sampled: bool, name: &str, known: &[KeyValue]) -> Self {
        let id = SpanId::from(fastrand::u64(1..));
        let (began, name, attributes) = (SystemTime::now(), name.to_owned(), known.to_vec());
        Self { trace, id, parent, sampled, began, name, status: Status::Unset, attributes }
    }

    fn take(&mut self, fields: Fields) {
        self.attributes.extend(fields.attributes);
        if let Some(name) = fields.operation {
            self.name = name;
        }
        if let Some(why) = fields.error {
            self.status = Status::error(why);
        }
    }
}

impl Tracing {
    /// A root has learnt which operation it is. What it was before has ended.
    fn go_on(&self, kept: &mut Kept, correlation: Uuid) {
        let trace = TraceId::from_bytes(*correlation.as_bytes());
        if kept.timed.as_ref().is_some_and(|timed| timed.trace == trace) {
            return;
        }
        let root = Timed::new(trace, SpanId::INVALID, self.0.samples(trace), ROOT, &kept.known);
        if let Some(before) = kept.timed.replace(root) {
            self.end(before);
        }
    }

    fn end(&self, timed: Timed) {
        if !timed.sampled {
            return;
        }
        let flags = TraceFlags::SAMPLED;
        self.0.send(SpanData {
            span_context: SpanContext::new(timed.trace, timed.id, flags, false, TraceState::NONE),
            parent_span_id: timed.parent,
            parent_span_is_remote: false,
            span_kind: if timed.name == "call" { SpanKind::Client } else { SpanKind::Internal },
            name: timed.name.into(),
            start_time: timed.began,
            end_time: SystemTime::now(),
            attributes: timed.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: timed.status,
            instrumentation_scope: self.0.scope.clone(),
        });
    }
}

impl<S> Layer<S> for Tracing
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let fields = Fields::of(|visitor| attributes.record(visitor));
        let kept = if span.name() == ROOT {
            Kept { known: fields.attributes, timed: None }
        } else {
            let parent = span.parent();
            let parent = parent.as_ref().map(|parent| parent.extensions());
            let above = parent.as_ref().and_then(|parent| parent.get::<Kept>()?.timed.as_ref());
            let Some(above) = above else { return };
            let timed = Timed::new(above.trace, above.id, above.sampled, span.name(), &fields.attributes);
            Kept { known: Vec::new(), timed: Some(timed) }
        };
        span.extensions_mut().insert(kept);
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let Some(kept) = extensions.get_mut::<Kept>() else { return };
        let fields = Fields::of(|visitor| record.record(visitor));
        if let Some(correlation) = fields.correlation.filter(|_| span.name() == ROOT) {
            self.go_on(kept, correlation);
        }
        if let Some(timed) = &mut kept.timed {
            timed.take(fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let kept = span.extensions_mut().remove::<Kept>();
        if let Some(timed) = kept.and_then(|kept| kept.timed) {
            self.end(timed);
        }
    }
}

/// A span's fields, as attributes, and those of them that mean more.
#[derive(Default)]
struct Fields {
    attributes: Vec<KeyValue>,
    correlation: Option<Uuid>,
    operation: Option<String>,
    error: Option<String>,
}

impl Fields {
    fn of(record: impl FnOnce(&mut Self)) -> Self {
        let mut fields = Self::default();
        record(&mut fields);
        fields
    }

    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        let name = match field.name() {
            "correlation" => "correlation_id",
            name => name,
        };
        self.attributes.push(KeyValue::new(format!("chatward.{name}"), value));
    }

    fn add_text(&mut self, field: &Field, text: &str) {
        let text = printable(text, MAX_VALUE);
        match field.name() {
            "correlation" => self.correlation = text.parse().ok(),
            "operation" => self.operation = Some(text.clone()),
            "error" => self.error = Some(text.clone()),
            _ => {}
        }
        self.add(field, text);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, i64::try_from(value).unwrap_or(i64::MAX));
    }
}
