//! What is said of a generation before it starts.

use std::{
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use kirin_types::{ExternalTaskId, InvalidRequest, Task};

use super::{
    Client, Generation,
    plan::{IdOrigin, Plan, Start},
};
use crate::{Budget, Error, PollSchedule};

/// What a [`GenerationBuilder`] begins, as its type parameter: what is said of a create cannot be said where
/// nothing is created.
///
/// ```compile_fail,E0599
/// # async fn example(client: kirin_client::Client, id: kirin_types::TaskId) -> Result<(), Box<dyn std::error::Error>> {
/// let task = client.wait(id).callback_url("https://example.com/hook")?.await?;
/// # Ok(())
/// # }
/// ```
pub mod operation {
    /// A create: [`Client::generate`](crate::Client::generate).
    #[derive(Debug)]
    #[non_exhaustive]
    pub struct Create;

    /// To continue what was begun before: [`Client::wait`](crate::Client::wait),
    /// [`resume`](crate::Client::resume), [`reconcile`](crate::Client::reconcile) and
    /// [`send_again`](crate::Client::send_again).
    #[derive(Debug)]
    #[non_exhaustive]
    pub struct Resume;
}

/// A generation that has not started: what it is to do is said here, and nowhere later.
///
/// Await it for the finished task; [`start`](Self::start) gives the running [`Generation`], with its
/// notices and its handle.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_client::Client;
/// use kirin_emulator::{Emulator, EmulatorConfig};
/// use kirin_types::GenerationRequest;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let config = EmulatorConfig::default().task_time(std::time::Duration::ZERO);
/// # let emulator = Emulator::start(config).await?;
/// # let client = Client::builder("any-key".parse()?).base_url(emulator.base_url().parse()?).build()?;
/// let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
/// let builder = client.generate(request).deadline(Duration::from_secs(600)).tag("boats");
/// // It was minted, and nothing was sent yet.
/// println!("about to create {}", builder.external_task_id());
/// let task = builder.await?;
/// assert_eq!(task.status(), Some("completed"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing happens until it is awaited or started"]
pub struct GenerationBuilder<O = operation::Create> {
    client: Client,
    plan: Plan,
    tags: Vec<String>,
    operation: PhantomData<fn() -> O>,
}

impl<O> GenerationBuilder<O> {
    pub(super) fn new(client: &Client, start: Start, id_origin: IdOrigin) -> Self {
        let handle = start.handle();
        Self {
            client: client.clone(),
            tags: handle.map_or_else(Vec::new, |handle| handle.tags.clone()),
            plan: Plan {
                start,
                id_origin,
                deadline: client.0.deadline,
                schedule: client.0.schedule.clone(),
                budget: None,
                had_ended: false,
            },
            operation: PhantomData,
        }
    }

    /// Says that an earlier operation has seen the end of the task: it is asked again, and not counted again.
    pub(super) fn had_ended(mut self, had_ended: bool) -> Self {
        self.plan.had_ended = had_ended;
        self
    }

    /// Sets how long to wait, in place of the client's setting. It counts from the first poll, so the wait for a
    /// turn counts too ([`ClientBuilder::deadline`](super::ClientBuilder::deadline)).
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
    /// let task = client.generate(request).deadline(std::time::Duration::from_secs(600)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.plan.deadline = Some(Some(deadline));
        self
    }

    /// Waits for ever.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
    /// let task = client.generate(request).forever().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn forever(mut self) -> Self {
        self.plan.deadline = Some(None);
        self
    }

    /// Sets when the task is queried, in place of the client's setting.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
    /// use kirin_client::PollSchedule;
    ///
    /// let each_minute = PollSchedule::Fixed(std::time::Duration::from_secs(60));
    /// let task = client.generate(request).schedule(each_minute).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn schedule(mut self, schedule: PollSchedule) -> Self {
        self.plan.schedule = Some(schedule);
        self
    }

    /// Sets what this create may cost, beside the budget of the client: both have to allow it. It does nothing
    /// for a task that was accepted before.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    ///
    /// let customer = Arc::new(kirin_client::Budget::new("2.00".parse()?)); // shared by all of its videos
    /// let task = client.generate(request).budget(customer.clone()).await?;
    /// println!("{} USD of 2.00 are spent", customer.spent());
    /// # Ok(())
    /// # }
    /// ```
    pub fn budget(mut self, budget: impl Into<Arc<Budget>>) -> Self {
        self.plan.budget = Some(budget.into());
        self
    }

    /// Adds a word of your own, by which you know the generation again. It is never sent: it is in the
    /// [`Generation`], in its [handle](crate::GenerationHandle::tags) and so in the handle of an error, and
    /// with the feature `tracing` in its span.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
    /// let mut generation = client.generate(request).tag("customer 7").tag("trailer").start();
    /// assert_eq!(generation.accepted().await?.tags, ["customer 7", "trailer"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Starts it: nothing can be set any more. Nothing is sent before it is polled.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
    /// let generation = client.generate(request).start();
    /// println!("{:?}", generation.external_task_id());
    /// let task = generation.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(self) -> Generation {
        Generation::new(self.client, self.plan, self.tags)
    }

    /// Starts it, and continues until the service has the task: [`start`](Self::start) and
    /// [`Generation::accepted`] in one. Dropped before that, as by a timeout, it leaves nothing in your
    /// hands but the id; where you need more, start it first.
    ///
    /// # Errors
    ///
    /// The generation ended without a task that can be waited for.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
    /// use std::time::Duration;
    ///
    /// let generation = client.generate(request).deadline(Duration::from_secs(600)).accepted().await?;
    /// println!("accepted as {}", generation.handle().expect("it was accepted").task_id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn accepted(self) -> Result<Generation, Error> {
        let mut generation = self.start();
        generation.accepted().await?;
        Ok(generation)
    }
}

