//! The results of the requests to a receiver.

use serde::Serialize;

use super::verdict::Verdict;

/// How many requests came to what. Every one that was read whole is in one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct CallbackCounts {
    /// Callbacks that woke a generation.
    pub woken: u64,
    /// Callbacks for a task that no one waits for: it has ended, is another one's, or is not known yet,
    /// and then remembered. Answered 200.
    pub unknown_task: u64,
    /// JSON of which no task can be read. Answered 200.
    pub no_callback: u64,
    /// Sent to another path than the one in the URL. Answered 200.
    pub wrong_path: u64,
    /// A body that is not JSON. Answered 400.
    pub bad_json: u64,
    /// A body of more than [`CallbackReceiver::MAX_BODY_BYTES`](super::CallbackReceiver::MAX_BODY_BYTES).
    /// Answered 413.
    pub too_large: u64,
    /// Another method than POST. Answered 405.
    pub wrong_method: u64,
}

impl CallbackCounts {
    pub(super) fn count(&mut self, verdict: &Verdict, was_awaited: bool) {
        let count = match verdict {
            Verdict::BadJson => &mut self.bad_json,
            Verdict::Callback(_) if was_awaited => &mut self.woken,
            Verdict::Callback(_) => &mut self.unknown_task,
            Verdict::NoCallback => &mut self.no_callback,
            Verdict::TooLarge => &mut self.too_large,
            Verdict::WrongMethod => &mut self.wrong_method,
            Verdict::WrongPath => &mut self.wrong_path,
        };
        *count = count.saturating_add(1);
    }
}
