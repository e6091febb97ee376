//! The one clock of the emulator: everything else gets the elapsed time as an argument.

use std::{
    future::Future,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use kirin_types::Timestamp;
use tokio::sync::watch;

use crate::Pace;

/// Time since a start as it passes in the world, and the wall time of that start.
#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    started_at: Timestamp,
    pace: Pace,
    /// How far it was made to jump, all in all; whoever sleeps until a time can watch it.
    advanced: watch::Sender<Duration>,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server is the driver of the world and owns its clock"
    )]
    pub(super) fn start(pace: Pace) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        // A machine whose wall clock stands before 1970 gets tasks created in 1970.
        let milliseconds = since_1970.unwrap_or_default().as_millis();
        Self {
            started: Instant::now(),
            started_at: Timestamp::from_milliseconds(
                i64::try_from(milliseconds).unwrap_or(i64::MAX),
            ),
            pace,
            advanced: watch::Sender::new(Duration::ZERO),
        }
    }

    pub(super) fn started_at(&self) -> Timestamp {
        self.started_at
    }

    pub(super) fn elapsed(&self) -> Duration {
        let passed = self.pace.elapsed(self.started.elapsed());
        passed.saturating_add(*self.advanced.borrow())
    }

    /// How long `emulated` time takes in real time.
    pub(super) fn real(&self, emulated: Duration) -> Duration {
        self.pace.real(emulated)
    }

    /// Changes when the time jumps.
    pub(super) fn watch(&self) -> watch::Receiver<Duration> {
        self.advanced.subscribe()
    }

    /// Lets the time jump.
    pub(super) fn advance(&self, duration: Duration) {
        self.advanced
            .send_modify(|advanced| *advanced = advanced.saturating_add(duration));
    }
}

/// Runs a future for at most `bound`; `None` if it was not ready by then.
#[expect(
    clippy::disallowed_methods,
    reason = "the server bounds what waits for others"
)]
pub(super) async fn within<T>(bound: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(bound, future).await.ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server waits before it accepts again"
)]
pub(super) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// How long a future takes, by the time of tokio.
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the time is what is tested")]
pub(super) async fn measured(future: impl Future<Output = ()>) -> Duration {
    let begun = tokio::time::Instant::now();
    future.await;
    begun.elapsed()
}
