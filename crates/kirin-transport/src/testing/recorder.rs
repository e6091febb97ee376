//! To a cassette, and from one.

use std::{
    error::Error,
    fmt, iter,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame, SizeHint};

use super::{
    Cassette,
    cassette::{Answer, Exchange, header_map},
    redaction::Redaction,
};
use crate::{Body, BodyEnd, Sent, Transport, TransportError, TransportErrorKind, lock::lock};

/// A transport that records what passes through it. Clones record to the same cassette.
///
/// A body is recorded as it is read; what is not read to its end is recorded as cut.
///
/// ```
/// use kirin_transport::{Transport, testing::{Recorder, Scripted}};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let recorder = Recorder::new(Scripted::new().answer(http::StatusCode::OK, "{}"));
/// let request = http::Request::get("https://cloud.vtrix.ai/?key=secret");
/// let request = request.header("authorization", "Bearer a-secret-key").body(bytes::Bytes::new());
/// recorder.send(request.unwrap()).await.unwrap().into_body().collect(1024).await.unwrap();
///
/// let text = recorder.cassette().to_json(); // for std::fs::write
/// assert!(text.contains("https://cloud.vtrix.ai/?removed") && !text.contains("secret"));
/// # });
/// ```
pub struct Recorder<T> {
    inner: Arc<T>,
    tape: Tape,
}

/// The exchanges so far, in the order in which they began.
type Tape = Arc<Mutex<Vec<Exchange>>>;

impl<T> Recorder<T> {
    /// Records the exchanges of `inner`.
    pub fn new(inner: T) -> Self {
        Self {
            inner: Arc::new(inner),
            tape: Tape::default(),
        }
    }

    /// What was recorded so far.
    pub fn cassette(&self) -> Cassette {
        Cassette {
            exchanges: lock(&self.tape).clone(),
        }
    }
}

impl<T> Clone for Recorder<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            tape: self.tape.clone(),
        }
    }
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Recorder")
            .field("exchanges", &lock(&self.tape).len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let mut redaction = Redaction::of(request.headers());
        let index = begin(&self.tape, &request, &redaction);
        match self.inner.send(request).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                redaction.learn(&head.headers);
                let [ends, by_headers] = [BodyEnd::of(&head.extensions), BodyEnd::of_http1(&head)];
                let answer = Answer::Response {
                    status: head.status,
                    headers: kept(&head.headers, &redaction),
                    body: Bytes::new(),
                    is_cut: true,
                    is_framed: ends != by_headers && ends == BodyEnd::Framed,
                };
                lock(&self.tape)[index].answer = answer;
                let taped = Taped {
                    inner: body,
                    received: BytesMut::new(),
                    redaction,
                    tape: self.tape.clone(),
                    index,
                    is_written: false,
                };
                Ok(Response::from_parts(head, Body::new(taped)))
            }
            Err(error) => {
                lock(&self.tape)[index].answer = Answer::Failed {
                    kind: error.kind(),
                    sent: error.sent(),
                    reason: reason(&error).map(|reason| redaction.text(&reason)),
                };
                Err(error)
            }
        }
    }
}

/// Takes a place on the tape, for a request that nobody has answered.
fn begin(tape: &Tape, request: &Request<Bytes>, redaction: &Redaction) -> usize {
    let mut exchanges = lock(tape);
    exchanges.push(Exchange {
        method: request.method().clone(),
        url: redaction.url(request.uri()),
        headers: kept(request.headers(), redaction),
        body: redaction.body(request.body()),
        answer: Answer::Failed {
            kind: TransportErrorKind::Other,
            sent: Sent::Maybe,
            reason: Some("nobody waited for the answer".into()),
        },
    });
    exchanges.len() - 1
}

fn kept(headers: &HeaderMap, redaction: &Redaction) -> Vec<(String, String)> {
    let headers = headers.iter();
    let mut kept: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), redaction.header(name, value)))
        .collect();
    // As a file has them; the values of one name keep their order.
    kept.sort_by(|left, right| left.0.cmp(&right.0));
    kept
}

fn reason(error: &TransportError) -> Option<String> {
    let causes = iter::successors(error.source(), |cause| (*cause).source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    (!causes.is_empty()).then(|| causes.join(": "))
}

/// A body that is recorded as it is read.
struct Taped {
    inner: Body,
    received: BytesMut,
    redaction: Redaction,
    tape: Tape,
    index: usize,
    is_written: bool,
}

impl Taped {
    /// Writes what came so far. All of it is searched for secrets again, because one may have come
    /// in two pieces.
    fn write(&mut self, has_ended: bool) {
        if let Answer::Response { body, is_cut, .. } = &mut lock(&self.tape)[self.index].answer {
            *body = self.redaction.body(&self.received.clone().freeze());
            *is_cut = !has_ended;
        }
    }
}

impl Drop for Taped {
    fn drop(&mut self) {
        if !self.is_written {
            self.write(self.inner.is_end_stream());
        }
    }
}

impl http_body::Body for Taped {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        match &frame {
            Poll::Ready(None) => {
                self.write(true);
                self.is_written = true;
            }
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    self.received.extend_from_slice(data);
                }
            }
            Poll::Ready(Some(Err(_))) => {
                self.write(false);
                self.is_written = true;
            }
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A transport that answers from a cassette. Each exchange is given once: to a request of its
/// method and URL, the earliest first. Any other request is an error that sent nothing.
///
/// ```
/// use kirin_transport::testing::{Cassette, Replay};
///
/// let replay = Replay::new(Cassette::default());
/// assert_eq!(replay.remaining(), 0);
/// ```
pub struct Replay {
    exchanges: Mutex<Vec<Exchange>>,
}

impl Replay {
    /// Answers from `cassette`.
    pub fn new(cassette: Cassette) -> Self {
        Self {
            exchanges: Mutex::new(cassette.exchanges),
        }
    }

    /// How many exchanges were not given yet.
    pub fn remaining(&self) -> usize {
        self.left().len()
    }

    fn left(&self) -> MutexGuard<'_, Vec<Exchange>> {
        lock(&self.exchanges)
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Replay")
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Replay {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let url = Redaction::of(request.headers()).url(request.uri());
        let mut left = self.left();
        let is_meant = |it: &Exchange| it.method == *request.method() && it.url == url;
        let Some(index) = left.iter().position(is_meant) else {
            let reason = format!("the cassette has no further {} {url}", request.method());
            let error = TransportError::new(TransportErrorKind::Request, Sent::No);
            return Err(error.with_source(reason));
        };
        match left.remove(index).answer {
            Answer::Failed { kind, sent, reason } => {
                let error = TransportError::new(kind, sent);
                Err(match reason {
                    Some(reason) => error.with_source(reason),
                    None => error,
                })
            }
            Answer::Response {
                status,
                headers,
                body,
                is_cut,
                is_framed,
            } => {
                let (mut head, ()) = Response::new(()).into_parts();
                head.status = status;
                head.headers = header_map(&headers);
                head.extensions.insert(match is_framed {
                    true => BodyEnd::Framed,
                    false => BodyEnd::of_http1(&head),
                });
                let body = match is_cut {
                    true => Body::new(Cut(Some(body))),
                    false => Body::from(body),
                };
                Ok(Response::from_parts(head, body))
            }
        }
    }
}

/// A body that breaks off: its bytes, and then an error.
struct Cut(Option<Bytes>);

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        match self.0.take() {
            Some(bytes) if !bytes.is_empty() => {
                self.0 = Some(Bytes::new());
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Some(_) => Poll::Ready(Some(Err("it was cut in the recording"))),
            None => Poll::Ready(None),
        }
    }
}
