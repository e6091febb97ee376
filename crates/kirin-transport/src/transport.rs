//! The trait, and what implements it without a network.

use std::{fmt, future::Future, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::{Body, TransportError};

/// Sends one HTTP request and gives back one response.
///
/// The contract:
///
/// - A response with any status is `Ok`; `Err` means that no complete response head arrived.
/// - [`Sent::No`](crate::Sent::No) only where the server cannot have acted on the request: no byte
///   of it left, or HTTP/2 says so. Everything else is [`Sent::Maybe`](crate::Sent::Maybe).
/// - One call is one attempt: nothing is repeated, and no redirect is followed.
/// - The body streams, and ends with an error if it was cut.
/// - Dropping the future cancels the exchange.
///
/// # Example
///
/// A transport that counts what passes through it:
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use kirin_transport::{Body, Transport, TransportError};
///
/// struct Counting<T> {
///     inner: T,
///     requests: AtomicUsize,
/// }
///
/// #[async_trait]
/// impl<T: Transport> Transport for Counting<T> {
///     async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
///         self.requests.fetch_add(1, Ordering::Relaxed);
///         self.inner.send(request).await
///     }
/// }
/// ```
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request`, whose URI is absolute, and waits for the head of the response.
    ///
    /// # Errors
    ///
    /// No complete response head arrived; the error says whether the request may have left.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError>;
}

/// A wish in a request's extensions: send it on a connection that is new or was in use a moment
/// ago. A stale keep-alive connection is an everyday reason not to know whether a request left, so
/// creates carry this wish; a transport that cannot fulfil it may ignore it.
///
/// ```
/// use kirin_transport::PreferFreshConnection;
///
/// let mut request = http::Request::new(bytes::Bytes::new());
/// request.extensions_mut().insert(PreferFreshConnection);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a marker without content")]
pub struct PreferFreshConnection;

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        (**self).send(request).await
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Box<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        (**self).send(request).await
    }
}

/// Makes a transport of an async function or closure.
///
/// ```
/// use kirin_transport::{Body, Sent, TransportError, TransportErrorKind, from_fn};
///
/// // One that never reaches anybody.
/// let offline = from_fn(|_request| async {
///     Err(TransportError::new(TransportErrorKind::Connect, Sent::No))
/// });
/// ```
pub fn from_fn<F, Answer>(function: F) -> FromFn<F>
where
    F: Fn(Request<Bytes>) -> Answer + Send + Sync,
    Answer: Future<Output = Result<Response<Body>, TransportError>> + Send,
{
    FromFn(function)
}

/// The transport that [`from_fn`] makes.
#[derive(Clone, Copy)]
pub struct FromFn<F>(F);

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FromFn")
    }
}

#[async_trait]
impl<F, Answer> Transport for FromFn<F>
where
    F: Fn(Request<Bytes>) -> Answer + Send + Sync,
    Answer: Future<Output = Result<Response<Body>, TransportError>> + Send,
{
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        (self.0)(request).await
    }
}
