//! The HTTP front: requests from the wire to the model, and its answers back, as damaged as a fault wants them.

use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response as HttpResponse;
use futures_util::{StreamExt as _, stream};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Sandbox;
use super::wire::{Delivery, MAX_BODY, Reply, Request, Response};

mod connection;

use connection::{Connection, Connections};

/// How long answers may still take when the sandbox stops; then all connections are cut.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Clone)]
struct Front {
    sandbox: Sandbox,
    stop: CancellationToken,
}

/// Serves until `stop` is cancelled; requests are answered or cut then.
pub(super) async fn serve(
    sandbox: Sandbox,
    listener: TcpListener,
    stop: CancellationToken,
) -> io::Result<()> {
    let cut_all = CancellationToken::new();
    let connections = Connections::new(listener, cut_all.clone());
    let front = Front { sandbox, stop: stop.clone() };
    let service = Router::new().fallback(answer).with_state(front);
    let service = service.into_make_service_with_connect_info::<Connection>();
    let serving = axum::serve(connections, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let mut serving = pin!(serving.into_future());
    let out_of_grace = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = &mut serving => return served,
        () = out_of_grace => cut_all.cancel(),
    }
    serving.await
}

async fn answer(
    State(front): State<Front>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: HttpRequest,
) -> HttpResponse {
    let _flight = front.sandbox.flights.begin();
    let answered = async {
        let request = read(request).await?;
        let reply = front.sandbox.answer(&request).await;
        deliver(reply).await
    };
    let answered = tokio::select! {
        answered = answered => answered,
        () = front.stop.cancelled() => None,
    };
    answered.unwrap_or_else(|| {
        // Nothing of this answer gets out.
        connection.cut();
        HttpResponse::new(Body::empty())
    })
}

/// The request, read as far as it may be long; `None` if its body broke off.
async fn read(request: HttpRequest) -> Option<Request> {
    let (head, body) = request.into_parts();
    let mut read = Vec::new();
    let mut chunks = body.into_data_stream();
    while read.len() <= MAX_BODY
        && let Some(chunk) = chunks.next().await
    {
        read.extend_from_slice(&chunk.ok()?);
    }
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Some(Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: headers.collect(),
        body: read,
    })
}

/// The answer when its time has come; `None` if nothing of it is to arrive.
async fn deliver(reply: Reply) -> Option<HttpResponse> {
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    match reply.delivery {
        Delivery::Reset => None,
        Delivery::Never => std::future::pending().await,
        Delivery::Whole => Some(http_response(reply.response, Body::from)),
        Delivery::Truncated => Some(http_response(reply.response, half)),
    }
}

fn http_response(response: Response, body: impl FnOnce(Vec<u8>) -> Body) -> HttpResponse {
    let length = response.body.len();
    let mut http = HttpResponse::new(body(response.body));
    *http.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            http.headers_mut().insert(name, value);
        }
    }
    if length > 0 {
        http.headers_mut().insert(axum::http::header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    http
}

/// Half of a body, behind which the connection ends.
fn half(mut body: Vec<u8>) -> Body {
    body.truncate(body.len() / 2);
    let sent = stream::iter([Ok(Bytes::from(body))]);
    let broken = stream::once(async {
        // A server that has to wait for a chunk sends what it has: without this the half would be dropped.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    Body::from_stream(sent.chain(broken))
}
