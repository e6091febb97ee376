//! A server of raw bytes on 127.0.0.1 that does what a test tells it, step by step.

#![expect(
    clippy::disallowed_methods,
    reason = "a test that waits for a peer needs a bound on its own time"
)]

use std::{future::Future, io, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use kirin_tests::canary;
use kirin_transport::{HyperTransport, Transport, TransportError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::render::shown;

/// A complete answer that keeps its connection.
pub(crate) const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// What the server does with a connection. After the last step it closes it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// Reads exactly so many bytes.
    Read(usize),
    /// Reads to the end of the head, and not one byte more.
    ReadHead,
    /// Reads the head and as much of a body as it announces.
    ReadRequest,
    /// Reads until the client has closed its side.
    ReadToEnd,
    /// Writes these bytes.
    Write(&'a [u8]),
    /// Closes its own side only, so that the client sees the end and the server still what comes.
    FinishWriting,
    /// Makes the close a reset, whatever was read.
    Reset,
}

pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self { listener }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/create", self.listener.local_addr().unwrap())
    }

    pub(crate) async fn accept(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    /// Takes one connection through `steps`, and gives back every byte that it read.
    pub(crate) async fn serve(&self, steps: &[Step<'_>]) -> Vec<u8> {
        play(&mut self.accept().await, steps).await
    }

    /// The connections that nobody has accepted yet. The kernel completes a loopback connection at
    /// once, so nothing has to be waited for.
    pub(crate) fn left_over(self) -> Vec<TcpStream> {
        let listener = self.listener.into_std().unwrap();
        let accepted = std::iter::from_fn(|| listener.accept().ok());
        let nonblocking = |stream: std::net::TcpStream| {
            stream.set_nonblocking(true)?;
            TcpStream::from_std(stream)
        };
        accepted.map(|it| nonblocking(it.0).unwrap()).collect()
    }

    /// How many connections nobody has accepted.
    pub(crate) fn waiting(self) -> usize {
        self.left_over().len()
    }
}

/// Takes a connection through `steps`, and gives back every byte that was read. The client may be
/// gone at any step; then the rest of them has no effect.
pub(crate) async fn play(stream: &mut TcpStream, steps: &[Step<'_>]) -> Vec<u8> {
    let mut read = Vec::new();
    for step in steps {
        if take(stream, *step, &mut read).await.is_err() {
            break;
        }
    }
    read
}

async fn take(stream: &mut TcpStream, step: Step<'_>, read: &mut Vec<u8>) -> io::Result<()> {
    match step {
        Step::Read(count) => read_exactly(stream, count, read).await,
        Step::ReadHead => read_head(stream, read).await,
        Step::ReadRequest => {
            let start = read.len();
            read_head(stream, read).await?;
            let announced = content_length(&read[start..]);
            read_exactly(stream, announced, read).await
        }
        Step::ReadToEnd => stream.read_to_end(read).await.map(drop),
        Step::Write(bytes) => stream.write_all(bytes).await,
        Step::FinishWriting => stream.shutdown().await,
        Step::Reset => stream.set_zero_linger(),
    }
}

async fn read_exactly(stream: &mut TcpStream, count: usize, read: &mut Vec<u8>) -> io::Result<()> {
    for _ in 0..count {
        read.push(stream.read_u8().await?);
    }
    Ok(())
}

/// One byte at a time, because what follows the head must stay unread.
async fn read_head(stream: &mut TcpStream, read: &mut Vec<u8>) -> io::Result<()> {
    let start = read.len();
    while !read[start..].ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await?);
    }
    Ok(())
}

fn content_length(head: &[u8]) -> usize {
    let head = std::str::from_utf8(head).unwrap().to_ascii_lowercase();
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    announced.map_or(0, |length| length.trim().parse().unwrap())
}

/// The words of a create: a POST that costs money if the server acts on it.
pub(crate) fn create(url: &str) -> Request<Bytes> {
    Request::post(url)
        .header("authorization", format!("Bearer {}", canary::key()))
        .header("content-type", "application/json")
        .body(Bytes::from_static(
            br#"{"prompt":"a paper boat","external_task_id":"order-42"}"#,
        ))
        .unwrap()
}

/// A whole exchange: no head, or a head and a body that may have been cut.
pub(crate) type Outcome = Result<Response<Result<Bytes, TransportError>>, TransportError>;

/// Sends a request and reads the answer to its end.
pub(crate) async fn ask(transport: &HyperTransport, request: Request<Bytes>) -> Outcome {
    let sent = transport.send(request).await;
    let (head, body) = sent.inspect_err(shown).map(Response::into_parts)?;
    let body = body.collect(1 << 20).await.inspect_err(shown);
    Ok(Response::from_parts(head, body))
}

/// Sends one create to a server that takes the first connection through `steps`; the outcome, and
/// what the server read of it.
pub(crate) async fn exchange(steps: &[Step<'_>]) -> (Outcome, Vec<u8>) {
    let server = Server::start().await;
    let (outcome, read) = exchange_with(&server, steps).await;
    // "One call is one attempt" is checked in every exchange of every test.
    assert_eq!(server.waiting(), 0, "repeated after {steps:?}");
    (outcome, read)
}

/// As [`exchange`], on a server that goes on.
pub(crate) async fn exchange_with(server: &Server, steps: &[Step<'_>]) -> (Outcome, Vec<u8>) {
    let transport = HyperTransport::plain();
    let asking = ask(&transport, create(&server.url()));
    within(async { tokio::join!(asking, server.serve(steps)) }).await
}

/// How many creates are in what a server read.
pub(crate) fn posts(read: &[u8]) -> usize {
    let read = String::from_utf8_lossy(read);
    read.matches("POST /v1/create HTTP/1.1\r\n").count()
}

/// Bounds a test that would otherwise wait for ever.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(20);
    let waited = tokio::time::timeout(limit, future).await;
    waited.unwrap_or_else(|_| panic!("nothing happened within {limit:?}"))
}
