//! Whether a request has left, watched while it is sent, and the one step that keeps it from leaving.

use std::{
    future::{Future, poll_fn},
    io::{self, Read},
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::{Sent, TransportError, TransportErrorKind, lock::lock};

/// An extension of a request: says when the transport takes the body, and withdraws it until then.
///
/// A timeout alone does not prove that a request stayed here: it may have waited in a queue of the
/// HTTP library, which sends it later, when no one waits for it any more. So the caller puts a watch
/// into the request's extensions and keeps a clone. Either the library takes the body, and from then
/// on the server may act on it; or the body is withdrawn in one atomic step, and it can never be
/// taken.
///
/// Not every transport can say this. One that can calls [`announce`](Self::announce) when it begins,
/// and [`is_announced`](Self::is_announced) is true from then on. Of any other, the time runs from the
/// call, and a failure stays [`Sent::Maybe`].
///
/// A watch belongs to one request. Its clones share one state.
///
/// # Example
///
/// A caller whose time runs from the taking:
///
/// ```
/// use kirin_transport::{Body, SendWatch, Transport, TransportError, from_fn};
///
/// # async fn send(transport: impl Transport) -> Result<(), TransportError> {
/// let watch = SendWatch::new();
/// let mut request = http::Request::post("https://example.com/")
///     .body(bytes::Bytes::from("{}"))
///     .unwrap();
/// request.extensions_mut().insert(watch.clone());
/// let sending = transport.send(request);
///
/// // Elsewhere: `watch.taken().await` starts the clock, and who has waited too long asks
/// if watch.withdraw() {
///     // that nothing ever leaves: `sending` ends with `Sent::No`.
/// }
/// # sending.await?;
/// # Ok(())
/// # }
/// ```
///
/// A transport of one's own that honours it:
///
/// ```
/// use kirin_transport::{Body, SendWatch, from_fn};
///
/// let transport = from_fn(|mut request: http::Request<bytes::Bytes>| async move {
///     let watch = request.extensions_mut().remove::<SendWatch>().unwrap_or_default();
///     // Given to an HTTP library, it is taken when the library first polls it.
///     let _request = request.map(|body| watch.announce(body));
///     Ok(http::Response::new(Body::empty()))
/// });
/// # let _ = transport;
/// ```
#[derive(Clone, Debug, Default)]
pub struct SendWatch(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    state: State,
    /// Who waits for the next change of the state.
    waiting: Vec<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    /// No transport has said that it honours the watch.
    #[default]
    Unannounced,
    /// It is connecting, or waiting in a queue.
    Waiting,
    Taken,
    Withdrawn,
}

impl SendWatch {
    /// A watch of a request that is still to be sent.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the transport says when it takes the body.
    pub fn is_announced(&self) -> bool {
        self.lock().state != State::Unannounced
    }

    /// Whether the body was taken: the server may have it, or may still get it.
    pub fn is_taken(&self) -> bool {
        self.lock().state == State::Taken
    }

    /// Whether the body was withdrawn: the server never gets the whole request.
    pub fn is_withdrawn(&self) -> bool {
        self.lock().state == State::Withdrawn
    }

    /// Waits for the moment in which the body is taken; for ever, if it is not.
    pub async fn taken(&self) {
        self.reached(State::Taken).await;
    }

    /// Withdraws the body: true if it was not taken and now never is. Then whoever sends it ends
    /// with [`Sent::No`] at once. False if it was taken, or if the transport announces nothing; then
    /// the request may have left.
    ///
    /// It may be asked after the end, too: of a future that was dropped, or that failed with
    /// [`Sent::Maybe`] in the hands of a decorator, true is the same proof as [`Sent::No`].
    pub fn withdraw(&self) -> bool {
        let is_waiting = |state| matches!(state, State::Waiting | State::Withdrawn);
        self.change(is_waiting, State::Withdrawn)
    }

    /// For a transport: promises to send nothing of `body` but what the returned body gives. From
    /// here on the body can be withdrawn, and is taken when it is first polled. A body without bytes
    /// counts as taken at once, because its request is whole with its head.
    pub fn announce(&self, body: Bytes) -> WatchedBody {
        let next = if body.is_empty() {
            State::Taken
        } else {
            State::Waiting
        };
        self.change(|state| state == State::Unannounced, next);
        WatchedBody {
            watch: self.clone(),
            bytes: Some(body),
        }
    }

    /// For a transport: what comes of `sending`, unless the body is withdrawn before.
    ///
    /// # Errors
    ///
    /// Those of `sending`; and one of kind [`Withdrawn`](TransportErrorKind::Withdrawn).
    pub async fn unless_withdrawn<T>(
        &self,
        sending: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let mut sending = pin!(sending);
        let mut withdrawn = pin!(self.reached(State::Withdrawn));
        poll_fn(|context| match sending.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => withdrawn
                .as_mut()
                .poll(context)
                .map(|()| Err(withdrawn_error())),
        })
        .await
    }

    /// What may be said of a request that has failed, of which nothing else is known. It is withdrawn if
    /// it still can be.
    #[cfg(any(feature = "tokio", feature = "tower"))]
    pub(crate) fn given_up(&self) -> Sent {
        match self.withdraw() {
            true => Sent::No,
            false => Sent::Maybe,
        }
    }

    /// True if the body is there for the taking, and is taken now or was before.
    fn take(&self) -> bool {
        self.change(|state| state != State::Withdrawn, State::Taken)
    }

    /// The one step in which the state changes, if it is one from which it may.
    fn change(&self, may: impl FnOnce(State) -> bool, next: State) -> bool {
        let mut watched = self.lock();
        let does = may(watched.state);
        if does && watched.state != next {
            watched.state = next;
            let waiting = std::mem::take(&mut watched.waiting);
            drop(watched);
            waiting.into_iter().for_each(Waker::wake);
        }
        does
    }

    fn reached(&self, wanted: State) -> impl Future<Output = ()> + '_ {
        poll_fn(move |context| {
            let mut watched = self.lock();
            if watched.state == wanted {
                return Poll::Ready(());
            }
            let waker = context.waker();
            if !watched.waiting.iter().any(|it| it.will_wake(waker)) {
                watched.waiting.push(waker.clone());
            }
            Poll::Pending
        })
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        lock(&self.0)
    }
}

