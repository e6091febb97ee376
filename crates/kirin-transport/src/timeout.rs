//! Bounds on the time that an exchange takes.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::{Body, Sent, Transport, TransportError, TransportErrorKind};

/// A transport that waits only so long: for the head of a response, and for the next bytes of its
/// body. A caller who reads slowly is not late; a server that pauses is.
///
/// It ends with [`Timeout`](TransportErrorKind::Timeout) and [`Sent::Maybe`], because what was sent
/// until then is not known. It runs inside a tokio runtime with time.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_transport::{Body, Timeout, from_fn};
///
/// let transport = from_fn(|_request| async { Ok(http::Response::new(Body::empty())) });
/// let transport = Timeout::new(transport, Duration::from_secs(30), Duration::from_secs(20));
/// # let _ = transport;
/// ```
#[derive(Clone, Copy)]
pub struct Timeout<T> {
    inner: T,
    head: Duration,
    idle: Duration,
}

impl<T> Timeout<T> {
    /// Lets `inner` take `head` until there is a complete response head, and `idle` between one
    /// piece of the body and the next.
    pub fn new(inner: T, head: Duration, idle: Duration) -> Self {
        Self { inner, head, idle }
    }
}

impl<T> fmt::Debug for Timeout<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Timeout")
            .field("head", &self.head)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: Transport> Transport for Timeout<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let response = head_within(self.head, self.inner.send(request)).await?;
        let idle = self.idle;
        Ok(response.map(|body| Body::new(Paced::new(body, idle))))
    }
}

/// What `sending` comes to, if it does within `limit`.
pub(crate) async fn head_within<R>(
    limit: Duration,
    sending: impl Future<Output = Result<R, TransportError>>,
) -> Result<R, TransportError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the transport's time-out, and owns its clock"
    )]
    match tokio::time::timeout(limit, sending).await {
        Ok(outcome) => outcome,
        Err(_) => Err(late(format!("no answer within {} s", limit.as_secs_f64()))),
    }
}

fn late(reason: String) -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, Sent::Maybe).with_source(reason)
}

/// A body that may not pause for longer than `limit` while it is read. Only bytes count: frames
/// without any would let a server keep a reader for ever.
pub(crate) struct Paced<B> {
    inner: B,
    limit: Duration,
    pausing: Option<Pin<Box<Sleep>>>,
}

impl<B> Paced<B> {
    pub(crate) fn new(inner: B, limit: Duration) -> Self {
        Self {
            inner,
            limit,
            pausing: None,
        }
    }

    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<TransportError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the transport's time-out, and owns its clock"
        )]
        let pausing = self.pausing.get_or_insert_with(|| {
            let far = Duration::from_secs(365 * 24 * 60 * 60);
            Box::pin(tokio::time::sleep_until(
                Instant::now() + self.limit.min(far),
            ))
        });
        pausing
            .as_mut()
            .poll(context)
            .map(|()| late(format!("no data for {} s", self.limit.as_secs_f64())))
    }
}

impl<B> http_body::Body for Paced<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(frame) => {
                let is_empty = |frame: &Frame<Bytes>| frame.data_ref().is_some_and(Bytes::is_empty);
                if !matches!(&frame, Some(Ok(frame)) if is_empty(frame)) {
                    self.pausing = None;
                } else if let Poll::Ready(error) = self.poll_pause(context) {
                    return Poll::Ready(Some(Err(error.into())));
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => self
                .poll_pause(context)
                .map(|error| Some(Err(error.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
