//! What a machine asks for.

use std::time::Duration;

use kirin_types::{ExternalTaskId, GenerationRequest, TaskId};

#[cfg(doc)]
use super::Event;
use super::Outcome;

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a closed alphabet: whatever drives a machine handles every action"
)]
pub enum Action<'a> {
    /// Send this create, once, then tell what [`Call::read`](crate::wire::Call::read) makes of the answer, as
    /// of each call; or tell [`Event::Withheld`], or, past [`Machine::send_by`](super::Machine::send_by), [`Event::SendDelayed`].
    Create(&'a GenerationRequest),
    /// Nothing more: this is the end.
    Finished(&'a Outcome),
    /// Query by external task id.
    LookUp(&'a ExternalTaskId),
    /// Query by external task id, past every cache ([`Endpoint::probe`](crate::wire::Endpoint::probe)). It is
    /// a part of a row, so nothing else comes between.
    Probe(&'a ExternalTaskId),
    /// Query by task id.
    Query(&'a TaskId),
    /// Wait until so much time has elapsed, then tell [`Event::WaitEnded`].
    Wait {
        /// The elapsed time at which the wait ends.
        until: Duration,
    },
}
