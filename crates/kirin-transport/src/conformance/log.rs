//! What the server saw, and what it shares with its case.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};

use crate::lock::lock;
use tokio::sync::Notify;

/// A request as far as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    /// The head as text; over HTTP/2 it is not decoded, and empty.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// HTTP/2: its stream.
    pub(super) stream: u32,
    /// Which connection it came on, from 1.
    pub(super) connection: usize,
}

/// What the server saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    /// Requests of which at least one byte came.
    pub(super) begun: usize,
    /// Requests that came whole.
    pub(super) requests: Vec<Received>,
    pub(super) connections: usize,
    /// How many bytes of a head without end the client took.
    pub(super) taken: usize,
    /// Whether the first connection went through all its steps.
    pub(super) is_through: bool,
}

/// What the server and its case both hold.
#[derive(Clone, Default)]
pub(super) struct Shared(pub(super) Arc<State>);

#[derive(Default)]
pub(super) struct State {
    log: Mutex<Log>,
    pub(super) activity: AtomicUsize,
    pub(super) reached: Notify,
    pub(super) word: Notify,
}

impl Shared {
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.0.log)
    }

    pub(super) fn is_active(&self) {
        self.0.activity.fetch_add(1, Ordering::Relaxed);
    }
}
