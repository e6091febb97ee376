//! One generation, or a part of one, in a caller's hands.

use std::{
    fmt,
    future::{Future, IntoFuture, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Poll,
};

use kirin_types::{ExternalTaskId, Task};

use super::{
    Client, Notices,
    driving::{CALLER, Driving},
    plan::Plan,
};
#[cfg(feature = "blocking")]
use crate::machine::Withheld;
use crate::{Error, GenerationHandle, machine::Machine};

/// A generation on its way, as [`GenerationBuilder::start`](super::GenerationBuilder::start) and
/// [`Client::submit`] give it.
///
/// Await it for the finished task; [`notices`](Self::notices) is a stream of what there is to tell on the
/// way. Nothing happens while neither is polled: spawn it to let it continue beside other work. Dropping it
/// stops the waiting, not the task: the service has no cancel, and a task that was accepted is paid for. What the
/// service has answered by then is still written to the journal, in a task of tokio's, as long as its runtime runs;
/// [`Client::drain`] waits for that.
///
/// It is neither a future nor a stream itself: adapters of the one, as `boxed`, stand behind
/// `generation.into_future()`, those of the other, as `map`, behind `generation.notices()`.
///
/// ```
/// use kirin_client::{Client, machine::Notice};
/// use kirin_emulator::{Emulator, EmulatorConfig};
/// use kirin_types::GenerationRequest;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let config = EmulatorConfig::default().task_time(std::time::Duration::ZERO);
/// # let emulator = Emulator::start(config).await?;
/// # let client = Client::builder("any-key".parse()?).base_url(emulator.base_url().parse()?).build()?;
/// let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
/// let mut generation = client.generate(request).start();
/// // Nothing was sent yet. Whatever happens from here on, the task can be found by this.
/// let id = generation.external_task_id().cloned();
///
/// let mut notices = generation.notices();
/// while let Some(notice) = notices.next().await {
///     if let Notice::Progress { progress: Some(progress), .. } = notice {
///         println!("{:.0} %", progress * 100.0);
///     }
/// }
/// // Where this process ends, another one goes on from here.
/// let handle = generation.handle().expect("it was accepted");
/// let task = generation.await?;
/// assert_eq!(*task.id(), handle.task_id);
/// assert_eq!(id, handle.external_task_id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What a generation is to do is said before it starts, on its
/// [`GenerationBuilder`](super::GenerationBuilder):
///
/// ```compile_fail,E0599
/// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
/// let time = std::time::Duration::from_secs(600);
/// let task = client.submit(request).await?.deadline(time).await?;
/// # Ok(())
/// # }
/// ```
///
/// A timeout of your own need not drop it: what is awaited by reference continues where it was.
///
/// ```no_run
/// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
/// use std::time::Duration;
///
/// let mut generation = client.generate(request).start();
/// let task = match tokio::time::timeout(Duration::from_secs(10), &mut generation).await {
///     Ok(ended) => ended?,
///     Err(_) => {
///         println!("it takes its time: {:?}", generation.external_task_id());
///         generation.await?
///     }
/// };
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens until it is awaited"]
pub struct Generation {
    client: Client,
    external_task_id: Option<ExternalTaskId>,
    caller: Caller,
}

/// Drops what is under way when its caller does.
struct Caller(Arc<Driving>);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Generation {
    pub(super) fn new(client: Client, plan: Plan, tags: Vec<String>) -> Self {
        let external_task_id = plan.start.external_task_id().cloned();
        let driving = Driving::new(client.clone(), plan, tags);
        Self {
            client,
            external_task_id,
            caller: Caller(Arc::new(driving)),
        }
    }

    /// Continues until the service has the task and the journal knows it, or this ends before. Where the journal cannot
    /// be told, a notice says so. Dropping the future that this gives, as
    /// a timeout does, drops nothing of the generation.
    ///
    /// # Errors
    ///
    /// The generation ended without a task that can be waited for.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
    /// let mut generation = client.generate(request).start();
    /// let handle = generation.accepted().await?;
    /// println!("accepted as {}", handle.task_id);
    /// let task = generation.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn accepted(&mut self) -> Result<GenerationHandle, Error> {
        let driving = &self.caller.0;
        let ended = poll_fn(|context| {
            let driven = driving.poll(CALLER, context);
            match (driving.progress.recorded_handle(), driven) {
                (Some(handle), _) => Poll::Ready(Ok(handle)),
                (None, Poll::Ready(())) => driving.poll_end(context).map(Err),
                (None, Poll::Pending) => Poll::Pending,
            }
        });
        match ended.await {
            Ok(handle) => Ok(handle),
            Err(Err(error)) => Err(error),
            Err(Ok(task)) => Ok(self.client.handle_of(&task)),
        }
    }

    /// The error of whoever must not wait for it here.
    #[cfg(feature = "blocking")]
    pub(crate) fn refused_in_async_task(&self) -> Error {
        let id = self.external_task_id();
        self.caller.0.refused(Withheld::InAsyncTask, id)
    }

    /// A stream of what there is to tell from now on. The first one begins with what was told before, the
    /// latest 64 of it.
    ///
    /// Whoever holds the generation opens a stream, before it is awaited by value. For those who come later, as
    /// several customers who watch one video, pass the notices on through a channel of your own:
    ///
    /// ```no_run
    /// # async fn example(mut generation: kirin_client::Generation) -> Result<(), kirin_client::Error> {
    /// let (sender, _) = tokio::sync::broadcast::channel(64);
    /// let mut notices = generation.notices();
    /// let passed_on = sender.clone(); // each who comes later calls `sender.subscribe()`
    /// tokio::spawn(async move {
    ///     while let Some(notice) = notices.next().await {
    ///         // It fails where nobody watches.
    ///         let _ = passed_on.send(notice);
    ///     }
    /// });
    /// let task = generation.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn notices(&mut self) -> Notices {
        Notices::open(&self.caller.0)
    }

    /// The id under which the task is created, known before anything is sent: with it the task can be found
    /// whatever happens. `None` where the generation continues a task that is not known by one.
    pub fn external_task_id(&self) -> Option<&ExternalTaskId> {
        self.external_task_id.as_ref()
    }

    /// What another process needs to continue the task, once the service has it; the journal may not know it yet.
    pub fn handle(&self) -> Option<GenerationHandle> {
        self.caller.0.progress.handle()
    }

    /// The caller's own words, as [`GenerationBuilder::tag`](super::GenerationBuilder::tag) was given them.
    pub fn tags(&self) -> &[String] {
        self.caller.0.progress.tags()
    }

    /// The task as last heard of, once the service has it.
    pub fn task(&self) -> Option<Task> {
        let progress = &self.caller.0.progress;
        progress.locked().machine.as_ref()?.task().cloned()
    }

    /// The machine as it stands, to be written down at any time; whoever takes it up in another
    /// process begins with [`Machine::after_restart`]. `None` before the journal has told what it knows.
    pub fn machine(&self) -> Option<Machine> {
        self.caller.0.progress.locked().machine.clone()
    }
}

impl IntoFuture for Generation {
    type Output = Result<Task, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let caller = self.caller;
        caller.0.progress.locked().keep_nothing();
        Box::pin(async move { poll_fn(|context| caller.0.poll_end(context)).await })
    }
}

/// The same by reference: dropped before its end, the generation continues where it was; awaited after its
/// end, it ends in the same way again.
impl<'a> IntoFuture for &'a mut Generation {
    type Output = Result<Task, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(poll_fn(|context| self.caller.0.poll_end(context)))
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Generation")
            .field("client", &self.client)
            .field("external_task_id", &self.external_task_id)
            .field("handle", &self.handle())
            .finish_non_exhaustive()
    }
}
