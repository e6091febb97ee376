//! Answers from a list.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::{Body, Sent, Transport, TransportError, TransportErrorKind, lock::lock};

/// A transport that gives the answers of a script, one for each request, whatever was asked.
///
/// A request after the last answer is an error that sent nothing.
///
/// ```
/// use http::StatusCode;
/// use kirin_transport::{Sent, TransportErrorKind, testing::Scripted};
///
/// let transport = Scripted::new()
///     .fail(TransportErrorKind::Closed, Sent::Maybe)
///     .answer(StatusCode::NOT_FOUND, r#"{"message":"no such task"}"#)
///     .answer(StatusCode::OK, r#"{"id":"d5u5obte8783ap44qtj0"}"#);
/// assert_eq!(transport.remaining(), 3);
/// ```
#[derive(Default)]
pub struct Scripted(Mutex<VecDeque<Result<Response<Bytes>, TransportError>>>);

impl Scripted {
    /// An empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then answers with `status` and a body of JSON.
    pub fn answer(self, status: StatusCode, json: impl Into<Bytes>) -> Self {
        let mut response = Response::new(json.into());
        *response.status_mut() = status;
        let json = http::HeaderValue::from_static("application/json");
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, json);
        self.respond(response)
    }

    /// Then gives this response.
    pub fn respond(self, response: Response<Bytes>) -> Self {
        self.then(Ok(response))
    }

    /// Then fails.
    pub fn fail(self, kind: TransportErrorKind, sent: Sent) -> Self {
        self.then(Err(TransportError::new(kind, sent)))
    }

    fn then(mut self, answer: Result<Response<Bytes>, TransportError>) -> Self {
        let answers = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        answers.push_back(answer);
        self
    }

    /// How many answers were not given yet.
    pub fn remaining(&self) -> usize {
        lock(&self.0).len()
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Scripted")
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, _request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let answer = lock(&self.0).pop_front();
        match answer {
            Some(answer) => Ok(answer?.map(Body::from)),
            None => Err(TransportError::new(TransportErrorKind::Other, Sent::No)
                .with_source("the script has no more answers")),
        }
    }
}
