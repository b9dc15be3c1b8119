//! A collector that keeps what it gets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A finished span, as it came.
#[derive(Debug, Clone)]
pub struct Got {
    pub trace: String,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    pub name: String,
    pub error: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub service: BTreeMap<String, String>,
}

/// Whatever was sent, decoded and as bytes.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Vec<Got>, Vec<HeaderMap>)>>);

/// A collector on a port of its own, until it is dropped.
pub struct Collector {
    pub address: String,
    kept: Kept,
    _runtime: Runtime,
}

impl Collector {
    pub fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let kept = Kept::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(kept.clone());
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, kept, _runtime: runtime }
    }

    pub fn spans(&self) -> Vec<Got> {
        self.kept.0.lock().unwrap().0.clone()
    }

    pub fn headers(&self) -> Vec<HeaderMap> {
        self.kept.0.lock().unwrap().1.clone()
    }
}

async fn take(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let mut kept = kept.0.lock().unwrap();
    kept.1.push(headers);
    for resource in request.resource_spans {
        let service = text(&resource.resource.unwrap_or_default().attributes);
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        kept.0.extend(spans.map(|span| got(span, &service)));
    }
    StatusCode::OK
}

fn got(span: Span, service: &BTreeMap<String, String>) -> Got {
    Got {
        trace: const_hex::encode(&span.trace_id),
        id: span.span_id,
        parent: span.parent_span_id,
        name: span.name,
        error: span.status.filter(|status| status.code == 2).map(|status| status.message),
        attributes: text(&span.attributes),
        service: service.clone(),
    }
}

fn text(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let value = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), value(attribute))).collect()
}
