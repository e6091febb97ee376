//! The clock of the ledger: when something was written down, and short waits.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; a clock before that is taken for its beginning.
#[expect(
    clippy::disallowed_methods,
    reason = "the ledger is a driver: it writes down when something was"
)]
pub(crate) fn now() -> i64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

/// How long ago this was; not at all if it is yet to come.
pub(crate) fn since(then: SystemTime) -> Duration {
    #[expect(
        clippy::disallowed_methods,
        reason = "the ledger is a driver: it asks how old a file is"
    )]
    let now = SystemTime::now();
    now.duration_since(then).unwrap_or_default()
}

/// Waits for another process, which tells no one how far it is.
pub(crate) fn pause(duration: Duration) {
    #[expect(clippy::disallowed_methods, reason = "there is nothing to wait for")]
    std::thread::sleep(duration);
}
