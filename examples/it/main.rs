//! The examples as programs: killed, stopped, and started again.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "a process is killed after a while, and what it does must end in time"
)]

mod backend;
mod own_store;

use std::time::Duration;

/// Nothing here takes so long.
const LIMIT: Duration = Duration::from_secs(60);
