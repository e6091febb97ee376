//! How long a call may take, and how often one that costs nothing is made.

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Serialize};

/// How long the calls of a client may take, how often those that cost nothing are made, and when a create
/// whose answer was lost is looked up. The values are this project's choice; the service documents none.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_client::CallPolicy;
///
/// let usual = CallPolicy::default();
/// assert_eq!(usual.create_timeout(), Duration::from_secs(30));
/// assert_eq!(usual.query_timeout(), Duration::from_secs(30));
/// assert_eq!(usual.look_up_times(), [1, 2, 4, 8, 15, 30].map(Duration::from_secs));
///
/// // A service that answers a create only after a minute.
/// let patient = usual.with_create_timeout(Duration::from_secs(90));
/// assert_eq!(patient.create_timeout(), Duration::from_secs(90));
/// ```
///
/// You cannot set how often a create is sent: it costs money, so the create rule alone decides.
///
/// ```compile_fail,E0599
/// # use kirin_client::CallPolicy;
/// # use std::num::NonZeroU32;
/// let policy = CallPolicy::default().with_create_attempts(NonZeroU32::MIN);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct CallPolicy {
    create_timeout: Duration,
    query_timeout: Duration,
    query_attempts: Option<NonZeroU32>,
    download_attempts: Option<NonZeroU32>,
    look_up_times: Vec<Duration>,
}

/// A create that is cut short may be charged.
const SHORTEST_CREATE: Duration = Duration::from_secs(5);

const SHORTEST: Duration = Duration::from_secs(1);

/// Nothing is sent again after a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// When a task is looked up, in seconds after its create became ambiguous.
const LOOK_UP_TIMES: [u64; 6] = [1, 2, 4, 8, 15, 30];

impl CallPolicy {
    /// What the timeout of a call is, and the shortest time from which absence is proved.
    pub(crate) const USUAL_TIMEOUT: Duration = Duration::from_secs(30);

    /// Sets how long a create may take, from the taking of its body by the transport to the last byte of the
    /// answer: 5 s to a day; what is outside counts as the nearest of the two. 30 s if never called.
    ///
    /// From the larger of this and 30 s on, nothing of a create whose answer was lost can be on its way any
    /// more. So a longer timeout lets the proof of absence wait longer, and a shorter one changes nothing of
    /// it. A transport of your own has to allow this time; the default one does.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kirin_client::CallPolicy;
    ///
    /// let policy = CallPolicy::default().with_create_timeout(Duration::from_secs(90));
    /// assert_eq!(policy.create_timeout().as_secs(), 90);
    /// let policy = policy.with_create_timeout(Duration::ZERO);
    /// assert_eq!(policy.create_timeout().as_secs(), 5);
    /// ```
    pub fn with_create_timeout(mut self, limit: Duration) -> Self {
        self.create_timeout = limit.clamp(SHORTEST_CREATE, LONGEST);
        self
    }

    /// Sets how long a query or a lookup may take: 1 s to a day; what is outside counts as the nearest of the
    /// two. 30 s if never called.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kirin_client::CallPolicy;
    ///
    /// let policy = CallPolicy::default().with_query_timeout(Duration::from_secs(10));
    /// assert_eq!(policy.query_timeout().as_secs(), 10);
    /// let policy = policy.with_query_timeout(Duration::ZERO);
    /// assert_eq!(policy.query_timeout().as_secs(), 1);
    /// ```
    pub fn with_query_timeout(mut self, limit: Duration) -> Self {
        self.query_timeout = limit.clamp(SHORTEST, LONGEST);
        self
    }

    /// Sets how many queries or lookups in a row may fail before the task is left to a later start. If never
    /// called, it is 10, and 4 for the lookups that follow a refused create. A query that fails costs nothing
    /// and says nothing of the task.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    ///
    /// use kirin_client::CallPolicy;
    ///
    /// let policy = CallPolicy::default();
    /// assert_eq!(policy.query_attempts(), None);
    /// let policy = policy.with_query_attempts(NonZeroU32::MIN);
    /// assert_eq!(policy.query_attempts(), Some(NonZeroU32::MIN));
    /// ```
    pub fn with_query_attempts(mut self, attempts: NonZeroU32) -> Self {
        self.query_attempts = Some(attempts);
        self
    }

    /// Sets how many attempts of a download in a row may bring nothing to keep before it is given up; 5 if
    /// never called. What came is kept, and another download continues from there.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    ///
    /// use kirin_client::CallPolicy;
    ///
    /// let policy = CallPolicy::default();
    /// assert_eq!(policy.download_attempts(), None);
    /// let policy = policy.with_download_attempts(NonZeroU32::MIN);
    /// assert_eq!(policy.download_attempts(), Some(NonZeroU32::MIN));
    /// ```
    pub fn with_download_attempts(mut self, attempts: NonZeroU32) -> Self {
        self.download_attempts = Some(attempts);
        self
    }

    /// Sets when a task is looked up after the answer to its create was lost, counted from then on: each time
    /// 1 s to a day, in any order. 1, 2, 4, 8, 15 and 30 s if never called. There is always a lookup at 30 s or
    /// later, because a create may be on its way until then: where you name none, one at 30 s is added.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kirin_client::CallPolicy;
    ///
    /// let policy = CallPolicy::default().with_look_up_times([5, 60].map(Duration::from_secs));
    /// assert_eq!(policy.look_up_times(), [5, 60].map(Duration::from_secs));
    /// let policy = policy.with_look_up_times([]);
    /// assert_eq!(policy.look_up_times(), [30].map(Duration::from_secs));
    /// ```
    pub fn with_look_up_times(mut self, times: impl IntoIterator<Item = Duration>) -> Self {
        let times = times.into_iter().map(|time| time.clamp(SHORTEST, LONGEST));
        self.look_up_times = times.collect();
        self.look_up_times.sort();
        self.look_up_times.dedup();
        if self
            .look_up_times
            .last()
            .is_none_or(|last| *last < Self::USUAL_TIMEOUT)
        {
            self.look_up_times.push(Self::USUAL_TIMEOUT);
        }
        self
    }

    /// How long a create may take.
    pub fn create_timeout(&self) -> Duration {
        self.create_timeout
    }

    /// How long a query or a lookup may take.
    pub fn query_timeout(&self) -> Duration {
        self.query_timeout
    }

    /// How many queries in a row may fail, if that was set.
    pub fn query_attempts(&self) -> Option<NonZeroU32> {
        self.query_attempts
    }

    /// How many attempts of a download in a row may bring nothing, if that was set.
    pub fn download_attempts(&self) -> Option<NonZeroU32> {
        self.download_attempts
    }

    /// When a task is looked up after the answer to its create was lost.
    pub fn look_up_times(&self) -> &[Duration] {
        &self.look_up_times
    }

    /// How long a create may be on its way, as far as its timeout decides it: a shorter one calls nothing back.
    pub(crate) fn longest_create(&self) -> Duration {
        self.create_timeout.max(Self::USUAL_TIMEOUT)
    }

    pub(crate) fn query_attempts_or(&self, usual: u32) -> u32 {
        self.query_attempts.map_or(usual, NonZeroU32::get)
    }
}

impl Default for CallPolicy {
    fn default() -> Self {
        Self {
            create_timeout: Self::USUAL_TIMEOUT,
            query_timeout: Self::USUAL_TIMEOUT,
            query_attempts: None,
            download_attempts: None,
            look_up_times: LOOK_UP_TIMES.map(Duration::from_secs).to_vec(),
        }
    }
}
