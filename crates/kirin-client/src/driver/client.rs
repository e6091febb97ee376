//! The client that people hold in their hands.

use std::{
    collections::VecDeque,
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kirin_transport::Transport;
use kirin_types::{Callback, ExternalTaskId, GenerationRequest, Task, TaskId, TaskRef, Timestamp};

use super::{
    ClientBuilder, Generation, GenerationBuilder,
    claims::Claims,
    clock::{Clock, WallClock},
    drain::Drain,
    flow::Flow,
    operation::Resume,
    plan::{IdOrigin, Start},
    randomness, trace,
    wakes::Wakes,
};
use crate::{
    AccountName, ApiKey, BaseUrl, Budget, CallPolicy, Control, CreateId, Download, DownloadStream,
    Error, GenerationHandle, HostCapabilities, Intent, Journal, JournalChange, JournalEntry,
    JournalError, JournalWrite, KeyFingerprint, OperationId, PollSchedule,
    machine::{Cause, ClockDifference, Outcome},
    plain_host::PlainHost,
    wire::{Endpoint, QueryAnswer, Trouble},
};

/// Accepted tasks that are kept as controls: the latest.
const MOST_CONTROLS: usize = 4;

/// A client of the Kirin API, for one key and one base URL. Clones share everything.
///
/// ```
/// use kirin_client::Client;
/// use kirin_emulator::{Emulator, EmulatorConfig};
/// use kirin_types::GenerationRequest;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let config = EmulatorConfig::default().task_time(std::time::Duration::ZERO);
/// # let emulator = Emulator::start(config).await?;
/// let client = Client::builder("any-key".parse()?).base_url(emulator.base_url().parse()?).build()?;
/// let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
/// let task = client.generate(request).await?;
/// assert_eq!(task.status(), Some("completed"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) endpoint: Endpoint,
    /// Where its outputs may be without encryption.
    pub(super) plain_host: Option<PlainHost>,
    pub(super) fingerprint: KeyFingerprint,
    pub(super) account: Option<AccountName>,
    pub(super) transport: Arc<dyn Transport>,
    /// The caller's, or one that remembers what is open as long as the client lives.
    pub(super) journal: Arc<dyn Journal>,
    pub(super) has_journal: bool,
    pub(super) budget: Option<Arc<Budget>>,
    pub(super) capabilities: Mutex<HostCapabilities>,
    /// Tasks that look-ups must find: declared, and the latest that were accepted.
    pub(super) declared_controls: Vec<Control>,
    pub(super) controls: Mutex<VecDeque<Control>>,
    /// As the latest answer showed it.
    pub(super) clock_difference: Mutex<Option<ClockDifference>>,
    /// How long tasks take at an emulator, as it says.
    pub(super) typical_time: Mutex<Option<Duration>>,
    /// Nobody else has it, and the number of the next operation.
    pub(super) number: u128,
    pub(super) operations: AtomicU64,
    pub(super) deadline: Option<Option<Duration>>,
    pub(super) schedule: Option<PollSchedule>,
    pub(super) call_policy: CallPolicy,
    pub(super) expects_callbacks: bool,
    pub(super) flow: Flow,
    pub(super) claims: Arc<Claims>,
    /// The creates of which something that has happened is being written down.
    pub(super) reports: Arc<Claims>,
    pub(super) drain: Arc<Drain>,
    pub(super) wakes: Wakes,
    pub(super) wall_clock: WallClock,
    /// Of the next generation.
    pub(super) jitter_seed: AtomicU64,
}

