//! What an emulator is set to. Every unknown of the protocol is a switch here.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use kirin_types::Amount;

use crate::{
    Callbacks, Charging, Lifecycle, LimitHeaders, Pace, Scenario, Which, lifecycle::TASK_TIME,
    switches::Switches,
};

mod setters;

/// How an emulator behaves; the defaults are what is known of the service.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_emulator::{Duplicates, EmulatorConfig, Lookup, VideoSize};
///
/// let config = EmulatorConfig::new()
///     .port(0)
///     .seed(7)
///     .task_time(Duration::from_millis(50))
///     .keys(["secret"])
///     .duplicates(Duplicates::Accept)
///     .lookup(Lookup::Missing)
///     .video_size(VideoSize::Small);
/// # let _ = config;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a configuration does nothing until an emulator is started with it"]
pub struct EmulatorConfig {
    pub(crate) port: u16,
    pub(crate) listen: IpAddr,
    pub(crate) host_name: Option<String>,
    pub(crate) seed: u64,
    pub(crate) keys: Keys,
    pub(crate) duplicates: Duplicates,
    pub(crate) lookup: Lookup,
    pub(crate) body_forms: BodyForms,
    pub(crate) video_size: VideoSize,
    pub(crate) lifecycle: Lifecycle,
    /// The last one that fits holds.
    pub(crate) lifecycles: Vec<(Which, Lifecycle)>,
    pub(crate) pace: Pace,
    pub(crate) switches: Switches,
    pub(crate) lenient: bool,
    pub(crate) balance: Option<Amount>,
    pub(crate) charging: Charging,
    pub(crate) rate_limit: Option<u32>,
    pub(crate) parallel_limit: Option<usize>,
    pub(crate) limit_headers: LimitHeaders,
    pub(crate) callbacks: Callbacks,
    pub(crate) video_lifetime: Duration,
    pub(crate) scenario: Scenario,
}

impl EmulatorConfig {
    /// How long a task takes unless [`task_time`](Self::task_time) says otherwise.
    ///
    /// ```
    /// assert_eq!(kirin_emulator::EmulatorConfig::TASK_TIME.as_secs(), 3);
    /// ```
    pub const TASK_TIME: Duration = TASK_TIME;

    /// How long a video can be downloaded unless [`video_lifetime`](Self::video_lifetime) says
    /// otherwise: 30 days, after which Kling clears them.
    ///
    /// ```
    /// use kirin_emulator::EmulatorConfig;
    ///
    /// assert_eq!(EmulatorConfig::VIDEO_LIFETIME.as_secs(), 30 * 24 * 60 * 60);
    /// ```
    pub const VIDEO_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// The defaults: a free port, a fixed seed, three seconds a task, any key.
    pub fn new() -> Self {
        Self {
            port: 0,
            listen: Ipv4Addr::LOCALHOST.into(),
            host_name: None,
            seed: 0,
            keys: Keys::Any,
            duplicates: Duplicates::default(),
            lookup: Lookup::default(),
            body_forms: BodyForms::default(),
            video_size: VideoSize::default(),
            lifecycle: Lifecycle::default(),
            lifecycles: Vec::new(),
            pace: Pace::default(),
            switches: Switches::default(),
            lenient: false,
            balance: None,
            charging: Charging::default(),
            rate_limit: None,
            parallel_limit: None,
            limit_headers: LimitHeaders::default(),
            callbacks: Callbacks::default(),
            video_lifetime: Self::VIDEO_LIFETIME,
            scenario: Scenario::default(),
        }
    }

