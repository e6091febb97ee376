//! HTTP over streams of one's own.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use http::Uri;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tower_service::Service;

use super::{HyperTransport, HyperTransportBuilder};

impl HyperTransportBuilder {
    /// Makes a transport over the streams that `connect` opens for a URL: a Unix socket, a pipe in
    /// memory, a tunnel. HTTP is spoken on them as it is, without TLS, whatever the URL's scheme.
    ///
    /// A create ([`PreferFreshConnection`](crate::PreferFreshConnection)) over HTTP/1.1 has a stream of
    /// its own. That a stream is reset when it is given up, and delivers nothing later, is up to who
    /// opens it.
    ///
    /// ```
    /// use kirin_transport::HyperTransport;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let transport = HyperTransport::builder()
    ///     .build_over(|_url| tokio::net::TcpStream::connect("127.0.0.1:4010"));
    /// # let _ = transport;
    /// # });
    /// ```
    pub fn build_over<F, Connecting, S>(self, connect: F) -> HyperTransport
    where
        F: Fn(Uri) -> Connecting + Clone + Send + Sync + 'static,
        Connecting: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.settings
            .over(Streams(connect.clone()), Streams(connect))
    }
}

/// A connector of streams that the caller opens.
#[derive(Clone)]
struct Streams<F>(F);

impl<F, Connecting, S> Service<Uri> for Streams<F>
where
    F: Fn(Uri) -> Connecting,
    Connecting: Future<Output = io::Result<S>> + Send + 'static,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Response = TokioIo<Stream<S>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = (self.0)(uri);
        Box::pin(async { Ok(TokioIo::new(Stream(connecting.await?))) })
    }
}

/// A stream of which nothing else is known.
struct Stream<S>(S);

impl<S> Connection for Stream<S> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl<S> fmt::Debug for Stream<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stream")
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