impl GenerationBuilder<operation::Create> {
    /// The external task id, the caller's or a minted one: under it the task is created, and can be found
    /// whatever happens. It is known before anything is sent.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), kirin_client::Error> {
    /// use std::time::Duration;
    ///
    /// let builder = client.generate(request.clone());
    /// let id = builder.external_task_id().clone();
    /// let task = match tokio::time::timeout(Duration::from_secs(10), builder).await {
    ///     Ok(ended) => ended?,
    ///     // It was dropped, and may have been sent: the same client goes on with it, and never sends twice.
    ///     Err(_) => client.generate(request.with_external_task_id(id)).await?,
    /// };
    /// # Ok(())
    /// # }
    /// ```
    pub fn external_task_id(&self) -> &ExternalTaskId {
        let id = self.plan.start.external_task_id();
        // `Client::generate` mints one where the request has none.
        id.expect("a create has an external task id")
    }

    /// Sets where the service reports a change of the task's status, in place of the request's own: an
    /// absolute http or https URL.
    ///
    /// # Errors
    ///
    /// It is no such URL, or the model has no callbacks.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), Box<dyn std::error::Error>> {
    /// let task = client.generate(request).callback_url("https://example.com/hook")?.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn callback_url(mut self, url: impl Into<String>) -> Result<Self, InvalidRequest> {
        if let Start::Generate(request) = &mut self.plan.start {
            *request = request.clone().with_callback_url(url)?;
        }
        Ok(self)
    }

    /// Says that the external task id of the request was made up for this create a moment ago, and that
    /// no one else uses it: a task that has it is ours, however old it seems. A request without an id gets
    /// one of which this holds.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let id = kirin_client::Client::mint_external_task_id();
    /// let request = kirin_types::GenerationRequest::builder("a fox").external_task_id(id.as_str()).build()?;
    /// let task = client.generate(request).with_minted_id().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_minted_id(mut self) -> Self {
        self.plan.id_origin = IdOrigin::Minted;
        self
    }

    /// Says that the external task id of the request follows from what is asked for, as that of a line of
    /// a file, and that no one else uses it: a task that has it is ours, also one of an earlier run.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = kirin_types::GenerationRequest::builder("a fox").external_task_id("line-1-5f3a").build()?;
    /// let task = client.generate(request).with_derived_id().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_derived_id(mut self) -> Self {
        self.plan.id_origin = IdOrigin::Derived;
        self
    }
}

impl<O> From<GenerationBuilder<O>> for Generation {
    fn from(builder: GenerationBuilder<O>) -> Self {
        builder.start()
    }
}

impl<O> IntoFuture for GenerationBuilder<O> {
    type Output = Result<Task, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        self.start().into_future()
    }
}

impl<O> fmt::Debug for GenerationBuilder<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GenerationBuilder")
            .field("client", &self.client)
            .field("external_task_id", &self.plan.start.external_task_id())
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}
