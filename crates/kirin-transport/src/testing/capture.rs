//! What was asked.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::{Body, Transport, TransportError, lock::lock};

/// A transport that keeps a copy of every request before it hands it on. Clones share what they
/// keep. The copies hold the key, so Debug shows only how many there are.
///
/// ```
/// use kirin_transport::{Transport, testing::{Capture, Scripted}};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let transport = Capture::new(Scripted::new().answer(http::StatusCode::OK, "{}"));
/// let request = http::Request::get("https://cloud.vtrix.ai/model/v1/generation/task/x");
/// transport.send(request.body(bytes::Bytes::new()).unwrap()).await.unwrap();
/// assert_eq!(transport.requests()[0].uri().path(), "/model/v1/generation/task/x");
/// # });
/// ```
pub struct Capture<T> {
    inner: Arc<T>,
    requests: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl<T> Capture<T> {
    /// Keeps the requests to `inner`.
    pub fn new(inner: T) -> Self {
        Self {
            inner: Arc::new(inner),
            requests: Arc::default(),
        }
    }

    /// Copies of the requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        lock(&self.requests).clone()
    }
}

impl<T> Clone for Capture<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            requests: self.requests.clone(),
        }
    }
}

impl<T> fmt::Debug for Capture<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Capture")
            .field("requests", &self.requests().len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: Transport> Transport for Capture<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        lock(&self.requests).push(request.clone());
        self.inner.send(request).await
    }
}
