//! The body of an answer: whole, slowly, or with far too much behind it.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::clock;

/// Bytes that are sent at once or one by one, and spaces.
pub(super) struct AnswerBody {
    bytes: Bytes,
    spaces: u64,
    every: Option<Duration>,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Most bytes that are handed to hyper at once: it copies them, and a video should not be copied for
/// each of its readers.
const PIECE: usize = 64 * 1024;

/// What the spaces are taken from.
static SPACES: [u8; PIECE] = [b' '; PIECE];

impl AnswerBody {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self {
            bytes,
            spaces: 0,
            every: None,
            pause: None,
        }
    }

    /// A byte at a time, with a pause before each.
    pub(super) fn slowly(bytes: Bytes, every: Duration) -> Self {
        Self {
            every: Some(every),
            ..Self::whole(bytes)
        }
    }

    /// With spaces behind it.
    pub(super) fn padded(bytes: Bytes, spaces: u64) -> Self {
        Self {
            spaces,
            ..Self::whole(bytes)
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        if !self.bytes.is_empty() {
            let most = match self.every {
                Some(_) => 1,
                None => self.bytes.len().min(PIECE),
            };
            return Some(self.bytes.split_to(most));
        }
        let piece = self.spaces.min(SPACES.len() as u64);
        self.spaces -= piece;
        // At most the length of the array.
        let piece = piece as usize;
        (piece > 0).then(|| Bytes::from_static(&SPACES[..piece]))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(every) = self.every.filter(|_| !self.bytes.is_empty()) {
            let pause = self
                .pause
                .get_or_insert_with(|| Box::pin(clock::pause(every)));
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        Poll::Ready(self.next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && self.spaces == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.bytes.len() as u64).saturating_add(self.spaces))
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AnswerBody")
            .field("bytes", &self.bytes.len())
            .field("spaces", &self.spaces)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}
