//! Spans and events for subscribers.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header};
use tracing::{Instrument, Span, debug, debug_span, field::Empty};

use crate::{Body, Transport, TransportError};

/// A transport with a `tracing` span of level DEBUG around each request, `http_request`, named as
/// OpenTelemetry names things, and one event at its end.
///
/// | field | what |
/// |---|---|
/// | `http.request.method`, `server.address` | of the request |
/// | `url.path` | only of a request that carries a key: where there is none, the URL itself may be the secret |
/// | `http.response.status_code` | if there was a response head |
/// | `error.type`, `sent` | if there was none: the kind of failure, and whether the request may have left |
///
/// Neither headers nor bodies nor a URL's query are ever recorded.
///
/// ```
/// use kirin_transport::{Body, Traced, from_fn};
///
/// let transport = from_fn(|_request| async { Ok(http::Response::new(Body::empty())) });
/// let transport = Traced::new(transport);
/// # let _ = transport;
/// ```
#[derive(Clone, Copy)]
pub struct Traced<T>(T);

impl<T> Traced<T> {
    /// Traces the requests to `inner`.
    pub fn new(inner: T) -> Self {
        Self(inner)
    }
}

impl<T> fmt::Debug for Traced<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Traced")
    }
}

#[async_trait]
impl<T: Transport> Transport for Traced<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let span = span(&request);
        let outcome = self.0.send(request).instrument(span.clone()).await;
        match &outcome {
            Ok(response) => {
                span.record("http.response.status_code", response.status().as_u16());
                debug!(parent: &span, "answered");
            }
            Err(error) => {
                span.record("error.type", format_args!("{:?}", error.kind()).to_string());
                span.record("sent", format_args!("{:?}", error.sent()).to_string());
                debug!(parent: &span, "failed");
            }
        }
        outcome
    }
}

fn span(request: &Request<Bytes>) -> Span {
    let uri = request.uri();
    let span = debug_span!(
        "http_request",
        http.request.method = request.method().as_str(),
        server.address = uri.host(),
        url.path = Empty,
        http.response.status_code = Empty,
        error.r#type = Empty,
        sent = Empty,
    );
    if request.headers().contains_key(header::AUTHORIZATION) {
        span.record("url.path", uri.path());
    }
    span
}
