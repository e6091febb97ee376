//! The only clock of the suite.
#![expect(
    clippy::disallowed_methods,
    reason = "servers that pause, and cases that must end, need a clock"
)]

use std::{future::Future, time::Duration};

/// Lets some time pass.
pub(super) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// What comes of `work` within `limit`, if anything does.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}
