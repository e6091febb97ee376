//! What a phase of the machine makes of an event.

use kirin_types::Task;

use super::{Notice, Outcome};

/// What a phase makes of an event.
pub(super) enum Step {
    Accepted {
        task: Task,
        adopted: bool,
    },
    Finish(Outcome),
    /// What was sought by its external id.
    Found {
        task: Task,
    },
    Stay(Notice),
}
