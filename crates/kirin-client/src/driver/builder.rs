//! How a client is made.

use std::{
    fmt,
    num::NonZeroU32,
    sync::{Arc, Mutex, atomic::AtomicU64},
    time::Duration,
};

use http::HeaderValue;
use kirin_transport::Transport;
use kirin_types::Timestamp;

use super::{
    build_error::BuildError,
    client::{Client, Shared},
    default_transport,
    flow::{Bucket, Flow, Parallel},
    headers::DefaultHeaders,
    randomness,
    wakes::Wakes,
};
use crate::{
    AccountName, ApiKey, BaseUrl, Budget, CallPolicy, Control, HostCapabilities, Journal,
    MemoryJournal, PollSchedule,
    clock::{WallClock, wall_clock},
};

/// Collects what a [`Client`] needs.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_client::Client;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let client = Client::builder("any-key".parse()?)
///     .base_url("http://127.0.0.1:4010".parse()?)
///     .deadline(Duration::from_secs(600))
///     .build()?;
/// # let _ = client;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    pub(super) key: ApiKey,
    account: Option<String>,
    pub(super) base_url: Option<BaseUrl>,
    pub(super) plain_http_to: Option<String>,
    pub(super) default_headers: DefaultHeaders,
    transport: Option<Arc<dyn Transport>>,
    journal: Option<Arc<dyn Journal>>,
    budget: Option<Arc<Budget>>,
    capabilities: HostCapabilities,
    controls: Vec<Control>,
    deadline: Option<Option<Duration>>,
    schedule: Option<PollSchedule>,
    call_policy: CallPolicy,
    expects_callbacks: bool,
    wakes: Wakes,
    requests_per_second: Option<NonZeroU32>,
    parallel_tasks: Option<NonZeroU32>,
    seed: Option<u64>,
    wall_clock: WallClock,
}

impl Client {
    /// Starts a client with its key.
    pub fn builder(key: ApiKey) -> ClientBuilder {
        ClientBuilder::new(key)
    }
}

impl ClientBuilder {
    pub(super) fn new(key: ApiKey) -> Self {
        Self {
            key,
            account: None,
            base_url: None,
            plain_http_to: None,
            default_headers: DefaultHeaders::default(),
            transport: None,
            journal: None,
            budget: None,
            capabilities: HostCapabilities::default(),
            controls: Vec::new(),
            deadline: None,
            schedule: None,
            call_policy: CallPolicy::default(),
            expects_callbacks: false,
            wakes: Wakes::new(),
            requests_per_second: NonZeroU32::new(Self::REQUESTS_PER_SECOND),
            parallel_tasks: None,
            seed: None,
            wall_clock: wall_clock(),
        }
    }

    /// How many requests a second a client makes at most, unless
    /// [`requests_per_second`](Self::requests_per_second) says otherwise. The service publishes no
    /// limit; about 200 tasks can be waited for at this pace.
    ///
    /// ```
    /// assert_eq!(kirin_client::ClientBuilder::REQUESTS_PER_SECOND, 50);
    /// ```
    pub const REQUESTS_PER_SECOND: u32 = 50;

    /// Adds a header to every call of the API, as a gateway in front of it may want one. Of a name that is
    /// given twice the later value holds. A value that is [sensitive](HeaderValue::set_sensitive) is shown in
    /// no Debug text, and taken out of answers as the key is.
    ///
    /// It is never sent with a download, whatever its host is: the service chooses an output's URL, which may
    /// lead to a store of others, and lead on from there.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use kirin_client::Client;
    ///
    /// let mut token = HeaderValue::from_static("a-secret-of-the-gateway");
    /// token.set_sensitive(true);
    /// let builder = Client::builder("any-key".parse()?)
    ///     .default_header("X-Team", "films")
    ///     .default_header("X-Gateway-Token", token);
    /// # let _ = builder;
    /// # Ok::<(), kirin_client::InvalidApiKey>(())
    /// ```
    ///
    /// [`build`](Self::build) refuses what is no header, what the client sends itself, such as
    /// `Authorization`, and what would change the meaning of a request, such as `Host`, `Content-Encoding` or
    /// `If-None-Match`, all of it at once:
    ///
    /// ```
    /// use kirin_client::{BuildError, Client};
    ///
    /// let builder = Client::builder("any-key".parse()?)
    ///     .default_header("Host", "example.com")
    ///     .default_header("Authorization", "Bearer another");
    /// let Err(BuildError::DefaultHeaders(invalid)) = builder.build() else {
    ///     panic!("both are refused");
    /// };
    /// assert_eq!(invalid.problems().len(), 2);
    /// # Ok::<(), kirin_client::InvalidApiKey>(())
    /// ```
    pub fn default_header(
        mut self,
        name: impl AsRef<str>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        self.default_headers
            .add(name.as_ref(), value.try_into().ok());
        self
    }

