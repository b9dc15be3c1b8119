//! Connections that can be cut from within a request, which no HTTP server offers by itself.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The most connections at once; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 4096;

/// A handle on one connection.
#[derive(Debug, Clone)]
pub(super) struct Connection(CancellationToken);

impl Connection {
    /// Resets it: nothing more is read or written.
    pub fn cut(&self) {
        self.0.cancel();
    }
}

impl Connected<IncomingStream<'_, Connections>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Connections>) -> Self {
        stream.io().connection.clone()
    }
}

/// A listener whose connections can be cut, each by its [`Connection`] and all by one token.
pub(super) struct Connections {
    listener: TcpListener,
    cut_all: CancellationToken,
    room: Arc<Semaphore>,
}

impl Connections {
    pub fn new(listener: TcpListener, cut_all: CancellationToken) -> Self {
        Self { listener, cut_all, room: Arc::new(Semaphore::new(MAX_CONNECTIONS)) }
    }
}

impl Listener for Connections {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        // The semaphore is never closed: without a permit a connection would only go uncounted.
        let permit = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Small answers leave at once; a connection that refuses this is slower, no more.
        let _ = stream.set_nodelay(true);
        let cut = self.cut_all.child_token();
        let stream = CuttableStream {
            stream,
            cut: Box::pin(cut.clone().cancelled_owned()),
            connection: Connection(cut),
            _permit: permit,
        };
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A TCP connection that fails once it is cut.
pub(super) struct CuttableStream {
    stream: TcpStream,
    connection: Connection,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl CuttableStream {
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.connection.0.is_cancelled() && self.cut.as_mut().poll(context).is_pending() {
            return Ok(());
        }
        // With that, closing sends a reset. Where it can't be set the connection is only closed.
        let _ = self.stream.set_zero_linger();
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
