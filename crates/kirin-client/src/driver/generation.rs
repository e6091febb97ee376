//! One generation, or a part of one, in a caller's hands.

use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use kirin_types::Task;

use super::{
    Client,
    plan::{IdOrigin, Plan},
    run::run,
};
use crate::{
    Budget, Error, GenerationHandle,
    machine::{Machine, Notice},
};

/// A generation on its way, as [`Client::generate`], [`Client::submit`], [`Client::wait`],
/// [`Client::resume`] and [`Client::reconcile`] give it.
///
/// It is a future of the finished task, and a stream of what there is to tell on the way. Nothing
/// happens while nobody polls it: spawn it to let it go on beside other work. Dropping it stops the
/// waiting, not the task: the service has no cancel, and a task that was accepted is paid for.
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
/// let mut generation = client.submit(request).await?;
/// // Where this process ends, another one goes on from here.
/// let handle = generation.handle().expect("it was accepted");
///
/// while let Some(notice) = generation.next().await {
///     if let Notice::Progress { progress: Some(progress), .. } = notice {
///         println!("{:.0} %", progress * 100.0);
///     }
/// }
/// let task = generation.await?;
/// assert_eq!(*task.id(), handle.task_id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing happens until it is awaited"]
pub struct Generation {
    client: Client,
    state: State,
    told: Arc<Told>,
}

enum State {
    Planned(Box<Plan>),
    Running(Pin<Box<dyn Future<Output = Result<Task, Error>> + Send>>),
    Ended(Result<Box<Task>, Error>),
    /// The end was handed out.
    Over,
}

/// What the running generation and its handle share.
#[derive(Default)]
pub(super) struct Told(Mutex<Latest>);

#[derive(Default)]
pub(super) struct Latest {
    pub(super) machine: Option<Machine>,
    pub(super) handle: Option<GenerationHandle>,
    pub(super) notices: VecDeque<Notice>,
}

impl Told {
    pub(super) fn locked(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn with_handle(&self, error: Error) -> Error {
        match self.locked().handle.clone() {
            Some(handle) => error.with_handle(handle),
            None => error,
        }
    }
}

impl Generation {
    pub(super) fn new(client: &Client, plan: Plan) -> Self {
        Self {
            client: client.clone(),
            state: State::Planned(Box::new(plan)),
            told: Arc::default(),
        }
    }

    /// Sets how long to wait, in place of the client's setting. It counts from the first poll, and
    /// cannot be changed after it.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.set_deadline(Some(deadline));
        self
    }

    /// Waits for ever.
    pub fn forever(mut self) -> Self {
        self.set_deadline(None);
        self
    }

    /// Sets what this create may cost, beside the budget of the client: both have to allow it. It does nothing
    /// for a task that was accepted before.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, request: kirin_types::GenerationRequest) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    ///
    /// let customer = Arc::new(kirin_client::Budget::new("2.00".parse()?));
    /// let task = client.generate(request).budget(customer.clone()).await?;
    /// println!("{} USD of 2.00 are spent", customer.spent());
    /// # Ok(())
    /// # }
    /// ```
    pub fn budget(mut self, budget: Arc<Budget>) -> Self {
        if let State::Planned(plan) = &mut self.state {
            plan.budget = Some(budget);
        }
        self
    }

    /// Says that the external task id of the request was made up for this create a moment ago, and that
    /// nobody else uses it: a task that has it is ours, however old it seems. A request without an id gets
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
    pub fn with_minted_id(self) -> Self {
        self.with_id_origin(IdOrigin::Minted)
    }

    /// Says that the external task id of the request follows from what is asked for, as that of a line of
    /// a file, and that nobody else uses it: a task that has it is ours, also one of an earlier run.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = kirin_types::GenerationRequest::builder("a fox").external_task_id("line-1-5f3a").build()?;
    /// let task = client.generate(request).with_derived_id().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_derived_id(self) -> Self {
        self.with_id_origin(IdOrigin::Derived)
    }

    fn with_id_origin(mut self, origin: IdOrigin) -> Self {
        if let State::Planned(plan) = &mut self.state {
            plan.id_origin = origin;
        }
        self
    }

    fn set_deadline(&mut self, deadline: Option<Duration>) {
        if let State::Planned(plan) = &mut self.state {
            plan.deadline = Some(deadline);
        }
    }

    /// Goes on until the service has the task, or this ends before. What is told on the way is kept
    /// for [`next`](Self::next).
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
    pub async fn accepted(mut self) -> Result<Self, Error> {
        poll_fn(|context| {
            let ended = self.drive(context).is_ready();
            match ended || self.told.locked().handle.is_some() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        let was_accepted = self.told.locked().handle.is_some();
        match std::mem::replace(&mut self.state, State::Over) {
            State::Ended(Err(error)) if !was_accepted => Err(error),
            state => {
                self.state = state;
                Ok(self)
            }
        }
    }

    /// The next thing that there is to tell, or `None` after the end. The same as the stream.
    pub async fn next(&mut self) -> Option<Notice> {
        poll_fn(|context| self.poll_notice(context)).await
    }

    /// What another process needs to go on with the task, once the service has it.
    pub fn handle(&self) -> Option<GenerationHandle> {
        self.told.locked().handle.clone()
    }

    /// The task as last heard of, once the service has it.
    pub fn task(&self) -> Option<Task> {
        self.told.locked().machine.as_ref()?.task().cloned()
    }

    /// The machine as it stands, to be written down at any time; whoever takes it up in another
    /// process begins with [`Machine::after_restart`]. `None` before the journal has told what it knows.
    pub fn machine(&self) -> Option<Machine> {
        self.told.locked().machine.clone()
    }

    /// Drives it to its end, which stays in `self.state`.
    fn drive(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let State::Planned(_) = self.state
            && let State::Planned(plan) = std::mem::replace(&mut self.state, State::Over)
        {
            let run = run(self.client.clone(), *plan, Arc::clone(&self.told));
            self.state = State::Running(Box::pin(run));
        }
        let State::Running(running) = &mut self.state else {
            return Poll::Ready(());
        };
        running.as_mut().poll(context).map(|ended| {
            self.state = State::Ended(ended.map(Box::new));
        })
    }

    fn poll_notice(&mut self, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        let driven = self.drive(context);
        match (self.told.locked().notices.pop_front(), driven) {
            (Some(notice), _) => Poll::Ready(Some(notice)),
            (None, Poll::Ready(())) => Poll::Ready(None),
            (None, Poll::Pending) => Poll::Pending,
        }
    }
}

impl Future for Generation {
    type Output = Result<Task, Error>;

    /// # Panics
    ///
    /// It was polled after its end, as futures do.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let driven = self.drive(context);
        // Nobody reads them.
        self.told.locked().notices = VecDeque::new();
        match driven {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => match std::mem::replace(&mut self.state, State::Over) {
                State::Ended(ended) => Poll::Ready(ended.map(|task| *task)),
                _ => panic!("a generation was polled after its end"),
            },
        }
    }
}

impl Stream for Generation {
    type Item = Notice;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        self.poll_notice(context)
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Generation")
            .field("client", &self.client)
            .field("handle", &self.handle())
            .finish_non_exhaustive()
    }
}
