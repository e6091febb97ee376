//! One write of a journal.

use std::fmt;

use kirin_types::TaskId;
use serde::{Deserialize, Serialize};

use super::{CreateId, Intent, OperationId};
use crate::machine::{Outcome, SendReason};

/// A change of what is known of a create, and who makes it. A journal does not keep it: it keeps the entry that
/// [`JournalEntry::apply`](super::JournalEntry::apply) makes of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JournalWrite {
    /// Which create.
    pub create: CreateId,
    /// Who writes.
    pub operation: OperationId,
    /// What changes.
    pub change: JournalChange,
}

impl JournalWrite {
    /// A change by an operation.
    pub fn new(create: CreateId, operation: OperationId, change: JournalChange) -> Self {
        Self {
            create,
            operation,
            change,
        }
    }
}

/// What changes.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a closed alphabet: a journal stores what comes of each"
)]
pub enum JournalChange {
    /// The service has the task.
    Accept(TaskId),
    /// What came of the task is where it is wanted: on a disk, in a store, with a customer.
    Deliver,
    /// The generation has ended here.
    End(Box<Outcome>),
    /// A create is about to be made, for the first time.
    Intend(Box<Intent>),
    /// The create may leave from now on. Attempts of an operation are counted from 1.
    Send {
        /// Which attempt of this operation.
        attempt: u32,
        /// Why it may be sent.
        reason: SendReason,
    },
    /// The attempt certainly created nothing: it was not sent, or was refused. It takes back itself and
    /// nothing else.
    TakeBack {
        /// Which attempt of this operation.
        attempt: u32,
        /// What is known of it.
        why: TakenBack,
        /// Why it was sent.
        reason: SendReason,
    },
    /// The operation continues a create that the operation of the intent began.
    TakeOver(Box<Intent>),
}

/// Why an attempt certainly created nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "both kinds of answer that say so")]
pub enum TakenBack {
    /// It never reached the service.
    NotSent,
    /// It was refused; what something on the way may have made of it is still to be looked up.
    Refused,
}

impl fmt::Display for TakenBack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}
