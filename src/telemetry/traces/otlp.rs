//! The sender: finished spans are queued, and sent many at a time from a thread of its own.
//!
//! The queue is bounded, and what doesn't fit is dropped: nobody waits for it. Sampler, batches, headers, the resource and the
//! rest come from the standard variables as OpenTelemetry's own crates read them.

use std::time::Duration;

use opentelemetry::trace::TraceId;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, Config, SamplingDecision, ShouldSample, SpanData, SpanProcessor as _,
};

use super::Lookup;
use super::client::Client;
use crate::printable::printable;

/// The longest reason that is told, in characters.
const MAX_WHY: usize = 300;

/// How long what is left at the end may take to be sent. What is left of a usual grace is more than that.
const FLUSH: Duration = Duration::from_secs(3);

/// Where finished spans go.
#[derive(Debug)]
pub struct Sender {
    processor: BatchSpanProcessor,
    sampler: Box<dyn ShouldSample>,
    pub(super) scope: InstrumentationScope,
}

impl Sender {
    /// To where the environment says; whether anybody is there shows with the first batch.
    ///
    /// # Errors
    /// Says what of the environment can't be used.
    pub fn new(env: Lookup<'_>) -> Result<Self, String> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(env))
            .with_protocol(Protocol::HttpBinary)
            .build()
            .map_err(|error| printable(&error.to_string(), MAX_WHY))?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        processor.set_resource(&resource(env));
        let scope = InstrumentationScope::builder("chatward").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Self { processor, sampler: Config::default().sampler, scope })
    }

    /// Whether a trace is among those that are sent.
    pub fn samples(&self, trace: TraceId) -> bool {
        samples(&*self.sampler, trace)
    }

    /// Queues a finished span.
    pub fn send(&self, span: SpanData) {
        self.processor.on_end(span);
    }

    /// Sends what is queued, and ends.
    pub fn end(&self) {
        // What could not be sent was said already.
        let _ = self.processor.shutdown_with_timeout(FLUSH);
    }
}

/// Who sends: the environment's name, else our own.
fn resource(env: Lookup<'_>) -> Resource {
    let named = env("OTEL_SERVICE_NAME").is_some()
        || env("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|text| text.contains("service.name="));
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let builder = Resource::builder().with_attribute(version);
    if named { builder.build() } else { builder.with_service_name("chatward").build() }
}

/// Samplers by ratio look at the last eight bytes of a trace's id, of which a UUID's first two bits never differ. So they are
/// shown the seven bytes after those, which are random.
fn samples(sampler: &dyn ShouldSample, trace: TraceId) -> bool {
    let shown = TraceId::from(u128::from_be_bytes(trace.to_bytes()) << 8);
    let kind = opentelemetry::trace::SpanKind::Internal;
    let result = sampler.should_sample(None, shown, "operation", &kind, &[], &[]);
    result.decision == SamplingDecision::RecordAndSample
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::trace::Sampler;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_ratio_takes_its_share_of_correlation_ids() {
        for ratio in [0.1, 0.5, 0.9] {
            let sampler = Sampler::TraceIdRatioBased(ratio);
            let ids = (0..10_000u128).map(|number| {
                // Mixed by an odd factor, so that every bit varies.
                let bytes = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
                uuid::Builder::from_random_bytes(bytes).into_uuid()
            });
            let taken =
                ids.filter(|id: &Uuid| samples(&sampler, TraceId::from_bytes(*id.as_bytes()))).count();
            let share = taken as f64 / 10_000.0;
            assert!((share - ratio).abs() < 0.02, "{share} of {ratio}");
        }
    }
}
