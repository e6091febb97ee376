//! What there is to tell of a generation, for whoever wants to hear it.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::driving::Driving;
use crate::machine::Notice;

/// What there is to tell of a generation on its way, as
/// [`Generation::notices`](super::Generation::notices) gives it: a stream to its end, and after that of
/// nothing.
///
/// It makes the generation continue as well as awaiting it does, so it may be read before the generation is
/// awaited, beside it, or in another task. Each stream tells everything from its beginning on: what is not
/// read is kept as long as you hold it. When the generation is dropped it comes to its end.
#[must_use = "a stream does nothing until it is polled"]
pub struct Notices {
    driving: Arc<Driving>,
    number: u64,
}

impl Notices {
    pub(super) fn open(driving: &Arc<Driving>) -> Self {
        Self {
            number: driving.progress.locked().open(),
            driving: Arc::clone(driving),
        }
    }

    /// The next thing that there is to tell, or `None` after the end. The same as the stream.
    ///
    /// ```no_run
    /// # async fn example(mut generation: kirin_client::Generation) -> Result<(), kirin_client::Error> {
    /// let mut notices = generation.notices();
    /// while let Some(notice) = notices.next().await {
    ///     println!("{notice:?}");
    /// }
    /// let task = generation.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Notice> {
        poll_fn(|context| self.poll_notice(context)).await
    }

    fn poll_notice(&self, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        let driven = self.driving.poll(self.number, context);
        match (self.driving.progress.locked().next(self.number), driven) {
            (Some(notice), _) => Poll::Ready(Some(notice)),
            (None, Poll::Ready(())) => Poll::Ready(None),
            (None, Poll::Pending) => Poll::Pending,
        }
    }
}

impl Stream for Notices {
    type Item = Notice;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        self.poll_notice(context)
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        self.driving.progress.locked().close(self.number);
        self.driving.forget(self.number);
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Notices").finish_non_exhaustive()
    }
}
