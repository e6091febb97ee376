//! A transport that answers from a list, and remembers what it was asked.

use std::{
    collections::VecDeque,
    error::Error,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use kirin_tests::canary::{self, Shown};
use kirin_transport::{Body, Sent, Transport, TransportError, TransportErrorKind};
use kirin_types::GenerationRequest;

/// Looks for secrets in all that an error shows.
pub(crate) fn shown<E: Error>(error: &E) {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let chain: Vec<String> = causes.map(ToString::to_string).collect();
    canary::shown(Shown::Debug, &format!("{error:?} {error:#?}"));
    canary::shown(Shown::Display, &error.to_string());
    canary::shown(Shown::Chain, &chain.join(": "));
}

/// One answer of a [`Scripted`] transport.
pub(crate) enum Answer {
    Fail(Sent),
    Never,
    Response(Response<Body>),
}

/// Answers in the order given, and fails the test when there is none left.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<Asked>>>,
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) call: String,
    pub(crate) headers: HeaderMap,
}

impl Scripted {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let scripted = Self::default();
        locked(&scripted.answers).extend(answers);
        scripted
    }

    pub(crate) fn requests(&self) -> Vec<Asked> {
        locked(&self.requests).clone()
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|asked| asked.call)
            .collect()
    }

    /// The answer after those that are left.
    pub(crate) fn answer_next(&self, response: Response<Body>) {
        locked(&self.answers).push_back(Answer::Response(response));
    }

    pub(crate) fn is_used_up(&self) -> bool {
        locked(&self.answers).is_empty()
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let call = format!("{} {}", request.method(), request.uri());
        let headers = request.headers().clone();
        locked(&self.requests).push(Asked {
            call: call.clone(),
            headers,
        });
        let answer = locked(&self.answers).pop_front();
        match answer.unwrap_or_else(|| panic!("no answer is left for {call}")) {
            Answer::Fail(sent) => Err(TransportError::new(TransportErrorKind::Closed, sent)),
            Answer::Never => std::future::pending().await,
            Answer::Response(response) => Ok(response),
        }
    }
}

/// An answer with a JSON body.
pub(crate) fn json(status: u16, body: impl Into<Body>) -> Answer {
    with_headers(status, &[("content-type", "application/json")], body)
}

/// The service has no such task.
pub(crate) fn not_found() -> Answer {
    json(404, r#"{"message":"task not found"}"#)
}

/// The six look-ups that miss, and the row with controls in between, which prove that a create made no task.
pub(crate) fn proved_absent() -> Vec<Answer> {
    let control = || {
        json(
            200,
            r#"{"id":"task-0","status":"completed","created_at":1}"#,
        )
    };
    let row = [
        control(),
        not_found(),
        not_found(),
        control(),
        not_found(),
        control(),
    ];
    (0..6).map(|_| not_found()).chain(row).collect()
}

/// A refusal of a create, and the look-ups that follow before it is the end.
pub(crate) fn refused(refusal: Answer) -> Vec<Answer> {
    let look_ups = (0..4).map(|_| not_found());
    std::iter::once(refusal).chain(look_ups).collect()
}

pub(crate) fn with_headers(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Answer::Response(response.body(body.into()).unwrap())
}

/// A body that gives its pieces one by one, and then ends, breaks or stalls.
pub(crate) struct Pieces {
    pub(crate) pieces: VecDeque<Bytes>,
    pub(crate) end: End,
}

pub(crate) enum End {
    Broken,
    Stalled,
    Whole,
}

impl Pieces {
    pub(crate) fn body(pieces: impl IntoIterator<Item = Bytes>, end: End) -> Body {
        Body::new(Self {
            pieces: pieces.into_iter().collect(),
            end,
        })
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        match (self.pieces.pop_front(), &self.end) {
            (Some(piece), _) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            (None, End::Broken) => Poll::Ready(Some(Err("reset"))),
            (None, End::Stalled) => Poll::Pending,
            (None, End::Whole) => Poll::Ready(None),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request with an external task id of its own.
pub(crate) fn request() -> GenerationRequest {
    GenerationRequest::builder("a fox")
        .external_task_id("order-42")
        .build()
        .unwrap()
}
