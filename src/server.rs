//! The daemon's own endpoints: is it alive, is it ready, how everything stands, and what it measures.
//!
//! ```text
//! controller ─ planned, ended ─► board ◄─ asked ─ routes ◄─ connections (bounded, timed) ◄─ kubelet, Prometheus, people
//! ```
//!
//! Nothing secret is ever said here. At most 64 connections at once, 10 s for a request's head, 10 s to make an answer, and 5
//! minutes for a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

mod approve;
mod board;
mod hooks;
mod posted;
mod routes;
mod suspend;

pub use board::{Board, Terms};
pub use hooks::Hooks;

/// How many connections there may be at once; further ones wait.
const MAX_CONNECTIONS: usize = 64;
/// How long a request's head may take, and how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may last; then it ends with the answer that is under way.
const LIFETIME: Duration = Duration::from_secs(300);
/// How long that answer may take.
const LAST_ANSWER: Duration = Duration::from_secs(10);

/// Answers until it is told to end; what is under way is answered first.
pub async fn serve(listener: TcpListener, board: Arc<Board>, stop: CancellationToken) {
    let routes = routes::routes(board);
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit.ok(),
            () = stop.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, from)) => {
                let (routes, stop) = (routes.clone(), stop.clone());
                connections.spawn(async move {
                    connection(stream, from, routes, stop).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Such as no file descriptor left: worth a pause, not an end.
                warn!(name: "server.failed", error = %error, "a connection could not be taken: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
}

async fn connection(stream: TcpStream, from: SocketAddr, routes: Router, stop: CancellationToken) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let service = TowerToHyperService::new(routes);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(LIFETIME) => {} } } => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(LAST_ANSWER, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        debug!(name: "server.connection", %from, error = %error, "a connection ended: {error}");
    }
}
