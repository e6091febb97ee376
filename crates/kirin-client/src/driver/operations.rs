//! What a client can be asked to do.

use kirin_types::{Callback, ExternalTaskId, GenerationRequest, Task, TaskRef};

use super::{
    Client, Generation, GenerationBuilder,
    operation::Resume,
    plan::{IdOrigin, Start},
    randomness, trace,
};
use crate::{
    Error, GenerationHandle, Intent, JournalChange, JournalEntry, JournalError, JournalWrite,
    machine::{Cause, Outcome},
    wire::{QueryAnswer, Trouble},
};

impl Client {
    /// Generates a video: creates the task and waits until it is finished. Await it for the
    /// finished task.
    ///
    /// An external task id is minted if the request has none, and is known before anything is sent
    /// ([`GenerationBuilder::external_task_id`]). Never submits twice unless it is
    /// safe; an error after the acceptance carries the task id. A task that ended in other words than
    /// the documented ones, and names an output, is finished too: its [`status`](Task::status) is that word.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use kirin_types::GenerationRequest;
    ///
    /// let request = GenerationRequest::builder("a fox").build()?;
    /// let task = client.generate(request).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// An id is to be minted, and the operating system gives no randomness.
    pub fn generate(&self, request: GenerationRequest) -> GenerationBuilder {
        let (request, origin) = match request.external_task_id() {
            Some(_) => (request, IdOrigin::Chosen),
            None => {
                let minted = Self::mint_external_task_id();
                (request.with_external_task_id(minted), IdOrigin::Minted)
            }
        };
        GenerationBuilder::new(self, Start::Generate(request), origin)
    }

    /// Creates a task, and gives the generation as soon as the service has it and the journal knows it:
    /// [`generate`](Self::generate) and [`GenerationBuilder::accepted`] in one, without anything to set.
    ///
    /// # Errors
    ///
    /// There is no task that can be waited for.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = kirin_types::GenerationRequest::builder("a fox").build()?;
    /// let generation = client.submit(request).await?;
    /// println!("accepted as {}", generation.handle().expect("it was accepted").task_id);
    /// let task = generation.await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A timeout around it leaves nothing in your hands. Where you want one, use
    /// [`GenerationBuilder::start`] and [`Generation::accepted`], which leave you the generation.
    pub async fn submit(&self, request: GenerationRequest) -> Result<Generation, Error> {
        self.generate(request).accepted().await
    }

