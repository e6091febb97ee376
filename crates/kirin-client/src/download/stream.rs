//! One output as a stream of bytes.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use kirin_types::Task;

use super::{
    Download, DownloadError, DownloadErrorKind, DownloadEvent,
    judgement::Received,
    outputs::Output,
    transfer::{OnEvent, Order, Step, Transfer, lag},
};
use crate::Client;

/// One output of a completed task as a stream of bytes, as [`Client::download_stream`] gives it.
/// Nothing happens until it is polled, and how slowly it is polled does not matter.
///
/// Where the transfer breaks off, the stream continues by itself, if the server said by a strong
/// entity tag which version of the output it sends. Bytes that were handed out cannot be taken
/// back: an output that changed, or that came without such a tag, ends the stream with an error.
/// Whether it is a whole video is known at its end only, so use nothing of it before. What could have
/// been cut unseen ends with an error, as with a [`Download`].
///
/// ```
/// use kirin_client::Client;
/// # use kirin_emulator::{Emulator, EmulatorConfig};
/// # use kirin_types::GenerationRequest;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let config = EmulatorConfig::default().task_time(std::time::Duration::ZERO);
/// # let emulator = Emulator::start(config).await?;
/// # let client = Client::builder("any-key".parse()?).base_url(emulator.base_url().parse()?).build()?;
/// # let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
/// # let task = client.generate(request).await?;
/// let mut stream = client.download_stream(&task);
/// let mut video = Vec::new();
/// while let Some(data) = stream.next().await {
///     video.extend_from_slice(&data?);
/// }
/// assert_eq!(&video[4..8], b"ftyp");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing happens until it is polled"]
pub struct DownloadStream(Mutex<State>);

enum State {
    Planned(Box<Plan>),
    /// Between two steps.
    Resting(Box<Transfer<'static>>),
    Stepping(Pin<Box<dyn Future<Output = Stepped> + Send>>),
    Over,
}

type Stepped = (Box<Transfer<'static>>, Result<Step, DownloadError>);

struct Plan {
    client: Client,
    task: Task,
    number: usize,
    is_watermarked: bool,
    max_bytes: u64,
    on_event: OnEvent<'static>,
}

impl Client {
    /// One output of a completed task as a stream of bytes: the first one, unless
    /// [`DownloadStream::output`] chooses another.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut stream = client.download_stream(&task);
    /// while let Some(data) = stream.next().await {
    ///     println!("{} bytes", data?.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn download_stream(&self, task: &Task) -> DownloadStream {
        DownloadStream::new(self, task)
    }
}

impl DownloadStream {
    pub(crate) fn new(client: &Client, task: &Task) -> Self {
        Self(Mutex::new(State::Planned(Box::new(Plan {
            client: client.clone(),
            task: task.clone(),
            number: 0,
            is_watermarked: false,
            max_bytes: Download::MAX_BYTES,
            on_event: Box::new(|_| {}),
        }))))
    }

    /// Chooses one of several outputs, counted from 0; the first if never called. Like all
    /// settings, it has no effect after the first poll.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// let stream = client.download_stream(&task).output(1).watermarked().max_bytes(1 << 30);
    /// let written = stream.on_event(|event| println!("{event:?}")).write_to(Vec::new()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn output(self, number: usize) -> Self {
        self.planned(|plan| plan.number = number)
    }

    /// Chooses the watermarked copy of the output.
    pub fn watermarked(self) -> Self {
        self.planned(|plan| plan.is_watermarked = true)
    }

    /// Sets how many bytes the output may have; [`Download::MAX_BYTES`] if never called.
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        self.planned(|plan| plan.max_bytes = max_bytes)
    }

    /// Calls `on_event` with what happens.
    pub fn on_event(self, on_event: impl FnMut(&DownloadEvent) + Send + 'static) -> Self {
        self.planned(|plan| plan.on_event = Box::new(on_event))
    }

    fn planned(mut self, set: impl FnOnce(&mut Plan)) -> Self {
        if let State::Planned(plan) = self.state() {
            set(plan);
        }
        self
    }

    /// No one else is at it: the lock only lets it be shared between threads.
    fn state(&mut self) -> &mut State {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next bytes, or `None` after the last ones. The same as the stream.
    ///
    /// # Errors
    ///
    /// The download failed. What was handed out is not the whole output.
    pub async fn next(&mut self) -> Option<Result<Bytes, DownloadError>> {
        std::future::poll_fn(|context| self.poll_bytes(context)).await
    }

    fn poll_bytes(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, DownloadError>>> {
        loop {
            let state = self.state();
            *state = match std::mem::replace(state, State::Over) {
                State::Planned(plan) => match plan.begin() {
                    Ok(transfer) => State::Resting(Box::new(transfer)),
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                State::Resting(transfer) => State::Stepping(Box::pin(step(transfer))),
                State::Stepping(mut stepping) => match stepping.as_mut().poll(context) {
                    Poll::Pending => {
                        *state = State::Stepping(stepping);
                        return Poll::Pending;
                    }
                    Poll::Ready((transfer, Ok(Step::Store(data)))) => {
                        *state = State::Resting(transfer);
                        return Poll::Ready(Some(Ok(data)));
                    }
                    // Only where nothing was handed out yet.
                    Poll::Ready((transfer, Ok(Step::Discard))) => State::Resting(transfer),
                    Poll::Ready((_, Ok(Step::Finished))) => return Poll::Ready(None),
                    Poll::Ready((_, Err(error))) => return Poll::Ready(Some(Err(error))),
                },
                State::Over => return Poll::Ready(None),
            };
        }
    }
}

async fn step(mut transfer: Box<Transfer<'static>>) -> Stepped {
    let step = transfer.next().await;
    (transfer, step)
}

impl Plan {
    fn begin(self) -> Result<Transfer<'static>, DownloadError> {
        let mut outputs = Output::all(&self.task).into_iter();
        let output = outputs.find(|output| output.is(self.number, self.is_watermarked));
        let order = Order {
            lag: lag(&self.task, self.client.wall_time()),
            client: self.client,
            task: self.task.id().clone(),
            output: output.ok_or_else(|| {
                let detail = "the task has no such output to download";
                DownloadError::new(DownloadErrorKind::NoOutput, detail)
            })?,
            max_bytes: self.max_bytes,
            can_discard: false,
        };
        Ok(Transfer::new(order, Received::default(), self.on_event))
    }
}

impl Stream for DownloadStream {
    type Item = Result<Bytes, DownloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_bytes(context)
    }
}

impl fmt::Debug for DownloadStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DownloadStream")
            .finish_non_exhaustive()
    }
}
