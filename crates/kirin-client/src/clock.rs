//! The only clock and the only sleep of the client.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the driver that owns the clock"
)]

use std::{
    future::Future,
    ops::Add,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use kirin_types::Timestamp;
use tokio::time::Instant;

use crate::machine::Event;

/// Monotonic time stops while a computer sleeps, so it is compared with wall time this often.
const WATCH: Duration = Duration::from_secs(30);

/// So much more wall time than monotonic time means that the computer slept.
const SLEPT: Duration = Duration::from_secs(10);

/// How long a call has at least, however near the deadline is: the last query is worth it, a create that is cut
/// short may be charged, and what has happened is to be written down.
pub(crate) const SHORTEST_CALL: Duration = Duration::from_secs(5);

/// Where wall time comes from.
pub(crate) type WallClock = Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>;

/// A point of monotonic time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Instant);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

/// Time elapsed since an operation began, and how much of it is left.
#[derive(Clone)]
pub(crate) struct Clock {
    began_at: Moment,
    /// What the wall clock showed then.
    pub(crate) started_at: Option<Timestamp>,
    wall: WallClock,
    deadline: Option<Duration>,
}

impl Clock {
    pub(crate) fn start(wall: WallClock, deadline: Option<Duration>) -> Self {
        Self {
            began_at: Moment::now(),
            started_at: (wall)(),
            wall,
            deadline,
        }
    }

    /// What is left of the time of the whole operation; `None` if it has no end.
    pub(crate) fn left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_sub(self.elapsed()))
    }

    /// The same for what is worth so much time at least, however near the deadline is.
    pub(crate) fn left_at_least(&self, least: Duration) -> Option<Duration> {
        self.left().map(|left| left.max(least))
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Moment::now().since(self.began_at)
    }

    /// Sleeps until so much time has elapsed, or until the computer woke from a sleep of its own.
    pub(crate) async fn wait(&self, until: Duration) -> Event {
        loop {
            let remaining = until.saturating_sub(self.elapsed());
            if remaining.is_zero() {
                return Event::WaitEnded;
            }
            let slice = remaining.min(WATCH);
            let before = (self.wall)();
            tokio::time::sleep(slice).await;
            let passed = before.zip((self.wall)()).map(|(then, now)| {
                let passed = now.milliseconds().saturating_sub(then.milliseconds());
                Duration::from_millis(u64::try_from(passed).unwrap_or_default())
            });
            if passed.is_some_and(|passed| passed > slice + SLEPT) {
                return Event::Woken;
            }
        }
    }
}

/// The wall clock of this computer.
pub(crate) fn wall_clock() -> WallClock {
    Arc::new(|| {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let milliseconds = since_epoch.as_millis().try_into().ok()?;
        Some(Timestamp::from_milliseconds(milliseconds))
    })
}

/// Runs `work` for at most `limit`; `None` if that was not enough.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

/// Runs `work` for at most `limit`, or for as long as it takes.
pub(crate) async fn within_or_ever<T>(
    limit: Option<Duration>,
    work: impl Future<Output = T>,
) -> Option<T> {
    match limit {
        Some(limit) => within(limit, work).await,
        None => Some(work.await),
    }
}

/// Sleeps for `duration`.
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