    /// Sets the TCP port; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets what decides ids, tokens and videos; 0 if never called. The same seed and the same
    /// requests give the same ones.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Accepts these keys only; if never called, any key that is not empty. All of them are keys
    /// of the one user that an emulator has.
    pub fn keys<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keys = Keys::Listed(keys.into_iter().map(Into::into).collect());
        self
    }

    /// Sets what happens to a second create with an `external_task_id` that is in use.
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Sets whether a task can be queried by its `external_task_id`.
    pub fn lookup(mut self, lookup: Lookup) -> Self {
        self.lookup = lookup;
        self
    }

    /// Sets which forms of a create's body are taken.
    pub fn body_forms(mut self, body_forms: BodyForms) -> Self {
        self.body_forms = body_forms;
        self
    }

    /// Passes on what is wrong with an optional parameter, or not known of it, with a note: the
    /// video is made without it. If never called, such a request is refused, as one is always that
    /// lacks something it must have.
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Sets how large the videos are. Small ones are for tests that download: making a large one takes a minute in
    /// a debug build, unless the encoder is optimized as the [documentation of the crate](crate#debug-builds) says.
    pub fn video_size(mut self, video_size: VideoSize) -> Self {
        self.video_size = video_size;
        self
    }

    /// Sets how fast time passes.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    ///
    /// use kirin_emulator::{EmulatorConfig, Pace};
    ///
    /// let frozen = EmulatorConfig::new().clock(Pace::Frozen);
    /// let faster = EmulatorConfig::new().clock(Pace::Faster(NonZeroU32::new(60).unwrap()));
    /// # let _ = (frozen, faster);
    /// ```
    pub fn clock(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Sets how long after the end of its task a video can be downloaded.
    pub fn video_lifetime(mut self, lifetime: Duration) -> Self {
        self.video_lifetime = lifetime;
        self
    }

    /// Sets what goes wrong and when; nothing, if never called.
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.scenario = scenario;
        self
    }
}

impl Default for EmulatorConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// What happens to a second create with an `external_task_id` that is in use. The service
/// promises that it must be unique, and does not say what it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duplicates {
    /// It makes a second task; a query by the id finds the newer one.
    Accept,
    /// It is refused with HTTP 400 and code 1201, the default (inferred).
    #[default]
    Refuse,
    /// It answers the task that exists, as it stands.
    Replay,
}

/// Whether a task can be queried by its `external_task_id`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// It can, so long after the create; before that it finds nothing.
    Lags(Duration),
    /// It cannot: only the service's own id finds a task.
    Missing,
    /// It can, in the place of the task id; the default (documented, the place inferred).
    #[default]
    Works,
}

/// Which forms of a create's body are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyForms {
    /// Both, the default; a flat one is mentioned in the notes.
    #[default]
    Both,
    /// Only `{"model", "input": [{"params": {...}}]}`, what the service's own samples show.
    Envelope,
    /// Only the object with the parameters beside `model`, as the reference page lists them.
    Flat,
}

/// How large the videos are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum VideoSize {
    /// As documented: 720p in mode `std`, 1080p in mode `pro`; the default.
    #[default]
    Documented,
    /// An eighth of the pixels, the same aspect ratio and duration: for tests that download. Each
    /// side is 7/20 of the documented one, so 1280x720 becomes 448x252.
    Small,
}

impl VideoSize {
    /// Width and height for a model's documented ones.
    pub(crate) fn pixels(self, (width, height): (u32, u32)) -> (u32, u32) {
        match self {
            Self::Documented => (width, height),
            // Every documented side times 7/20 is an even whole number, as H.264 wants it.
            Self::Small => (width * 7 / 20, height * 7 / 20),
        }
    }
}

/// Which keys are accepted. Its debug form shows none of them.
#[derive(Clone)]
pub(crate) enum Keys {
    Any,
    Listed(Vec<String>),
}

impl Keys {
    pub(crate) fn accept(&self, key: &str) -> bool {
        match self {
            Self::Any => !key.is_empty(),
            Self::Listed(keys) => !key.is_empty() && keys.iter().any(|listed| listed == key),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("Any"),
            Self::Listed(keys) => write!(formatter, "Listed({} keys)", keys.len()),
        }
    }
}
