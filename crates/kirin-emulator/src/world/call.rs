//! A request as the world reads it.

use std::time::Duration;

use http::{HeaderMap, Method, Request};

/// One request: its head, its body, and when it was received.
#[derive(Clone)]
pub(super) struct Call<'a> {
    request_id: String,
    is_replay: bool,
    elapsed: Duration,
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    body: Option<&'a [u8]>,
}

/// Longest request id of a caller that is echoed.
const REQUEST_ID_BYTES: usize = 128;

impl<'a> Call<'a> {
    /// A body of `None`, or one that is too long, is one that was not read to its end.
    pub(super) fn new<T>(
        elapsed: Duration,
        request: &'a Request<T>,
        body: Option<&'a [u8]>,
    ) -> Self {
        Self {
            request_id: String::new(),
            is_replay: false,
            elapsed,
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            headers: request.headers(),
            body: body.filter(|body| body.len() <= super::World::MAX_BODY_BYTES),
        }
    }

    /// The same with the id that its answer carries.
    pub(super) fn with_request_id(mut self, request_id: String) -> Self {
        self.request_id = request_id;
        self
    }

    /// The same, sent once more by a proxy.
    pub(super) fn replayed(mut self) -> Self {
        self.is_replay = true;
        self
    }

    /// Whether a proxy sent it once more.
    pub(super) fn is_replay(&self) -> bool {
        self.is_replay
    }

    pub(super) fn request_id(&self) -> &str {
        &self.request_id
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    pub(super) fn method(&self) -> &'a Method {
        self.method
    }

    pub(super) fn path(&self) -> &'a str {
        self.path
    }

    pub(super) fn query(&self) -> &'a str {
        self.query
    }

    pub(super) fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    pub(super) fn body(&self) -> Option<&'a [u8]> {
        self.body
    }

    /// The `x-request-id` that the caller chose.
    pub(super) fn own_request_id(&self) -> Option<String> {
        let id = self
            .headers
            .get(crate::request_id::X_REQUEST_ID)?
            .to_str()
            .ok()?;
        (1..=REQUEST_ID_BYTES)
            .contains(&id.len())
            .then(|| id.into())
    }
}