impl Client {
    /// How long one call may take, from the first byte sent to the last one received, unless a
    /// [`CallPolicy`] says otherwise. Near the
    /// deadline of its operation it has less, and 5 s at least. Of a refusal the head counts, and
    /// its body is waited for for 5 s.
    pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);

    /// Starts a client with its key.
    pub fn builder(key: ApiKey) -> ClientBuilder {
        ClientBuilder::new(key)
    }

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
    /// A time-out around it leaves nothing in your hands. Where you want one, use
    /// [`GenerationBuilder::start`] and [`Generation::accepted`], which leave you the generation.
    pub async fn submit(&self, request: GenerationRequest) -> Result<Generation, Error> {
        self.generate(request).accepted().await
    }

    /// Goes on with a create of which a journal only knows that it may have been sent: the process
    /// that made it ended before the answer. The task is looked up by its external id and adopted;
    /// it is created again only where that cannot charge twice. Await it for the finished task.
    ///
    /// The process that made it must be gone: two that go on with one create at the same time may send
    /// it twice. An intent that is older than a day, or without a time, is looked up and never sent
    /// again, because nobody knows how long a host remembers an external id.
    ///
    /// An intent of another base URL or of another [account](ClientBuilder::account) is unresolved here, and nothing
    /// is asked or sent: that this host or this user does not know it would prove nothing. One of another key is
    /// looked for, and gone on with if it is found; if not, it is unresolved, and nothing is sent.
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

    /// Goes on with a task from its handle, in this process or another. Await it for the finished
    /// task.
    ///
    /// A handle of another base URL or of another [account](ClientBuilder::account) is an error at once: what this
    /// host or this user says of the task would prove nothing. One of another key is gone on with, if that
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

    /// Goes on with an entry of a journal, whatever its state, after a restart: with its task where it has one,
    /// and else with its create, as [`reconcile`](Self::reconcile) does. One that is completed is queried, so
    /// that its URLs are fresh. Await it for the finished task; when that is where it is wanted, say so with
    /// [`delivered`](Self::delivered).
    ///
    /// Each entry that [`is_unfinished`](JournalEntry::is_unfinished) is to be gone on with. The process that
    /// made it must be gone. Of several that go on with one create, the journal lets one send; the others end
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

    /// Notes in the journal that what came of a create is where it is wanted: until then a completed one
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

    /// Wakes the generations of this client that wait for the task of a callback: they query at
    /// once, at most once a second however many callbacks come. Whether there was one. Several clients
    /// are woken by one call of [`Wakes::wake`].
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
        self.0.flow.pace.turn().await;
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

    /// Downloads the videos of a completed task; the first to `path`. Await it for the paths of
    /// the files written.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// let paths = client.download(&task, "fox.mp4").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(&self, task: &Task, path: impl Into<PathBuf>) -> Download<'static> {
        Download::new(self, task, path.into())
    }

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

    /// A new external task id that nobody else has: 128 random bits.
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

    /// Where the API is.
    pub fn base_url(&self) -> &BaseUrl {
        self.0.endpoint.base_url()
    }

    /// What tells the client's key from others, and nothing of what it is: 16 hexadecimal digits, the
    /// beginning of a SHA-256. It is no secret; a journal and a handle keep it to know whose a task is.
    ///
    /// ```
    /// use kirin_client::{ApiKey, Client};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let key: ApiKey = "sk-0123456789".parse()?;
    /// let client = Client::builder(key.clone()).base_url("http://127.0.0.1:4010".parse()?).build()?;
    /// assert_eq!(*client.key_fingerprint(), key.fingerprint());
    /// println!("this client pays with the key {}", client.key_fingerprint());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn key_fingerprint(&self) -> &KeyFingerprint {
        &self.0.fingerprint
    }

    /// The user that the key is of, where the client was given a name.
    pub fn account(&self) -> Option<&AccountName> {
        self.0.account.as_ref()
    }

    /// Which create of this client an external task id is.
    pub(super) fn create_id(&self, id: ExternalTaskId) -> CreateId {
        let (base_url, key) = (self.base_url().clone(), self.0.fingerprint.clone());
        CreateId::new(base_url, key, id).with_account(self.0.account.clone())
    }

    /// What is declared or was learned of the host.
    pub fn capabilities(&self) -> HostCapabilities {
        *self
            .0
            .capabilities
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn plain_host(&self) -> Option<&PlainHost> {
        self.0.plain_host.as_ref()
    }

    pub(crate) fn call_policy(&self) -> &CallPolicy {
        &self.0.call_policy
    }

    pub(super) fn learn(&self, learned: HostCapabilities) {
        self.0
            .capabilities
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .learn_from(learned);
    }

    /// What look-ups must find: what was declared, and what was accepted last.
    pub(super) fn controls(&self) -> Vec<Control> {
        let seen = self.0.controls.lock();
        let seen = seen.unwrap_or_else(PoisonError::into_inner);
        seen.iter()
            .chain(&self.0.declared_controls)
            .cloned()
            .collect()
    }

    pub(super) fn learn_control(&self, control: Control) {
        let seen = self.0.controls.lock();
        let mut seen = seen.unwrap_or_else(PoisonError::into_inner);
        seen.push_front(control);
        seen.truncate(MOST_CONTROLS);
    }

    pub(super) fn clock_difference(&self) -> Option<ClockDifference> {
        let difference = self.0.clock_difference.lock();
        *difference.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn learn_clock(&self, latest: ClockDifference) {
        let difference = self.0.clock_difference.lock();
        *difference.unwrap_or_else(PoisonError::into_inner) = Some(latest);
    }

    pub(super) fn next_operation(&self) -> OperationId {
        let number = self.0.operations.fetch_add(1, Ordering::Relaxed);
        OperationId::new(self.0.number, number)
    }

    /// Whether an operation is one of this client's.
    pub(super) fn is_own(&self, operation: &OperationId) -> bool {
        operation.is_of_same_client(&OperationId::new(self.0.number, 0))
    }

    /// What goes on with a task that is at its end.
    pub(super) fn handle_of(&self, task: &Task) -> GenerationHandle {
        self.handle_of_id(task.id().clone())
    }

    /// What goes on with a task of this client.
    pub(super) fn handle_of_id(&self, id: TaskId) -> GenerationHandle {
        let (base_url, key) = (self.base_url().clone(), self.0.fingerprint.clone());
        let mut handle = GenerationHandle::new(base_url, key, id);
        handle.account.clone_from(&self.0.account);
        handle
    }

    pub(super) fn clock(&self, deadline: Option<Duration>) -> Clock {
        Clock::start(Arc::clone(&self.0.wall_clock), deadline)
    }

    pub(crate) fn wall_time(&self) -> Option<Timestamp> {
        (self.0.wall_clock)()
    }

    /// A seed that no other operation of this client has.
    pub(crate) fn jitter_seed(&self) -> u64 {
        self.0.jitter_seed.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits for the turn of a download that goes on after trouble.
    pub(crate) async fn turn_to_repeat_download(&self) {
        self.0.flow.repeated_downloads.turn().await;
    }

    /// A download came to its end.
    pub(crate) fn download_answered(&self) {
        self.0.flow.repeated_downloads.answered();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("base_url", self.base_url())
            .finish_non_exhaustive()
    }
}
