//! What is answered at which path.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::board::Refusal;
use super::{Board, approve, hooks, posted, suspend};
use crate::metrics::Format;
use crate::policy::TenantName;
use crate::render;
use crate::status::{self, Sync};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How many policies `/status` lists where nothing is said, and at most.
const LISTED: usize = 1_000;
const MAX_LISTED: usize = 10_000;

pub(super) fn routes(board: Arc<Board>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/reconcile", post(reconcile))
        .route("/approve", post(approve::approve).layer(DefaultBodyLimit::max(posted::MAX_BODY)))
        .route("/suspend", post(suspend::suspend).layer(DefaultBodyLimit::max(posted::MAX_BODY)))
        .route("/resume", post(suspend::resume).layer(DefaultBodyLimit::max(posted::MAX_BODY)))
        .route("/hooks/{tenant}", post(hooks::receive).layer(DefaultBodyLimit::max(hooks::MAX_BODY)))
        .fallback(|| async {
            text(
                StatusCode::NOT_FOUND,
                "there are /healthz, /readyz, /metrics, /status, /reconcile, /approve, /suspend, /resume and /hooks/TENANT",
            )
        })
        .method_not_allowed_fallback(not_allowed)
        .layer(middleware::from_fn(bounded))
        .with_state(board)
}

/// Every answer comes in time or not at all, and none is kept by anybody in between.
async fn bounded(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(ANSWER, next.run(request)).await;
    let mut answer = answer.unwrap_or_else(|_| text(StatusCode::SERVICE_UNAVAILABLE, "that took too long"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

async fn not_allowed(request: Request) -> Response {
    let path = request.uri().path();
    let posted =
        matches!(path, "/reconcile" | "/approve" | "/suspend" | "/resume") || path.starts_with("/hooks/");
    let allow = if posted { "POST" } else { "GET, HEAD" };
    let said = "GET, and POST for /reconcile, /approve, /suspend, /resume and /hooks/TENANT";
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, said);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    answer
}

async fn healthz(State(board): State<Arc<Board>>) -> Response {
    verdict(board.alive())
}

async fn readyz(State(board): State<Arc<Board>>) -> Response {
    verdict(board.ready())
}

fn verdict(said: Result<String, String>) -> Response {
    match said {
        Ok(why) => text(StatusCode::OK, &why),
        Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

async fn metrics(State(board): State<Arc<Board>>, headers: HeaderMap) -> Response {
    let format = Format::accepted(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
    match apart(move || board.metrics_text(format)).await {
        Some(Ok(text)) => ([(CONTENT_TYPE, format.content_type())], text).into_response(),
        _ => text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics can't be written"),
    }
}

/// What may be asked of `/status`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    tenant: Option<TenantName>,
    sync: Option<Sync>,
    limit: Option<usize>,
}

async fn status(
    State(board): State<Arc<Board>>,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Query(asked) = match asked {
        Ok(asked) => asked,
        Err(why) => {
            return text(StatusCode::BAD_REQUEST, &format!("{why}; there are tenant, sync and limit"));
        }
    };
    let limit = asked.limit.unwrap_or(LISTED).min(MAX_LISTED);
    let told = apart(move || {
        let query = status::Query { tenant: asked.tenant.as_ref(), sync: asked.sync, limit };
        board.status(&query).map(|status| render::status::json(&status))
    });
    match told.await {
        Some(Some(Ok(json))) => ([(CONTENT_TYPE, "application/json")], json + "\n").into_response(),
        Some(None) => text(StatusCode::SERVICE_UNAVAILABLE, "no pass has looked yet"),
        _ => text(StatusCode::INTERNAL_SERVER_ERROR, "the status can't be written"),
    }
}

async fn reconcile(State(board): State<Arc<Board>>, headers: HeaderMap) -> Response {
    if let Err(refused) = admitted(&board, &headers) {
        return *refused;
    }
    board.ask_now();
    text(StatusCode::ACCEPTED, "a pass is made now")
}

/// Whether somebody may ask for something to be done; else the answer to that.
pub(super) fn admitted(board: &Board, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let bearer = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let refusal = match board.admits(bearer, headers.contains_key(ORIGIN)) {
        Ok(()) => return Ok(()),
        Err(refusal) => refusal,
    };
    Err(Box::new(match refusal {
        Refusal::Browser => text(StatusCode::FORBIDDEN, "not from a page in a browser"),
        Refusal::NoToken => text(
            StatusCode::FORBIDDEN,
            "others than this machine can reach this address, so whoever asks needs a token: set listen_token, or CHATWARD_LISTEN_TOKEN_FILE",
        ),
        Refusal::WrongToken => {
            let mut answer = text(StatusCode::UNAUTHORIZED, "this is not the token");
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            answer
        }
    }))
}

/// Works something out where that keeps nobody else waiting.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

pub(super) fn text(status: StatusCode, text: &str) -> Response {
    let mut answer = Response::new(Body::from(format!("{text}\n")));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