    /// Continues a create of which a journal only knows that it may have been sent: the process
    /// that made it ended before the answer. The task is looked up by its external id and adopted;
    /// it is created again only where that cannot charge twice. Await it for the finished task.
    ///
    /// The process that made it must be gone: two that continue one create at the same time may send
    /// it twice. An intent that is older than a day, or without a time, is looked up and never sent
    /// again, because no one knows how long a host remembers an external id.
    ///
    /// An intent of another base URL or of another [account](crate::ClientBuilder::account) is unresolved here, and nothing
    /// is asked or sent: that this host or this user does not know it would prove nothing. One of another key is
    /// looked for, and continued if it is found; if not, it is unresolved, and nothing is sent.
    ///
    /// A create that ended as refused is looked up once more.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, intent: kirin_client::Intent) -> Result<(), Box<dyn std::error::Error>> {
    /// let task = client.reconcile(intent).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reconcile(&self, intent: Intent) -> GenerationBuilder<Resume> {
        self.go_on(Start::Reconcile(Box::new(intent)))
    }

    /// Sends a create again, under the same external id, although an earlier one may have been accepted:
    /// a decision of a person, for a create that is unresolved, or that was proved to be absent and
    /// repeated already; that one is looked up once more before it is sent. Where the service refuses duplicates it
    /// cannot charge twice; where it does not, and the earlier one was accepted after all, both are
    /// charged. What is lost this time is reconciled as ever. Await it for the finished task.
    ///
    /// As with [`reconcile`](Self::reconcile), the process that made the intent must be gone, and an intent
    /// of another base URL or account is unresolved here. So is one of another key, unless it is proved that
    /// nothing was created.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, intent: kirin_client::Intent) -> Result<(), Box<dyn std::error::Error>> {
    /// let found = client.reconcile(intent.clone()).await;
    /// // A person was asked whether they would rather pay twice than not have the video.
    /// let task = match found {
    ///     Err(error) if error.kind() == kirin_client::ErrorKind::Unresolved => {
    ///         client.send_again(intent).await?
    ///     }
    ///     found => found?,
    /// };
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_again(&self, intent: Intent) -> GenerationBuilder<Resume> {
        self.go_on(Start::SendAgain(Box::new(intent)))
    }

    /// Continues a task from its handle, in this process or another. Await it for the finished
    /// task.
    ///
    /// A handle of another base URL or of another [account](crate::ClientBuilder::account) is an error at once: what this
    /// host or this user says of the task would prove nothing. One of another key is continued, if that
    /// key finds the task; if not, nothing is said of the task and nothing is written down.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, written: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let handle: kirin_client::GenerationHandle = serde_json::from_str(written)?;
    /// let task = client.resume(handle).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(&self, handle: GenerationHandle) -> GenerationBuilder<Resume> {
        self.go_on(Start::Resume(handle))
    }

    /// Continues an entry of a journal, whatever its state, after a restart: with its task where it has one,
    /// and else with its create, as [`reconcile`](Self::reconcile) does. One that is completed is queried, so
    /// that its URLs are fresh. Await it for the finished task; when that is where it is wanted, say so with
    /// [`delivered`](Self::delivered).
    ///
    /// Each entry that [`is_unfinished`](JournalEntry::is_unfinished) is to be continued. The process that
    /// made it must be gone. Of several that continue one create, the journal lets one send; the others end
    /// with [`ErrorKind::UnderWay`](crate::ErrorKind::UnderWay).
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, entries: Vec<kirin_client::JournalEntry>) -> Result<(), Box<dyn std::error::Error>> {
    /// for entry in entries.into_iter().filter(|entry| entry.is_unfinished()) {
    ///     let id = entry.intent.request.external_task_id().cloned();
    ///     let task = client.resume_entry(entry).await?;
    ///     client.download(&task, format!("{}.mp4", task.id())).await?;
    ///     if let Some(id) = id {
    ///         client.delivered(&id).await?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume_entry(&self, entry: JournalEntry) -> GenerationBuilder<Resume> {
        match entry.handle() {
            Some(handle) => self.resume(handle).had_ended(entry.state.is_final()),
            None => self.reconcile(entry.intent),
        }
    }

    /// Waits for a task that was created before, by this process or another. Await it for the
    /// finished task.
    ///
    /// The task is named by the service's id, or by the external one: then it is looked for by that for
    /// ten seconds, and never created. Which of the two an id is, its type says.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use kirin_types::{ExternalTaskId, TaskId};
    ///
    /// let id: TaskId = "d5u5obte8783ap44qtj0".parse()?;
    /// let task = client.wait(id).await?;
    /// let external: ExternalTaskId = "order-42".parse()?;
    /// let task = client.wait(external).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A text could be either:
    ///
    /// ```compile_fail,E0283
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let task = client.wait("order-42".parse()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(&self, task: impl Into<TaskRef>) -> GenerationBuilder<Resume> {
        self.go_on(Start::Wait(task.into()))
    }

    fn go_on(&self, start: Start) -> GenerationBuilder<Resume> {
        GenerationBuilder::new(self, start, IdOrigin::default())
    }

    /// Queries a task once, by the service's id or by the external one.
    ///
    /// # Errors
    ///
    /// The service does not know the task, refuses to say, or cannot be reached.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let id: kirin_types::ExternalTaskId = "order-42".parse()?;
    /// let task = client.query(id).await?;
    /// println!("{:?}", task.state());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn query(&self, task: impl Into<TaskRef>) -> Result<Task, Error> {
        let asked = task.into();
        self.0.flow.pace.wait_for_turn().await;
        let work = self.query_once(asked.as_str(), self.call_policy().query_timeout());
        let event = trace::call("query", asked.as_str(), 1, work).await;
        // What answers a query is read as an answer to one.
        let cause = match event.query_answer().cloned().expect("an answer to a query") {
            QueryAnswer::Task(task) if asked.is_answered_by(&task) => return Ok(task),
            QueryAnswer::Task(_) => Cause::Trouble(Trouble::new("an answer about another task")),
            QueryAnswer::NotFound(refusal) => match asked {
                TaskRef::Id(id) => return Error::check(Outcome::Lost { id }),
                TaskRef::External(_) => Cause::Refused(refusal),
            },
            QueryAnswer::Refused(refusal) => Cause::Refused(refusal),
            QueryAnswer::Trouble(trouble) => Cause::Trouble(trouble),
        };
        Error::check(match asked {
            TaskRef::External(external_task_id) => Outcome::NotFound {
                external_task_id,
                cause,
            },
            TaskRef::Id(id) => Outcome::CannotQuery {
                id,
                cause,
                task: None,
            },
        })
    }

    /// Notes in the journal that the result of a create was delivered: until then a completed one
    /// counts as [unfinished](JournalEntry::is_unfinished). Without a journal there is nothing to note.
    ///
    /// # Errors
    ///
    /// The journal could not be written, or does not know that the task is completed.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = kirin_types::GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let task = client.generate(request).await?;
    /// let mut stream = client.download_stream(&task);
    /// let mut film = Vec::new();
    /// while let Some(data) = stream.next().await {
    ///     film.extend_from_slice(&data?);
    /// }
    /// // ... the film is kept.
    /// client.delivered(&"order-42".parse()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delivered(&self, id: &ExternalTaskId) -> Result<(), JournalError> {
        if !self.0.has_journal {
            return Ok(());
        }
        let create = self.create_id(id.clone());
        let write = JournalWrite::new(create, self.next_operation(), JournalChange::Deliver);
        self.0.journal.write(&write).await
    }

    /// Wakes the generations of this client that wait for the task of a callback: they query at
    /// once, at most once a second however many callbacks come. Whether there was one. Several clients
    /// are woken by one call of [`Wakes::wake`](crate::Wakes::wake).
    ///
    /// A callback may be forged, so nothing of it is believed but which task it is about: the answer
    /// of the query decides. One that comes before the create's answer is remembered, so `false` is
    /// no error. `CallbackReceiver` (feature `callbacks`) does this for a program without a web
    /// server; with one, hand the body of each POST to [`Callback::from_json`] and the callback to
    /// this.
    ///
    /// ```
    /// use kirin_types::Callback;
    ///
    /// # fn example(client: &kirin_client::Client) -> Result<(), kirin_types::DecodeError> {
    /// let body = br#"{"id":"d5u5obte8783ap44qtj0","status":"completed"}"#;
    /// let woken = client.wake(&Callback::from_json(body)?);
    /// # assert!(!woken, "nobody waits for it");
    /// # Ok(())
    /// # }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// #     let offline = kirin_transport::from_fn(|_| async { unreachable!("nothing is sent") });
    /// #     let builder = kirin_client::Client::builder("any-key".parse().unwrap());
    /// #     example(&builder.transport(offline).build().unwrap()).unwrap();
    /// # });
    /// ```
    pub fn wake(&self, callback: &Callback) -> bool {
        self.0.wakes.wake(callback)
    }

    /// A new external task id that no one else has: 128 random bits.
    ///
    /// ```
    /// use kirin_client::Client;
    ///
    /// assert_ne!(Client::mint_external_task_id(), Client::mint_external_task_id());
    /// ```
    ///
    /// # Panics
    ///
    /// The operating system gives no randomness.
    pub fn mint_external_task_id() -> ExternalTaskId {
        randomness::external_task_id()
    }
}