    /// What a client of this base URL sends its requests through, unless a
    /// [`transport`](Self::transport) is set: to put something of one's own around it. Downloads go through it too.
    ///
    /// It gives each call 30 s; a client that has none set makes one that gives what its
    /// [`call_policy`](Self::call_policy) says. Where the API is reached over plain HTTP, TLS is set up when the
    /// first https URL comes: outputs have URLs of their own, and a bare container without certificates still talks to
    /// itself.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, Client, ClientBuilder};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let base_url: BaseUrl = "http://127.0.0.1:4010".parse()?;
    /// let transport = ClientBuilder::default_transport(&base_url)?;
    /// let client = Client::builder("any-key".parse()?)
    ///     .base_url(base_url)
    ///     .transport(transport)
    ///     .build()?;
    /// # let _ = client;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The features that bring one are off, or TLS cannot be set up.
    pub fn default_transport(base_url: &BaseUrl) -> Result<Arc<dyn Transport>, BuildError> {
        default_transport::with_policy(base_url, &CallPolicy::default())
    }

    /// Names the user of the service that the key is of ([`AccountName`]); without a name it may be any.
    ///
    /// External task ids are unique under one user (documented), who may have several keys. So clients that share a
    /// journal count as of one user, whatever their keys are: an id that one of them has used is looked up
    /// with the key of the next, which continues what it finds. What is not found with another key may exist all
    /// the same, so nothing is sent then. Only under two different account names does one id make two creates.
    ///
    /// A program that serves several users with keys of their own gives each client a name, from the
    /// beginning: what was begun without one may be anyone's.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use kirin_client::{Client, MemoryJournal};
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let journal = Arc::new(MemoryJournal::default());
    /// let client = |key: &str, account: &str| -> Result<Client, Box<dyn std::error::Error>> {
    ///     let builder = Client::builder(key.parse()?).account(account);
    ///     Ok(builder.journal(journal.clone()).build()?)
    /// };
    /// let (ada, grace) = (client("her-key", "ada")?, client("another-key", "grace")?);
    /// assert_eq!(ada.account().map(|name| name.as_str()), Some("ada"));
    /// # let _ = grace;
    /// # Ok(())
    /// # }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # runtime.block_on(async { example() }).unwrap();
    /// ```
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.account = Some(name.into());
        self
    }

    /// Sets where the API is; <https://cloud.vtrix.ai> if never called (documented).
    pub fn base_url(mut self, base_url: BaseUrl) -> Self {
        self.base_url = Some(base_url);
        self
    }

    /// Sets what sends the requests; hyper if never called.
    ///
    /// Outputs are downloaded through it as well, from whatever host the service names: add nothing secret unless
    /// the request goes to the host of the API. [`default_header`](Self::default_header) adds a header to calls of
    /// the API alone. A transport around another one passes the request itself on, because the extensions of a
    /// create protect it ([`SendWatch`](kirin_transport::SendWatch),
    /// [`PreferFreshConnection`](kirin_transport::PreferFreshConnection)).
    ///
    /// The kernel may deliver a create after its connection was closed, up to two minutes later (inferred). The
    /// default transport prevents that on Linux, Android and Fuchsia, and the client counts on it there. With a
    /// transport that does not, as one over ureq, add 120 s to the lag that you declare
    /// ([`HostCapabilities::with_lookup_lag`]).
    ///
    /// ```
    /// use kirin_client::Client;
    /// use kirin_transport::{Sent, TransportError, TransportErrorKind, from_fn};
    ///
    /// let offline = from_fn(|_request| async {
    ///     Err(TransportError::new(TransportErrorKind::Connect, Sent::No))
    /// });
    /// let client = Client::builder("any-key".parse()?).transport(offline).build()?;
    /// # let _ = client;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets what remembers creates; if never called, the client remembers what is still open as long as
    /// it lives. With a journal, nothing is sent that is not written down first.
    ///
    /// Like a transport and a budget, it is taken as it is, or as an `Arc` that you keep a clone of.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use kirin_client::{Budget, Client, Journal, MemoryJournal};
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let shared: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
    /// let budget = Arc::new(Budget::new("5.00".parse()?));
    /// let client = Client::builder("any-key".parse()?).journal(shared.clone()).budget(budget.clone());
    /// let another = Client::builder("any-key".parse()?)
    ///     .journal(MemoryJournal::default())
    ///     .budget(Budget::new("5.00".parse()?));
    /// # let _ = (client, another);
    /// # Ok(())
    /// # }
    /// ```
    pub fn journal(mut self, journal: impl Journal + 'static) -> Self {
        self.journal = Some(Arc::new(journal));
        self
    }

    /// Sets what may be spent; there is no limit if never called.
    pub fn budget(mut self, budget: impl Into<Arc<Budget>>) -> Self {
        self.budget = Some(budget.into());
        self
    }

    /// Declares what the host can do; nothing if never called. It decides whether a create whose
    /// answer was lost can be sent again.
    pub fn capabilities(mut self, capabilities: HostCapabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Names a task that exists at the host, under this key: a control. That a lost create made no task
    /// is proved only beside controls, which the same lookup must find; tasks that the client or its
    /// journal has seen accepted serve as well.
    ///
    /// ```
    /// use kirin_client::{Client, Control};
    ///
    /// let control = Control::new("order-1".parse()?, "d5u5obte8783ap44qtj0".parse()?);
    /// let builder = Client::builder("any-key".parse()?).control(control);
    /// # let _ = builder;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn control(mut self, control: Control) -> Self {
        self.controls.push(control);
        self
    }

    /// Sets how long an operation waits for a task; twenty times the model's typical time if
    /// never called, 15 minutes for the reference model. Passing it is "still running", never
    /// "failed".
    ///
    /// It counts from the first poll, and so the wait for a turn counts too: for one of the
    /// [`parallel_tasks`](Self::parallel_tasks), or within the
    /// [`requests_per_second`](Self::requests_per_second). What had no turn until then ends, and nothing was sent.
    /// For many at once say [`forever`](Self::forever), or start each when another one has ended.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(Some(deadline));
        self
    }

    /// Waits for a task for ever.
    pub fn forever(mut self) -> Self {
        self.deadline = Some(None);
        self
    }

    /// Sets when tasks are queried; [`PollSchedule::optimum`] for the model's typical time if
    /// never called. An emulator on this machine, or at the host that is named for
    /// [plain HTTP](Self::plain_http_to), says how long its tasks take, and that counts in place of the model's
    /// time; nothing that the service says makes a client ask more often.
    pub fn schedule(mut self, schedule: PollSchedule) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// Sets how long calls may take, how often those that cost nothing are made, and when a create whose answer
    /// was lost is looked up; [`CallPolicy::default`] if never called. You cannot set how often a create is sent.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kirin_client::{CallPolicy, Client};
    ///
    /// let patient = CallPolicy::default().with_create_timeout(Duration::from_secs(90));
    /// let builder = Client::builder("any-key".parse()?).call_policy(patient);
    /// # let _ = builder;
    /// # Ok::<(), kirin_client::InvalidApiKey>(())
    /// ```
    pub fn call_policy(mut self, call_policy: CallPolicy) -> Self {
        self.call_policy = call_policy;
        self
    }

    /// Says that callbacks reach the client, through [`Client::wake`] or a `CallbackReceiver`. A
    /// task that is generated with a `callback_url` is then queried by [`PollSchedule::seldom`] for
    /// the model's typical time, and at once when its callback comes; all others as usual. A
    /// [`schedule`](Self::schedule) that was set stays for all.
    ///
    /// A task keeps the `callback_url` of its create. So give a web server of your own the same path at each start,
    /// or the callbacks of unfinished tasks go to a path that is gone. A request that is made again, too, is only
    /// the same one with the same URL. No task is lost by that: one that is continued is queried as usual,
    /// whether callbacks come or not.
    ///
    /// ```
    /// use kirin_client::Client;
    ///
    /// let builder = Client::builder("any-key".parse()?).expects_callbacks();
    /// # let _ = builder;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expects_callbacks(mut self) -> Self {
        self.expects_callbacks = true;
        self
    }

    /// Sets what wakes the generations of the client; [`Client::wake`] alone does if never called. Clients
    /// that share it are woken together: a service that serves several keys has one place where callbacks
    /// arrive.
    ///
    /// ```
    /// use kirin_client::{Client, Wakes};
    ///
    /// let wakes = Wakes::new();
    /// let builder = Client::builder("any-key".parse()?).wakes(&wakes).expects_callbacks();
    /// # let _ = builder;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wakes(mut self, wakes: impl Into<Wakes>) -> Self {
        self.wakes = wakes.into();
        self
    }

    /// Sets how many creates and queries a second all generations of the client make at most,
    /// together, in order of arrival and evenly spread; [`Self::REQUESTS_PER_SECOND`] if never
    /// called. `None` is no limit.
    pub fn requests_per_second(mut self, requests: Option<NonZeroU32>) -> Self {
        self.requests_per_second = requests;
        self
    }

    /// Sets how many tasks of the client run at the service at most; any number if never called.
    /// Where the service refuses another one before, fewer run from then on, and slowly more again.
    /// The [`deadline`](Self::deadline) of one that waits for its turn continues.
    ///
    /// A task that is continued counts from the start, and waits for no turn, so there may be more than this.
    /// Downloads do not count, and have no limit.
    ///
    /// A generation counts from its create until its task has ended or it is dropped. One that is
    /// held and not polled counts too, so poll them side by side. One that waits for its create and is
    /// not polled is skipped after two seconds, and keeps its place in the order of arrival.
    pub fn parallel_tasks(mut self, tasks: NonZeroU32) -> Self {
        self.parallel_tasks = Some(tasks);
        self
    }

    /// Sets what decides the jitter of waits, so that a session can be repeated; the operating
    /// system's randomness if never called. Minted external task ids never depend on it.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets what tells the wall time, in place of the computer's clock. It dates intents, and shows
    /// that a computer slept; deadlines do not depend on it.
    ///
    /// ```
    /// use kirin_client::Client;
    /// use kirin_types::Timestamp;
    ///
    /// let builder = Client::builder("any-key".parse()?)
    ///     .wall_clock(|| Some(Timestamp::from_milliseconds(1_769_757_744_021)));
    /// # let _ = builder;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wall_clock(
        mut self,
        wall_clock: impl Fn() -> Option<Timestamp> + Send + Sync + 'static,
    ) -> Self {
        self.wall_clock = Arc::new(wall_clock);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// The account name is not valid; the key is for an emulator and the host is not this machine; plain HTTP would
    /// go to another machine that [`plain_http_to`](Self::plain_http_to) does not name; a
    /// [`default_header`](Self::default_header) cannot be sent; or the default transport cannot be made.
    pub fn build(mut self) -> Result<Client, BuildError> {
        #[cfg(feature = "metrics")]
        crate::metrics::describe();
        let fingerprint = self.key.fingerprint();
        let account = self.account.take().map(AccountName::try_from).transpose();
        let account = account.map_err(BuildError::Account)?;
        let (endpoint, plain_host) = self.endpoint()?;
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => default_transport::with_policy(endpoint.base_url(), &self.call_policy)?,
        };
        let default_headers = self.default_headers;
        let endpoint = default_headers
            .give_to(endpoint)
            .map_err(BuildError::DefaultHeaders)?;
        Ok(Client(Arc::new(Shared {
            endpoint,
            plain_host,
            fingerprint,
            account,
            transport,
            has_journal: self.journal.is_some(),
            journal: self
                .journal
                .unwrap_or_else(|| Arc::new(MemoryJournal::of_open_creates())),
            budget: self.budget,
            capabilities: Mutex::new(self.capabilities),
            declared_controls: self.controls,
            controls: Mutex::default(),
            clock_difference: Mutex::default(),
            typical_time: Mutex::default(),
            number: randomness::client_number(),
            operations: AtomicU64::new(1),
            deadline: self.deadline,
            schedule: self.schedule,
            call_policy: self.call_policy,
            expects_callbacks: self.expects_callbacks,
            flow: Flow {
                pace: Bucket::of_requests(self.requests_per_second),
                parallel: Parallel::new(self.parallel_tasks),
                repeated_creates: Bucket::of_retries(),
                repeated_queries: Bucket::of_retries(),
                repeated_downloads: Bucket::of_retries(),
            },
            claims: Arc::default(),
            reports: Arc::default(),
            drain: Arc::default(),
            wakes: self.wakes,
            wall_clock: self.wall_clock,
            jitter_seed: AtomicU64::new(self.seed.unwrap_or_else(randomness::seed)),
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientBuilder")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}
