//! A create cut at every byte of the request and of the answer, in three sizes and in two versions of
//! HTTP: `Sent::No` is said only where the server saw nothing of the request.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::Response;
use kirin_transport::{
    TransportError,
    testing::{Direction, Fault},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::*;

/// A prompt as most are, the longest there is, and one with a small picture beside it.
const SIZES: [usize; 3] = [60, 2_500, 9_000];

pub(crate) const ANSWERED: &[u8] = br#"{"id":"d5u5obte8783ap44qtj0","status":"in_progress"}"#;

/// What the server reads, kept.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

/// A server's end that keeps what it reads.
struct Kept(DuplexStream, Seen);

impl AsyncRead for Kept {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.0).poll_read(context, buffer);
        let read = &buffer.filled()[before..];
        self.1.0.lock().unwrap().extend_from_slice(read);
        polled
    }
}

impl AsyncWrite for Kept {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

pub(crate) type Outcome = Result<Response<Result<Bytes, TransportError>>, TransportError>;

/// One create of so many bytes through a pipe with this plan: what came of it, and what the server
/// saw and said.
pub(crate) struct Exchange {
    pub(crate) outcome: Outcome,
    pub(crate) seen: Vec<u8>,
    pub(crate) attempts: usize,
}

pub(crate) async fn exchange(version: Version, size: usize, plan: FaultPlan) -> Exchange {
    let builder = match version {
        Version::Http1 => http1(),
        Version::Http2 => HyperTransport::builder().http2_only(),
    };
    let (transport, mut accepted) = over_pipes(builder, plan);
    let seen = Seen::default();
    let asking = async {
        let outcome = ask(&transport, size).await;
        // The connection is not kept: its end is the server's.
        drop(transport);
        outcome
    };
    let attempts = AtomicUsize::new(0);
    let serving = async {
        let server = Kept(accepted.recv().await.unwrap(), seen.clone());
        attempts.fetch_add(1, Ordering::Relaxed);
        match version {
            Version::Http1 => serve_http1(server, size).await,
            Version::Http2 => serve_http2(server).await,
        }
        while accepted.recv().await.is_some() {
            attempts.fetch_add(1, Ordering::Relaxed);
        }
    };
    let (outcome, ()) = tokio::join!(asking, for_an_hour(serving));
    let attempts = attempts.into_inner();
    Exchange {
        outcome,
        seen: seen.bytes(),
        attempts,
    }
}

/// A stalled pipe stays open after the client has given up; with a clock that jumps, an hour is
/// nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "the end of a test that may stall"
)]
async fn for_an_hour(work: impl Future<Output = ()>) {
    let _ = tokio::time::timeout(Duration::from_secs(3600), work).await;
}

async fn ask(transport: &HyperTransport, size: usize) -> Outcome {
    let request = create_of("x".repeat(size).into());
    let (head, body) = transport.send(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect(1 << 20).await))
}

/// Answers when the whole request is there, and goes on reading to the end.
async fn serve_http1(mut server: Kept, size: usize) {
    let mut buffer = [0; 4096];
    let mut answered = false;
    loop {
        match server.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let seen = server.1.bytes();
        let head = seen.windows(4).position(|four| four == b"\r\n\r\n");
        if !answered && head.is_some_and(|head| seen.len() == head + 4 + size) {
            answered = true;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                ANSWERED.len()
            );
            let answer = [head.as_bytes(), ANSWERED].concat();
            // A client that is gone need not be answered.
            let _ = server.write_all(&answer).await;
        }
    }
}

/// The same by the crate h2, which knows nothing of this project.
async fn serve_http2(server: Kept) {
    let Ok(mut connection) = h2::server::handshake(server).await else {
        return;
    };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let mut body = request.into_body();
        tokio::spawn(async move {
            while let Some(Ok(data)) = body.data().await {
                let _ = body.flow_control().release_capacity(data.len());
            }
            if body.is_end_stream()
                && let Ok(mut stream) = respond.send_response(Response::new(()), false)
            {
                let _ = stream.send_data(Bytes::from_static(ANSWERED), true);
            }
        });
    }
}

/// Whether one byte of the request is among what the server saw. Over HTTP/2 the connection begins
/// with bytes of its own; a request begins with the frame of its head.
pub(crate) fn has_request(version: Version, seen: &[u8]) -> bool {
    const PREFACE: usize = 24;
    const HEADERS: u8 = 1;
    if version == Version::Http1 {
        return !seen.is_empty();
    }
    let mut start = PREFACE;
    while let Some(head) = seen.get(start..start + 4) {
        if head[3] == HEADERS {
            return true;
        }
        start += 9 + u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    }
    false
}

