//! What the generations of one client share, so that many of them are no burden to the service.

mod bucket;
pub(super) use bucket::Bucket;

mod parallel;
pub(super) use parallel::{Parallel, Place};

/// The limits of one client.
pub(super) struct Flow {
    pub(super) pace: Bucket,
    pub(super) parallel: Parallel,
    pub(super) repeated_creates: Bucket,
    pub(super) repeated_queries: Bucket,
    pub(super) repeated_downloads: Bucket,
}
