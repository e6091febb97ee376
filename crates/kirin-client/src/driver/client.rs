//! The client that people hold in their hands.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kirin_transport::Transport;
use kirin_types::{ExternalTaskId, Task, TaskId, Timestamp};

use super::{claims::Claims, flow::Flow, under_way::Drain, wakes::Wakes};
use crate::{
    AccountName, BaseUrl, Budget, CallPolicy, Control, CreateId, GenerationHandle,
    HostCapabilities, Journal, KeyFingerprint, OperationId, PollSchedule,
    clock::{Clock, WallClock},
    lock::lock,
    machine::ClockDifference,
    plain_host::PlainHost,
    wire::Endpoint,
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
    /// Tasks that lookups must find: declared, and the latest that were accepted.
    pub(super) declared_controls: Vec<Control>,
    pub(super) controls: Mutex<VecDeque<Control>>,
    /// As the latest answer showed it.
    pub(super) clock_difference: Mutex<Option<ClockDifference>>,
    /// How long tasks take at an emulator, as it says.
    pub(super) typical_time: Mutex<Option<Duration>>,
    /// No one else has it, and the number of the next operation.
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
    pub const CALL_TIMEOUT: Duration = CallPolicy::USUAL_TIMEOUT;

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
        *lock(&self.0.capabilities)
    }

    pub(crate) fn plain_host(&self) -> Option<&PlainHost> {
        self.0.plain_host.as_ref()
    }

    pub(crate) fn call_policy(&self) -> &CallPolicy {
        &self.0.call_policy
    }

    pub(super) fn learn(&self, learned: HostCapabilities) {
        lock(&self.0.capabilities).learn_from(learned);
    }

    /// What lookups must find: what was declared, and what was accepted last.
    pub(super) fn controls(&self) -> Vec<Control> {
        let seen = lock(&self.0.controls);
        seen.iter()
            .chain(&self.0.declared_controls)
            .cloned()
            .collect()
    }

    pub(super) fn learn_control(&self, control: Control) {
        let mut seen = lock(&self.0.controls);
        seen.push_front(control);
        seen.truncate(MOST_CONTROLS);
    }

    pub(super) fn clock_difference(&self) -> Option<ClockDifference> {
        *lock(&self.0.clock_difference)
    }

    pub(super) fn learn_clock(&self, latest: ClockDifference) {
        *lock(&self.0.clock_difference) = Some(latest);
    }

    pub(super) fn next_operation(&self) -> OperationId {
        let number = self.0.operations.fetch_add(1, Ordering::Relaxed);
        OperationId::new(self.0.number, number)
    }

    /// Whether an operation is one of this client's.
    pub(super) fn is_own(&self, operation: &OperationId) -> bool {
        operation.is_of_same_client(&OperationId::new(self.0.number, 0))
    }

    /// The handle of a task that has ended.
    pub(super) fn handle_of(&self, task: &Task) -> GenerationHandle {
        self.handle_of_id(task.id().clone())
    }

    /// The handle of a task of this client.
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

    /// Waits for the turn of a download that continues after trouble.
    pub(crate) async fn turn_to_repeat_download(&self) {
        self.0.flow.repeated_downloads.wait_for_turn().await;
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

impl From<&Client> for Wakes {
    fn from(client: &Client) -> Self {
        client.0.wakes.clone()
    }
}
