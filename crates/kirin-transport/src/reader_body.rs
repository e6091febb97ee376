//! A body whose bytes come from a reader that blocks.

use std::{
    io::{self, ErrorKind, Read},
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    task::{Context, Poll, Waker, ready},
    thread,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::{Body, TransportError, body::cut, lock::lock};

/// The largest piece that is read at once. Three of them are in memory at most: one that is read, one that
/// waits, and one in the hands of whoever polls the body.
const PIECE: usize = 16 << 10;

impl Body {
    /// The body that a reader gives to its end: for HTTP clients that block a thread.
    ///
    /// It is read on a thread of its own, which starts when the body is first polled and is one piece of 16 KiB
    /// ahead at most. A reader that fails ends the body with an error whose source is that of the reader; one that
    /// panics ends it with an error too. Dropping the body ends the thread as soon as the read that is under way
    /// comes back, so give the reader a timeout.
    ///
    /// A reader that ends early without an error passes for a whole body. Where the head of the response
    /// announced a length, use [`from_reader_with_length`](Self::from_reader_with_length).
    ///
    /// ```
    /// use kirin_transport::Body;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let body = Body::from_reader(std::io::Cursor::new("hello"));
    /// assert_eq!(body.collect(1024).await?, "hello");
    /// # Ok::<(), kirin_transport::TransportError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_reader(reader: impl Read + Send + 'static) -> Self {
        Self::own(ReaderBody {
            state: State::Unread(Box::new(reader)),
            missing: None,
        })
    }

    /// The first `length` bytes that a reader gives: for a response whose head announces a length
    /// (`Content-Length`). A reader that ends before ends the body with an error, and nothing is read beyond.
    /// Else it is as [`from_reader`](Self::from_reader).
    ///
    /// ```
    /// use kirin_transport::{Body, TransportErrorKind};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let body = Body::from_reader_with_length(std::io::Cursor::new("hel"), 5);
    /// let error = body.collect(1024).await.unwrap_err();
    /// assert_eq!(error.kind(), TransportErrorKind::Body);
    /// # });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_reader_with_length(reader: impl Read + Send + 'static, length: u64) -> Self {
        Self::own(ReaderBody {
            state: State::Unread(Box::new(reader.take(length))),
            missing: Some(length),
        })
    }
}

struct ReaderBody {
    state: State,
    /// How many bytes are still to come, where that is known.
    missing: Option<u64>,
}

enum State {
    Unread(Box<dyn Read + Send>),
    Reading(Pieces),
    Over,
}

impl ReaderBody {
    /// The next piece, which is empty at the end.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        if self.missing == Some(0) {
            return Poll::Ready(Ok(Bytes::new()));
        }
        let pieces = match mem::replace(&mut self.state, State::Over) {
            State::Unread(reader) => Pieces::read(reader)?,
            State::Reading(pieces) => pieces,
            State::Over => return Poll::Ready(Ok(Bytes::new())),
        };
        let piece = pieces.poll(context);
        self.state = State::Reading(pieces);
        let piece = ready!(piece)?;
        if let Some(missing) = &mut self.missing {
            if piece.is_empty() {
                let reason = format!("the body ended {missing} bytes before its length");
                return Poll::Ready(Err(io::Error::new(ErrorKind::UnexpectedEof, reason)));
            }
            // It is read through `take`, so it has no more.
            *missing = missing.saturating_sub(piece.len() as u64);
        }
        Poll::Ready(Ok(piece))
    }
}

impl http_body::Body for ReaderBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let piece = ready!(self.poll_piece(context));
        Poll::Ready(match piece {
            Ok(piece) if !piece.is_empty() => Some(Ok(Frame::data(piece))),
            ended => {
                *self = Self {
                    state: State::Over,
                    missing: Some(0),
                };
                ended.err().map(|error| Err(cut(error)))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.missing == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.missing
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// What the thread has read.
struct Pieces {
    pieces: Receiver<io::Result<Bytes>>,
    waiting: Arc<Waiting>,
}

impl Pieces {
    fn read(reader: Box<dyn Read + Send>) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(1);
        let waiting = Arc::<Waiting>::default();
        let thread = Thread {
            sender,
            waiting: WakeWhenDropped(Arc::clone(&waiting)),
        };
        let builder = thread::Builder::new().name("kirin-body".into());
        builder.spawn(move || thread.read(reader))?;
        Ok(Self { pieces, waiting })
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        if let Poll::Ready(piece) = self.try_next() {
            return Poll::Ready(piece);
        }
        self.waiting.set(Some(context.waker().clone()));
        // One may have come before the thread could see who waits.
        self.try_next()
    }

    fn try_next(&self) -> Poll<io::Result<Bytes>> {
        match self.pieces.try_recv() {
            Ok(piece) => Poll::Ready(piece),
            Err(TryRecvError::Empty) => Poll::Pending,
            // The thread says when it is at the end, unless it cannot.
            Err(TryRecvError::Disconnected) => {
                Poll::Ready(Err(io::Error::other("the reader of the body panicked")))
            }
        }
    }
}

/// The side of the thread. The sender is dropped first, so that who is woken sees the end.
struct Thread {
    sender: SyncSender<io::Result<Bytes>>,
    waiting: WakeWhenDropped,
}

impl Thread {
    /// Reads until the end, or until the body is dropped.
    fn read(self, mut reader: impl Read) {
        let mut buffer = vec![0; PIECE];
        loop {
            let piece = match reader.read(&mut buffer) {
                Ok(count) => Ok(Bytes::copy_from_slice(&buffer[..count])),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_last = piece.as_ref().map_or(true, Bytes::is_empty);
            if self.sender.send(piece).is_err() || is_last {
                return;
            }
            self.waiting.0.wake();
        }
    }
}

/// Who waits for the next piece.
#[derive(Default)]
struct Waiting(Mutex<Option<Waker>>);

impl Waiting {
    fn set(&self, waker: Option<Waker>) -> Option<Waker> {
        let mut waiting = lock(&self.0);
        mem::replace(&mut *waiting, waker)
    }

    fn wake(&self) {
        if let Some(waker) = self.set(None) {
            waker.wake();
        }
    }
}

struct WakeWhenDropped(Arc<Waiting>);

impl Drop for WakeWhenDropped {
    fn drop(&mut self) {
        self.0.wake();
    }
}