fn withdrawn_error() -> TransportError {
    TransportError::new(TransportErrorKind::Withdrawn, Sent::No)
}

/// The body of a request that can be withdrawn until it is polled. [`SendWatch::announce`] makes it.
///
/// Its length stays what it was when it is withdrawn: a request whose head says so and whose body
/// never comes can never become whole.
#[derive(Debug)]
pub struct WatchedBody {
    watch: SendWatch,
    bytes: Option<Bytes>,
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        if !self.watch.take() {
            return Poll::Ready(Some(Err(withdrawn_error())));
        }
        let bytes = self.bytes.take().filter(|bytes| !bytes.is_empty());
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// For HTTP clients that block a thread: the body is taken when it is first read. One that was withdrawn before
/// gives an error.
///
/// ```
/// use std::io::Read;
///
/// use kirin_transport::SendWatch;
///
/// let watch = SendWatch::new();
/// let mut body = watch.announce("{}".into());
/// let mut sent = String::new();
/// body.read_to_string(&mut sent)?;
/// assert_eq!(sent, "{}");
/// assert!(watch.is_taken());
///
/// let watch = SendWatch::new();
/// let mut body = watch.announce("{}".into());
/// assert!(watch.withdraw());
/// assert!(body.read(&mut [0; 2]).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
impl Read for WatchedBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.watch.take() {
            return Err(io::Error::other(withdrawn_error()));
        }
        let Some(bytes) = &mut self.bytes else {
            return Ok(0);
        };
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes.split_to(count));
        Ok(count)
    }
}

/// Withdraws the body when it is dropped without an answer: no one waits for it any more.
#[cfg(feature = "hyper")]
pub(crate) struct UnlessAnswered<'a>(Option<&'a SendWatch>);

#[cfg(feature = "hyper")]
impl<'a> UnlessAnswered<'a> {
    pub(crate) fn withdraw(watch: &'a SendWatch) -> Self {
        Self(Some(watch))
    }

    /// A server may answer before it has the body, and reads on.
    pub(crate) fn answered(mut self) {
        self.0 = None;
    }
}

#[cfg(feature = "hyper")]
impl Drop for UnlessAnswered<'_> {
    fn drop(&mut self) {
        if let Some(watch) = self.0 {
            watch.withdraw();
        }
    }
}
