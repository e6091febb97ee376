//! The trait, and what implements it without a network.

use std::{fmt, future::Future, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::{Body, TransportError};

/// Sends one HTTP request and gives back one response.
///
/// # The contract
///
/// `conformance::check` (feature `conformance`) holds any transport against it, clause by clause.
///
/// 1. **Any status is `Ok`.** A 404, a 500 and a redirect are responses, with their bodies.
/// 2. **`Err` means no complete response head.** Interim answers (1xx) are skipped, and so are
///    the pauses of a slow server; a head without end is an error, not a way to fill the memory.
/// 3. **[`Sent::No`](crate::Sent::No) only where the server cannot have acted on the request**: no
///    byte of its body left and it can never become whole, or HTTP/2 says that the stream was refused
///    or lies above a GOAWAY's last id. Everything else is [`Sent::Maybe`](crate::Sent::Maybe), and
///    when in doubt so is this. A connection that is refused is `No`.
/// 4. **One call is one attempt.** Nothing is repeated, whatever the answer and however the
///    connection ends.
/// 5. **No redirect is followed.** The key would go to another host, and a POST would be repeated.
/// 6. **What is sent is what was asked**: method, path, headers and body, without a wish for
///    compression that the caller did not make. Headers of your own may be added, as a signature; those
///    that are there stay as they are.
/// 7. **The body streams**, as it came: the head is there before the body is, nothing is decoded.
/// 8. **A body that was cut ends with an error.** One that ends with its connection and has no
///    length cannot be told from a whole one, and is given as it came; but over TLS, an end without
///    TLS's own goodbye is a cut. Where a transport knows that the message itself says where it ends, it
///    may say so by a [`BodyEnd`](crate::BodyEnd) in the response's extensions.
/// 9. **Dropping cancels.** Dropping the future, or the body, closes the connection or resets the
///    stream; a future that was never polled sends nothing.
/// 10. **What was withdrawn never arrives.** A transport need not announce anything to a
///     [`SendWatch`](crate::SendWatch) in the request's extensions. If it does, a body that is not taken
///     yet is withdrawn by [`SendWatch::withdraw`](crate::SendWatch::withdraw), by a timeout and by
///     dropping the future, also while it is connecting or waits in a queue; and then no complete
///     request arrives, however long the server waits.
///
/// A close is enough for the ninth clause, but the kernel may deliver a create that was closed, up to two minutes
/// later (inferred). A transport of your own sets `TCP_USER_TIMEOUT` for a create and resets its connection, as
/// `HyperTransport` does on Linux; or the client is told that a create may take longer, as
/// `ClientBuilder::transport` and `Settings::longest_call` of kirin-client say.
///
/// Over an HTTP client that blocks a thread, all but dropping can be kept; the module `conformance` says what such
/// a transport has to do, and which clauses are about money.
///
/// # Example
///
/// A transport that counts what passes through it. It passes the request itself on, with its extensions, because
/// those of a create protect it ([`SendWatch`](crate::SendWatch), [`PreferFreshConnection`]):
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use kirin_transport::{Body, Transport, TransportError, async_trait::async_trait};
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

/// A wish in a request's extensions, which creates carry: do not send it on a connection that may have
/// gone stale, an everyday reason not to know whether a request left. A transport that cannot fulfil it
/// may ignore it.
///
/// `HyperTransport` opens a connection of its own for it over HTTP/1.1, where even one that was used
/// less than a second ago met the close of a server that reloads its configuration. It is used for
/// nothing else, and when the request is given up it is reset, so that the kernel delivers nothing
/// later. Over HTTP/2 such requests share a connection that is new or was used within a second: there
/// the server says which requests it will not act on.
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
