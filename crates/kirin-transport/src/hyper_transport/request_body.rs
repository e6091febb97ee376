//! The body that hyper gets: one that can be withdrawn.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::WatchedBody;

/// A request body whose error, when it was withdrawn, makes hyper end the stream with CANCEL.
pub(super) struct RequestBody(pub(super) WatchedBody);

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.0).poll_frame(context).map_err(withdrawn)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// Of any other error hyper makes INTERNAL_ERROR, and a server may count those.
#[cfg(feature = "http2")]
fn withdrawn(_error: crate::TransportError) -> Box<dyn Error + Send + Sync> {
    h2::Error::from(h2::Reason::CANCEL).into()
}

#[cfg(not(feature = "http2"))]
fn withdrawn(error: crate::TransportError) -> Box<dyn Error + Send + Sync> {
    error.into()
}
