//! What an emulator counted.

/// What an emulator counted since its start.
///
/// `creates_received` above `tasks_created` is a client that sent a create again, or one that was
/// refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Requests that were read whole, of every kind.
    pub requests_received: u64,
    /// `POST`s to create that were read whole, refused ones included.
    pub creates_received: u64,
    /// Tasks that exist because of them.
    pub tasks_created: u64,
    /// Queries of a task, refused ones included.
    pub queries_received: u64,
    /// Downloads of a video, whole or a part, that were granted.
    pub artifacts_served: u64,
}
