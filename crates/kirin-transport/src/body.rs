//! The body of a response, as it streams in.

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};

use crate::{Sent, TransportError, TransportErrorKind, lock::lock};

/// The body of a response. It streams, and ends with an error if it was cut.
///
/// ```
/// use kirin_transport::Body;
///
/// let body = Body::from("hello");
/// # async fn read(body: Body) -> Result<(), kirin_transport::TransportError> {
/// assert_eq!(body.collect(1024).await?, "hello");
/// # Ok(())
/// # }
/// ```
pub struct Body(Mutex<Inner>);

/// Behind a lock it may be shared between threads, whether the body itself may or not.
type Inner = Pin<Box<dyn http_body::Body<Data = Bytes, Error = TransportError> + Send>>;

impl Body {
    /// Wraps any body. A [`TransportError`] of its own keeps its kind and its cause; any other becomes
    /// one of kind [`Body`](TransportErrorKind::Body). Either is [`Sent::Maybe`]: there was a head,
    /// so the server has acted, whatever the body says of an attempt of its own.
    ///
    /// ```
    /// use http_body_util::Empty;
    /// use kirin_transport::Body;
    ///
    /// let body = Body::new(Empty::<bytes::Bytes>::new());
    /// ```
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::own(Mapped(Box::pin(body)))
    }

    /// Wraps a body whose errors are ours.
    pub(crate) fn own<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes, Error = TransportError> + Send + 'static,
    {
        Self(Mutex::new(Box::pin(body)))
    }

    fn inner(&mut self) -> &mut Inner {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// A body of no bytes.
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// The body was cut.
    pub async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        loop {
            match poll_fn(|context| self.inner().as_mut().poll_frame(context)).await? {
                Ok(frame) => {
                    // Trailers are no part of the content.
                    if let Ok(data) = frame.into_data() {
                        return Some(Ok(data));
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The whole body, which may have at most `limit` bytes. The bytes are counted as they come,
    /// whatever the head announced.
    ///
    /// # Errors
    ///
    /// The body was cut, or is longer than `limit`.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, TransportError> {
        let mut collected = BytesMut::new();
        while let Some(data) = self.next().await {
            let data = data?;
            if collected.len() + data.len() > limit {
                return Err(TransportError::new(
                    TransportErrorKind::TooLarge,
                    Sent::Maybe,
                ));
            }
            collected.extend_from_slice(&data);
        }
        Ok(collected.freeze())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::own(Whole(Some(bytes)))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Body")
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        self.inner().as_mut().poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        let inner = lock(&self.0);
        inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let inner = lock(&self.0);
        inner.size_hint()
    }
}

struct Whole(Option<Bytes>);

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let bytes = self.0.take().filter(|bytes| !bytes.is_empty());
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

struct Mapped<B>(Pin<Box<B>>);

impl<B> http_body::Body for Mapped<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        self.0.as_mut().poll_frame(context).map_err(cut)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// A body that ended with an error of its own.
pub(crate) fn cut(source: impl Into<Box<dyn Error + Send + Sync>>) -> TransportError {
    match source.into().downcast::<TransportError>() {
        Ok(error) => error.after_the_head(),
        Err(source) => {
            TransportError::new(TransportErrorKind::Body, Sent::Maybe).with_source(source)
        }
    }
}
