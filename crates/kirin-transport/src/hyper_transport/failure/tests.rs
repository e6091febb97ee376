//! What hyper says when a connection breaks, over pipes that count every byte. The same from the
//! outside, over TCP, is in `tests/it`.

#[cfg(feature = "http2")]
mod http2;

use std::{
    future::{Ready, ready},
    io,
    pin::Pin,
    task::{Context, Poll},
};

use ::tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex},
    sync::mpsc,
};
use bytes::Bytes;
use http::{Request, Uri};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tower_service::Service;

use crate::{HyperTransport, Sent, Transport, TransportError, TransportErrorKind};

// ----------------------------------------------------------------- pipes

/// A connector of pipes, of which the server's ends are given to the test.
#[derive(Clone)]
struct Pipes {
    http2: bool,
    /// How many bytes the client can write to each.
    limit: usize,
    servers: mpsc::UnboundedSender<DuplexStream>,
}

impl Pipes {
    fn transport(
        http2: bool,
        limit: usize,
    ) -> (HyperTransport, mpsc::UnboundedReceiver<DuplexStream>) {
        let (servers, accepted) = mpsc::unbounded_channel();
        let pipes = Self {
            http2,
            limit,
            servers,
        };
        (HyperTransport::builder().settings.over(pipes), accepted)
    }
}

impl Service<Uri> for Pipes {
    type Response = TokioIo<Pipe>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<Pipe>>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let (inner, server) = duplex(64 << 10);
        self.servers.send(server).expect("the test goes on");
        ready(Ok(TokioIo::new(Pipe {
            inner,
            http2: self.http2,
            left: self.limit,
        })))
    }
}

/// The client's end: a connection that is reset after a number of bytes.
struct Pipe {
    inner: DuplexStream,
    http2: bool,
    left: usize,
}

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        match self.http2 {
            true => Connected::new().negotiated_h2(),
            false => Connected::new(),
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = bytes.len().min(self.left);
        if count == 0 && !bytes.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let written = Pin::new(&mut self.inner).poll_write(context, &bytes[..count]);
        if let Poll::Ready(Ok(count)) = written {
            self.left -= count;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

const CREATE: &str = r#"{"prompt":"a paper boat"}"#;

fn create() -> Request<Bytes> {
    Request::post("http://a.test/v1/create")
        .body(Bytes::from_static(CREATE.as_bytes()))
        .unwrap()
}

// ----------------------------------------------------------------- cut at every byte

/// Sends a create through a pipe that breaks after `limit` bytes; the error, and what the server
/// saw. With `greeting` the server speaks first.
async fn cut(http2: bool, limit: usize, greeting: &[u8]) -> (TransportError, Vec<u8>) {
    let (transport, mut accepted) = Pipes::transport(http2, limit);
    let serving = async {
        let mut server = accepted.recv().await.unwrap();
        // A client that could not write may be gone already.
        let _ = server.write_all(greeting).await;
        let mut read = Vec::new();
        server.read_to_end(&mut read).await.unwrap();
        read
    };
    let (outcome, read) = tokio::join!(transport.send(create()), serving);
    assert!(accepted.try_recv().is_err(), "tried again at {limit}");
    (outcome.unwrap_err(), read)
}

/// What hyper does not know, it must not promise: with not one byte written, "no" is allowed, and
/// hyper says "maybe", because it had begun.
#[tokio::test]
async fn c02_http1_cut_at_every_byte_may_have_been_sent() {
    let (transport, mut accepted) = Pipes::transport(false, usize::MAX);
    let serving = async { read_request(&mut accepted.recv().await.unwrap()).await };
    let (_, request) = tokio::join!(transport.send(create()), serving);
    for limit in 0..request.len() {
        let (error, read) = cut(false, limit, b"").await;
        assert_eq!(read, request[..limit]);
        assert_eq!(error.kind(), TransportErrorKind::Closed, "{limit}");
        assert_eq!(error.sent(), Sent::Maybe, "{limit}");
    }
}

async fn read_request(server: &mut DuplexStream) -> Vec<u8> {
    let mut read = Vec::new();
    while !read.ends_with(CREATE.as_bytes()) {
        read.push(server.read_u8().await.unwrap());
    }
    read
}

// ----------------------------------------------------------------- closed while it was kept

/// The server closes a kept connection in the moment before the next request: too late for hyper
/// to look, and early enough that not a byte is written. hyper hands the request back, and would
/// send it again by itself if it were let: it is the caller who decides.
#[tokio::test]
async fn c02_a_request_for_a_dead_connection_is_handed_back_and_not_repeated() {
    let (transport, mut accepted) = Pipes::transport(false, usize::MAX);
    let serving = async {
        let mut server = accepted.recv().await.unwrap();
        read_request(&mut server).await;
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        server.write_all(answer).await.unwrap();
        server
    };
    let (first, server) = tokio::join!(transport.send(create()), serving);
    assert_eq!(first.unwrap().status(), 200);
    // Time for hyper to keep the connection.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }

    drop(server);
    let error = tokio::select! {
        second = transport.send(create()) => second.unwrap_err(),
        _ = accepted.recv() => panic!("the request was sent again"),
    };
    assert_eq!(error.kind(), TransportErrorKind::Closed, "{error:?}");
    assert_eq!(error.sent(), Sent::No, "{error:?}");
}
