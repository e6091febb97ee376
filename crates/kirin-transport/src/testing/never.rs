//! Silence.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::{Body, Transport, TransportError};

/// A transport that never answers: what is under test must give up by itself.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_transport::{Timeout, testing::Never};
///
/// let transport = Timeout::new(Never, Duration::from_secs(30), Duration::from_secs(30));
/// # let _ = transport;
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a marker without content")]
pub struct Never;

#[async_trait]
impl Transport for Never {
    async fn send(&self, _request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        std::future::pending().await
    }
}