/// Cuts at every byte of the request; how often it was said not to have left.
async fn cut_requests(version: Version, size: usize, fault: fn(u64) -> Fault) -> usize {
    let whole = exchange(version, size, FaultPlan::default()).await;
    check_whole(&whole, size);
    let length = whole.seen.len() as u64;
    assert!(length > size as u64);
    let mut unsent = 0;
    for at in 0..length {
        let plan = FaultPlan::default().with(Direction::ToServer, fault(at));
        let found = exchange(version, size, plan).await;
        assert!(
            found.seen.len() as u64 <= at,
            "{at}: more than {at} bytes passed"
        );
        unsent += usize::from(check_cut(version, size, at, &found));
    }
    unsent
}

fn check_whole(found: &Exchange, size: usize) {
    let response = found.outcome.as_ref().unwrap();
    assert_eq!(response.body().as_ref().unwrap(), ANSWERED, "{size}");
    assert_eq!(found.attempts, 1);
}

/// A failure that is honest; whether it was said that nothing left.
pub(crate) fn check_cut(version: Version, size: usize, at: u64, found: &Exchange) -> bool {
    let place = format!("{version:?}, {size} bytes, cut at {at}");
    assert_eq!(found.attempts, 1, "{place}");
    let error = match &found.outcome {
        Err(error) => error,
        Ok(response) => match response.body() {
            Err(error) => {
                assert_eq!(error.sent(), Sent::Maybe, "{place}");
                error
            }
            Ok(body) => {
                // What is cut after the answer's last byte is nobody's loss.
                assert_eq!(body, ANSWERED, "{place}");
                return false;
            }
        },
    };
    let is_no = error.sent() == Sent::No;
    let seen = has_request(version, &found.seen);
    assert!(!(is_no && seen), "{place}: {error:?}");
    is_no
}

#[tokio::test]
async fn http1_cut_at_every_byte_of_the_request() {
    for size in SIZES {
        cut_requests(Version::Http1, size, Fault::Cut).await;
        cut_requests(Version::Http1, size, Fault::Reset).await;
    }
}

#[tokio::test]
async fn http2_cut_at_every_byte_of_the_request() {
    for size in SIZES {
        let unsent = cut_requests(Version::Http2, size, Fault::Cut).await;
        assert!(
            unsent > 0,
            "what hyper has not begun to write, it hands back"
        );
    }
}

/// Cuts at every byte of the answer, of which the request is no part: the server saw all of it.
async fn cut_answers(version: Version, size: usize, fault: fn(u64) -> Fault) {
    // One more than the longest answer, over HTTP/2 with its settings and windows.
    let (mut at, mut whole) = (0, 0);
    while whole < 3 {
        let plan = FaultPlan::default().with(Direction::ToClient, fault(at));
        let found = exchange(version, size, plan).await;
        check_cut(version, size, at, &found);
        let complete = matches!(&found.outcome, Ok(response) if response.body().is_ok());
        whole = if complete { whole + 1 } else { 0 };
        at += 1;
        assert!(at < 1000, "the answer has no end");
    }
    assert!(at > ANSWERED.len() as u64);
}

#[tokio::test]
async fn http1_cut_at_every_byte_of_the_answer() {
    for size in SIZES {
        cut_answers(Version::Http1, size, Fault::Cut).await;
        cut_answers(Version::Http1, size, Fault::Reset).await;
    }
}

#[tokio::test]
async fn http2_cut_at_every_byte_of_the_answer() {
    for size in SIZES {
        cut_answers(Version::Http2, size, Fault::Cut).await;
        cut_answers(Version::Http2, size, Fault::Reset).await;
    }
}

/// Bytes in pieces of one, both ways: slow, and nothing is lost.
#[tokio::test]
async fn bytes_one_by_one_make_a_whole_exchange() {
    for version in [Version::Http1, Version::Http2] {
        let plan = FaultPlan::default()
            .with(Direction::ToServer, Fault::Slice(1))
            .with(Direction::ToClient, Fault::Slice(1));
        let found = exchange(version, SIZES[1], plan).await;
        check_whole(&found, SIZES[1]);
    }
}
