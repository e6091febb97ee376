//! Bounds on the time that an exchange takes.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

use crate::{Body, SendWatch, Sent, Transport, TransportError, TransportErrorKind, body::cut};

/// A transport that waits only so long: for the head of a response, and for the next bytes of its
/// body. A caller who reads slowly is not late; a server that pauses is.
///
/// It ends with [`Timeout`](TransportErrorKind::Timeout). That is [`Sent::No`](crate::Sent::No) if the
/// request was still waiting and could be withdrawn, and else [`Sent::Maybe`](crate::Sent::Maybe),
/// because what was sent until then is not known. It runs inside a tokio runtime with time.
///
/// Where the caller watches the request with a [`SendWatch`], and the inner transport announces the
/// taking of its body, the time runs from the taking: how long to wait for it is the caller's decision.
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
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let (watch, watcher) = watched_by(&mut request);
        // The inner transport announces its taking to the same watch.
        request.extensions_mut().insert(watch.clone());
        let sending = self.inner.send(request);
        let response = head_within(self.head, &watch, watcher, sending).await?;
        let idle = self.idle;
        Ok(response.map(|body| Body::own(Guarded::new(body, idle, u64::MAX))))
    }
}

/// Who looks at the watch of a request.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Watcher {
    Caller,
    Nobody,
}

/// The watch of a request, taken out of it, or a new one.
pub(crate) fn watched_by(request: &mut Request<Bytes>) -> (SendWatch, Watcher) {
    match request.extensions_mut().remove::<SendWatch>() {
        Some(watch) => (watch, Watcher::Caller),
        None => (SendWatch::new(), Watcher::Nobody),
    }
}

/// What `sending` comes to, if it does within `limit`: of the call, or where the caller watches for
/// it and is let know, of the moment in which the body is taken.
pub(crate) async fn head_within<R>(
    limit: Duration,
    watch: &SendWatch,
    watcher: Watcher,
    sending: impl Future<Output = Result<R, TransportError>>,
) -> Result<R, TransportError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the transport's time-out, and owns its clock"
    )]
    let begin = |limit| tokio::time::sleep(limit);
    let (mut sending, mut taken) = (pin!(sending), pin!(watch.taken()));
    let (mut passing, mut waits) = (pin!(begin(limit)), watcher == Watcher::Caller);
    let outcome = poll_fn(|context| {
        if let Poll::Ready(outcome) = sending.as_mut().poll(context) {
            return Poll::Ready(Some(outcome));
        }
        if waits && taken.as_mut().poll(context).is_ready() {
            waits = false;
            passing.set(begin(limit));
        }
        ready!(passing.as_mut().poll(context));
        match waits && watch.is_announced() {
            true => Poll::Pending,
            false => Poll::Ready(None),
        }
    });
    let outcome = outcome.await;
    outcome.unwrap_or_else(|| {
        let reason = format!("no answer within {} s", limit.as_secs_f64());
        Err(late(watch.given_up(), reason))
    })
}

fn late(sent: Sent, reason: String) -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, sent).with_source(reason)
}

/// A body that may not pause for longer than `idle` while it is read, and has at most so many
/// bytes. Only bytes end a pause: frames without any would let a server keep a reader for ever.
pub(crate) struct Guarded<B> {
    inner: B,
    idle: Duration,
    left: u64,
    pausing: Option<Pin<Box<Sleep>>>,
}

impl<B> Guarded<B> {
    pub(crate) fn new(inner: B, idle: Duration, limit: u64) -> Self {
        Self {
            inner,
            idle,
            left: limit,
            pausing: None,
        }
    }

    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<TransportError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the transport's time-out, and owns its clock"
        )]
        let pausing = self
            .pausing
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(self.idle)));
        pausing.as_mut().poll(context).map(|()| {
            let reason = format!("no data for {} s", self.idle.as_secs_f64());
            late(Sent::Maybe, reason)
        })
    }

    fn count(&mut self, data: &Bytes) -> Result<(), TransportError> {
        let left = self.left.checked_sub(data.len() as u64);
        // Nothing more fits after what did not: a smaller piece would leave a hole.
        self.left = left.unwrap_or(0);
        match left {
            Some(_) => Ok(()),
            None => Err(TransportError::new(
                TransportErrorKind::TooLarge,
                Sent::Maybe,
            )),
        }
    }
}

impl<B> http_body::Body for Guarded<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let guarded = &mut *self;
        let frame = match Pin::new(&mut guarded.inner).poll_frame(context) {
            Poll::Ready(frame) => frame,
            Poll::Pending => return guarded.poll_pause(context).map(|error| Some(Err(error))),
        };
        match frame
            .as_ref()
            .map(|frame| frame.as_ref().map(Frame::data_ref))
        {
            Some(Ok(Some(data))) if data.is_empty() => {
                if let Poll::Ready(error) = guarded.poll_pause(context) {
                    return Poll::Ready(Some(Err(error)));
                }
            }
            Some(Ok(Some(data))) => {
                guarded.pausing = None;
                if let Err(error) = guarded.count(data) {
                    return Poll::Ready(Some(Err(error)));
                }
            }
            _ => guarded.pausing = None,
        }
        Poll::Ready(frame.map(|frame| frame.map_err(cut)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
