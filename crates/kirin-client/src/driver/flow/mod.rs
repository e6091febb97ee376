//! What the generations of one client share, so that many of them are no burden to the service.

mod pace;
pub(super) use pace::Pace;

mod parallel;
pub(super) use parallel::{Parallel, Place};

mod retries;
pub(super) use retries::Retries;

/// The limits of one client.
pub(super) struct Flow {
    pub(super) pace: Pace,
    pub(super) parallel: Parallel,
    pub(super) repeated_creates: Retries,
    pub(super) repeated_queries: Retries,
    pub(super) repeated_downloads: Retries,
}
