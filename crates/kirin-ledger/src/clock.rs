//! The clock of the ledger: when something was written down.

use std::time::{SystemTime, UNIX_EPOCH};

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
