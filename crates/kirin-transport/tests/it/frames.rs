//! A body that gives the frames of a list.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

/// Gives `frames` one by one, and announces `size` whatever they hold.
#[derive(Default)]
pub(crate) struct Frames {
    pub(crate) frames: VecDeque<Result<Frame<Bytes>, &'static str>>,
    pub(crate) size: SizeHint,
}

impl Frames {
    pub(crate) fn of_data(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        Self {
            frames: pieces.into_iter().map(|it| Ok(Frame::data(it))).collect(),
            size: SizeHint::default(),
        }
    }

    pub(crate) fn announcing(mut self, size: u64) -> Self {
        self.size = SizeHint::with_exact(size);
        self
    }

    pub(crate) fn then_trailers(mut self) -> Self {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", "42".parse().unwrap());
        self.frames.push_back(Ok(Frame::trailers(trailers)));
        self
    }

    pub(crate) fn then_data(mut self, data: &'static str) -> Self {
        let data = Bytes::from_static(data.as_bytes());
        self.frames.push_back(Ok(Frame::data(data)));
        self
    }

    pub(crate) fn then_error(mut self, error: &'static str) -> Self {
        self.frames.push_back(Err(error));
        self
    }
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.frames.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}
