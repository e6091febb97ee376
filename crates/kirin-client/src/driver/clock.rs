//! The only clock and the only sleep of the client.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the driver that owns the clock"
)]

use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use kirin_types::Timestamp;
use tokio::time::Instant;

use crate::machine::Event;

/// Monotonic time stops while a computer sleeps, so it is compared with wall time this often.
const WATCH: Duration = Duration::from_secs(30);

/// So much more wall time than monotonic time means that the computer slept.
const SLEPT: Duration = Duration::from_secs(10);

/// Time elapsed since an operation began.
pub(super) struct Clock {
    began_at: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self {
            began_at: Instant::now(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began_at.elapsed()
    }

    /// Sleeps until so much time has elapsed, or until the computer woke from a sleep of its own.
    pub(super) async fn wait(&self, until: Duration) -> Event {
        loop {
            let remaining = until.saturating_sub(self.elapsed());
            if remaining.is_zero() {
                return Event::WaitEnded;
            }
            let slice = remaining.min(WATCH);
            let wall_time = SystemTime::now();
            tokio::time::sleep(slice).await;
            if wall_time
                .elapsed()
                .is_ok_and(|passed| passed > slice + SLEPT)
            {
                return Event::Woken;
            }
        }
    }
}

/// Wall time now.
pub(super) fn wall_time() -> Option<Timestamp> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    since_epoch
        .as_millis()
        .try_into()
        .ok()
        .map(Timestamp::from_milliseconds)
}

/// Runs `work` for at most `limit`; `None` if that was not enough.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

/// Sleeps for `duration`.
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
